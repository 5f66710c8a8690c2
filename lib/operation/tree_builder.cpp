#include "operation/tree_builder.hpp"

#include <algorithm>
#include <utility>

#include "checksum/sha256.hpp"
#include "repository/trees.hpp"

namespace sapdr::core {

namespace {

// Many, so that the source is not woken for each small one.
constexpr size_t queued_files = 128;

bool by_name(const Node& a, const Node& b) {
  return a.name < b.name;
}

}  // namespace

// A folder on its way. It is open while the source is in it; it is stored when that is over and
// everything in it is stored.
struct TreeBuilder::Folder {
  Node node;
  std::string path;
  FolderPtr parent;
  std::optional<Id> previous_tree;
  std::vector<Node> previous;  // only the source's thread uses it
  std::mutex mutex;            // around the rest
  std::vector<Node> nodes;
  size_t unfinished = 1;
};

TreeBuilder::TreeBuilder(Repository& repository, BlobWriter& writer, std::optional<Id> parent,
                         unsigned waiting_files, const BackupOptions& options, BackupResult& result,
                         Progress& progress)
    : repository_(repository),
      writer_(writer),
      fail_on_error_(options.fail_on_error),
      result_(result),
      progress_(progress),
      n_workers_(repository.context().threads() + waiting_files),
      saver_(repository, writer, workers_, n_workers_, options.chunker, progress),
      workers_(n_workers_, queued_files) {
  current_ = make_folder({}, "/", nullptr, parent);
}

TreeBuilder::FolderPtr TreeBuilder::make_folder(Node node, std::string path, FolderPtr parent,
                                                const std::optional<Id>& previous_tree) {
  auto folder = std::make_shared<Folder>();
  folder->node = std::move(node);
  folder->path = std::move(path);
  folder->parent = std::move(parent);
  folder->previous_tree = previous_tree;
  if (!previous_tree) return folder;
  try {
    folder->previous = load_tree(repository_, *previous_tree);
    std::sort(folder->previous.begin(), folder->previous.end(), by_name);
  } catch (const Error& error) {
    if (error.code() != Code::corrupt && error.code() != Code::not_found) throw;
    // The parent snapshot is damaged there: everything in this folder is read again.
    repository_.context().log(LogLevel::warning, "backup", error.message());
    folder->previous_tree.reset();
  }
  return folder;
}

void TreeBuilder::enter(Node dir, std::string path) {
  const Node* before = previous(dir.name);
  const std::optional<Id> tree =
      before != nullptr && before->type == NodeType::dir ? before->subtree : std::nullopt;
  {
    const std::lock_guard lock(current_->mutex);
    ++current_->unfinished;
  }
  current_ = make_folder(std::move(dir), std::move(path), current_, tree);
}

void TreeBuilder::leave() {
  FolderPtr folder = std::exchange(current_, current_->parent);
  folder->previous = {};
  release(std::move(folder));
}

const Node* TreeBuilder::previous(std::string_view name) {
  const std::vector<Node>& nodes = current_->previous;
  const auto at = std::lower_bound(nodes.begin(), nodes.end(), name,
                                   [](const Node& n, std::string_view s) { return n.name < s; });
  if (at == nodes.end() || at->name != name) return nullptr;
  // Content that the repository lost must be read again.
  const BlobIndex& index = repository_.index();
  const bool all_there = std::all_of(at->content.begin(), at->content.end(), [&](const Id& id) {
    return index.contains(id, BlobType::data);
  });
  return all_there ? &*at : nullptr;
}

void TreeBuilder::add(Folder& folder, Node node) {
  const std::lock_guard lock(folder.mutex);
  folder.nodes.push_back(std::move(node));
}

// One thing less to wait for. Whoever finishes the last one stores the folder, and then maybe those
// above.
void TreeBuilder::release(FolderPtr folder) {
  while (folder != nullptr) {
    {
      const std::lock_guard lock(folder->mutex);
      if (--folder->unfinished > 0) return;
    }
    Node node = store(*folder);
    if (folder->parent == nullptr) {
      is_empty_ = folder->nodes.empty();
      root_ = node.subtree;
    } else {
      add(*folder->parent, std::move(node));
    }
    folder = folder->parent;
  }
}

Node TreeBuilder::store(Folder& folder) {
  std::sort(folder.nodes.begin(), folder.nodes.end(), by_name);
  const std::string json = tree_json(folder.nodes);
  const Id id = sha256(as_bytes(json));
  writer_.save(BlobType::tree, id, as_bytes(json));
  folder.node.subtree = id;
  if (folder.parent != nullptr) {
    const std::lock_guard lock(result_mutex_);
    ++(!folder.previous_tree         ? result_.dirs_new
       : *folder.previous_tree == id ? result_.dirs_unmodified
                                     : result_.dirs_changed);
    ++result_.items_total;
  }
  return std::move(folder.node);
}

void TreeBuilder::count_file(const Node& node, const std::string& path, int32_t action,
                             uint64_t bytes_read) {
  {
    const std::lock_guard lock(result_mutex_);
    ++(action == SAPDR_ITEM_NEW         ? result_.files_new
       : action == SAPDR_ITEM_UNCHANGED ? result_.files_unmodified
                                        : result_.files_changed);
    ++result_.items_total;
    result_.bytes_total += node.size;
    result_.bytes_read += bytes_read;
  }
  progress_.item({.action = action, .path = path, .size = node.size});
}

void TreeBuilder::file(Node node, std::string path, FileOpener open) {
  const int32_t action = previous(node.name) == nullptr ? SAPDR_ITEM_NEW : SAPDR_ITEM_MODIFIED;
  const FolderPtr folder = current_;
  {
    const std::lock_guard lock(folder->mutex);
    ++folder->unfinished;
  }
  workers_.submit([this, folder, action, node = std::move(node), path = std::move(path),
                   open = std::move(open)]() mutable {
    const auto done = [this, folder, action, path](FileSaver::Outcome&& outcome) {
      count_file(outcome.node, path, action, outcome.bytes_read);
      if (outcome.changed) {
        progress_.item({.action = SAPDR_ITEM_CHANGED,
                        .path = path,
                        .size = outcome.node.size,
                        .message = "it changed while it was read; stored as read"});
      }
      add(*folder, std::move(outcome.node));
      progress_.done(1, 0, path);
      release(folder);
    };
    const auto on_failure = [this, &folder, &path](const Error& error) {
      failed(path, error);
      release(folder);
    };
    saver_.save(std::move(node), path, open, done, on_failure);
  });
}

void TreeBuilder::unchanged(Node node, std::string path) {
  count_file(node, path, SAPDR_ITEM_UNCHANGED, 0);
  progress_.done(1, node.size, path);
  add(*current_, std::move(node));
}

void TreeBuilder::other(Node node, std::string path) {
  {
    const std::lock_guard lock(result_mutex_);
    ++result_.items_total;
  }
  progress_.done(1, 0, path);
  add(*current_, std::move(node));
}

void TreeBuilder::failed(std::string path, const Error& error) {
  if (error.code() == Code::no_memory) throw error;  // which says nothing about the item
  {
    const std::lock_guard lock(result_mutex_);
    ++result_.items_failed;
  }
  progress_.count_error();
  progress_.item({.action = SAPDR_ITEM_FAILED, .path = path, .error = &error});
  progress_.done(1, 0, path);
  if (fail_on_error_) throw error;
}

void TreeBuilder::expect(uint64_t items, uint64_t bytes) {
  progress_.expect(items - expected_items_, bytes - expected_bytes_);
  expected_items_ = items;
  expected_bytes_ = bytes;
}

Id TreeBuilder::finish() {
  release(std::exchange(current_, nullptr));
  workers_.finish();
  return root_.value();
}

}  // namespace sapdr::core
