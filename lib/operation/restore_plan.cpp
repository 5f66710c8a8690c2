#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <memory>
#include <unordered_map>

#include "checksum/sha256.hpp"
#include "component/files/metadata.hpp"
#include "component/files/target_dir.hpp"
#include "operation/restore.hpp"
#include "operation/restore_extra.hpp"
#include "operation/restore_impl.hpp"
#include "operation/selection.hpp"
#include "operation/snapshot_path.hpp"

namespace sapdr::core {

namespace {

constexpr uint32_t restic_zero_chunk = 512 * 1024;  // what its chunker makes of zeros

struct FileKey {
  uint64_t inode;
  uint64_t device;
  bool operator==(const FileKey&) const = default;
};
struct FileKeyHash {
  size_t operator()(const FileKey& key) const {
    return std::hash<uint64_t>{}(key.inode * 0x9e3779b97f4a7c15 ^ key.device);
  }
};

enum class Verdict { write, unchanged, skip };

class Planner : public SelectionVisitor {
 public:
  Planner(RestorePlanData& plan, Progress& progress);
  void run();

  bool open(Folder folder, const std::string& path, const std::vector<Node>& nodes) override;
  void item(Folder folder, const std::string& path, Node& node) override;
  std::optional<Folder> enter(Folder parent, const std::string& path, Node& node,
                              bool is_selected) override;
  void failed(const std::string& path, const Error& error) override;

 private:
  // A folder of the snapshot. It becomes an item when something selected is found in it.
  struct FolderPlan {
    Folder parent = 0;
    ItemNumber item = no_item;
    uint32_t volume = 0;
    bool exists = false;
    std::unique_ptr<Node> node;  // until it is an item
    Todo todo = Todo::nothing;
  };

  void plan_extra(const std::string& path, const std::vector<Node>& nodes);
  // What has that name in the target, if anything has. False if nobody can say: the item has
  // failed.
  bool look_at(const std::string& path, const std::string& name, std::optional<struct stat>& found);
  Verdict judge(const Node& node, const struct stat& st) const;
  bool is_same(const Node& node, const struct stat& st) const;
  bool is_same_link(const Node& node) const;
  ItemNumber ensure(Folder folder);
  void plan_file(Folder folder, const std::string& path, Node& node,
                 const std::optional<struct stat>& st);
  bool plan_hard_link(Folder folder, const std::string& path, const Node& node,
                      const std::optional<struct stat>& st);
  void plan_unchanged(Folder folder, const std::string& path, const Node& node,
                      const struct stat& st);
  void plan_other(Folder folder, const std::string& path, const Node& node,
                  const std::optional<struct stat>& st);
  bool add_content(ItemNumber item, const std::string& path, const Node& node);
  uint32_t blob_number(const BlobPlace& place);
  bool is_hole(const BlobPlace& place);
  void need_space(Folder folder, ItemNumber item, const std::optional<struct stat>& st);
  uint32_t volume_of(dev_t device, std::string_view folder);
  void tell(int32_t action, const std::string& path, uint64_t size);

  RestorePlanData& plan_;
  RestoreItems& items_;
  Progress& progress_;
  std::unique_ptr<const TargetDir> target_;  // if it is there
  std::vector<FolderPlan> folders_;
  Fd open_dir_;  // the folder whose content comes, if it is there
  std::unordered_map<Id, uint32_t, IdHash> blob_numbers_;
  struct Leader {
    ItemNumber item;
    Id content;   // a hash of the list of blobs
    ino_t inode;  // on disk, if it stays as it is
  };
  std::unordered_map<FileKey, Leader, FileKeyHash> leaders_;
  std::unordered_map<uint32_t, Id> zeros_;  // by length: the id of so many zeros
  std::map<dev_t, uint32_t> volume_numbers_;
};

Id content_hash(const std::vector<Id>& content) {
  return sha256(
      ByteView(reinterpret_cast<const std::byte*>(content.data()), content.size() * sizeof(Id)));
}

bool has_metadata(const struct stat& st, const Node& node, bool owner) {
  return (st.st_mode & 07777) == posix_permissions(node.mode) &&
         (!owner || (st.st_uid == node.uid && st.st_gid == node.gid));
}

Planner::Planner(RestorePlanData& plan, Progress& progress)
    : plan_(plan), items_(plan.items), progress_(progress) {
  FolderPlan root;
  try {
    target_ = std::make_unique<const TargetDir>(plan.target, false);
    root.exists = true;
  } catch (const Error& error) {
    if (error.code() != Code::not_found) throw;
  }
  folders_.push_back(std::move(root));
  struct stat st;
  if (target_ && ::fstat(target_->fd(), &st) == 0) {
    volume_of(st.st_dev, "/");
  } else {
    plan_.volumes.emplace_back();
  }
}

void Planner::run() {
  progress_.phase(SAPDR_PHASE_PREPARE);
  visit_selection(*plan_.repository, plan_.ref.tree,
                  {plan_.options.includes, plan_.options.excludes}, *this, progress_);
}

bool Planner::open(Folder folder, const std::string& path, const std::vector<Node>& nodes) {
  open_dir_ = Fd();
  if (!folders_[folder].exists) return true;
  try {
    open_dir_ = target_->open_dir(relative_path(path));
    if (plan_.options.remove_extra) plan_extra(path, nodes);
    return true;
  } catch (const Error& error) {
    if (error.code() == Code::not_found) return true;
    if (is_fatal(error)) throw;
    failed(path, error);
    return false;
  }
}

void Planner::plan_extra(const std::string& path, const std::vector<Node>& nodes) {
  const ExtraFinder finder(*target_, {plan_.options.includes, plan_.options.excludes},
                           plan_.origin ? &*plan_.origin : nullptr);
  for (std::string& extra : finder.find(path, nodes)) {
    tell(SAPDR_ITEM_REMOVED, extra, 0);
    ++plan_.stats.items_removed;
    plan_.extra.push_back(std::move(extra));
  }
}

bool Planner::look_at(const std::string& path, const std::string& name,
                      std::optional<struct stat>& found) {
  if (!open_dir_) return true;
  if (::fstatat(open_dir_.get(), name.c_str(), &found.emplace(), AT_SYMLINK_NOFOLLOW) == 0) {
    return true;
  }
  found.reset();
  if (errno == ENOENT) return true;
  failed(path, system_error(errno, "look at", path));
  return false;
}

Verdict Planner::judge(const Node& node, const struct stat& st) const {
  const Overwrite overwrite = plan_.options.overwrite;
  if (overwrite == Overwrite::always) return Verdict::write;
  if (overwrite == Overwrite::never) return Verdict::skip;
  if (is_same(node, st)) return Verdict::unchanged;
  const bool is_newer_here = to_ns(st.st_mtim) >= node.mtime;
  return overwrite == Overwrite::if_newer && is_newer_here ? Verdict::skip : Verdict::write;
}

bool Planner::is_same(const Node& node, const struct stat& st) const {
  switch (node.type) {
    case NodeType::file:
      return S_ISREG(st.st_mode) && uint64_t(st.st_size) == node.size &&
             to_ns(st.st_mtim) == node.mtime;
    case NodeType::symlink:
      return S_ISLNK(st.st_mode) && is_same_link(node);
    case NodeType::dev:
      return S_ISBLK(st.st_mode) && st.st_rdev == node.device;
    case NodeType::chardev:
      return S_ISCHR(st.st_mode) && st.st_rdev == node.device;
    case NodeType::fifo:
      return S_ISFIFO(st.st_mode);
    default:
      return false;
  }
}

bool Planner::is_same_link(const Node& node) const {
  std::string target(node.link_target.size() + 1, '\0');
  const ssize_t size =
      ::readlinkat(open_dir_.get(), node.name.c_str(), target.data(), target.size());
  return size >= 0 && std::string_view(target).substr(0, size_t(size)) == node.link_target;
}

std::optional<SelectionVisitor::Folder> Planner::enter(Folder parent, const std::string& path,
                                                       Node& node, bool is_selected) {
  std::optional<struct stat> st;
  if (!look_at(path, node.name, st)) return std::nullopt;
  FolderPlan folder;
  folder.parent = parent;
  folder.exists = st && S_ISDIR(st->st_mode);
  folder.volume = folder.exists ? volume_of(st->st_dev, path) : folders_[parent].volume;
  const bool is_foreign = plan_.origin && !plan_.origin->is_backed_up(path);
  if (folder.exists) {
    folder.todo = is_selected && !is_foreign ? Todo::set_dir : Todo::nothing;
  } else {
    folder.todo = Todo::make_dir;
  }
  if (st && !folder.exists) {  // something else is in its place
    if (is_foreign) {
      failed(path, Error(Code::invalid_state,
                         plan_.origin->original(path) +
                             " is not a folder here; restore to another target folder"));
      return std::nullopt;
    }
    if (plan_.options.overwrite == Overwrite::never) {
      tell(SAPDR_ITEM_SKIPPED, path, 0);
      return std::nullopt;
    }
  }
  folder.node = std::make_unique<Node>(std::move(node));
  folder.node->content.clear();
  const auto number = static_cast<Folder>(folders_.size());
  folders_.push_back(std::move(folder));
  if (is_selected) ensure(number);
  return number;
}

ItemNumber Planner::ensure(Folder number) {
  if (number == 0) return no_item;
  if (folders_[number].node) {
    const ItemNumber parent = ensure(folders_[number].parent);
    FolderPlan& folder = folders_[number];
    folder.item = items_.add(parent, *folder.node, folder.todo);
    folder.node.reset();
    const bool is_new = folder.todo == Todo::make_dir;
    if (is_new) ++plan_.stats.dirs;
    tell(is_new ? SAPDR_ITEM_RESTORED : SAPDR_ITEM_UNCHANGED, items_.path(folder.item), 0);
  }
  return folders_[number].item;
}

void Planner::item(Folder folder, const std::string& path, Node& node) {
  std::optional<struct stat> st;
  if (!look_at(path, node.name, st)) return;
  if (node.type == NodeType::file) return plan_file(folder, path, node, st);
  // As in restic: what a process made to be reached by cannot be brought back.
  if (node.type == NodeType::socket || node.type == NodeType::irregular) {
    return tell(SAPDR_ITEM_SKIPPED, path, 0);
  }
  plan_other(folder, path, node, st);
}

void Planner::plan_file(Folder folder, const std::string& path, Node& node,
                        const std::optional<struct stat>& st) {
  const Verdict verdict = st ? judge(node, *st) : Verdict::write;
  if (verdict == Verdict::skip) {
    ++plan_.stats.files_skipped;
    return tell(SAPDR_ITEM_SKIPPED, path, node.size);
  }
  if (node.links > 1 && plan_hard_link(folder, path, node, st)) return;
  if (verdict == Verdict::unchanged) return plan_unchanged(folder, path, node, *st);

  const ItemNumber item = items_.add(ensure(folder), node, Todo::write_file);
  if (!add_content(item, path, node)) return;
  need_space(folder, item, st);
  if (node.links > 1) {
    leaders_.try_emplace({node.inode, node.device_id}, Leader{item, content_hash(node.content), 0});
  }
  ++plan_.stats.files;
  plan_.stats.bytes += items_[item].size;
  tell(SAPDR_ITEM_RESTORED, path, items_[item].size);
}

// True if the file is a further name of one that was planned already. Names that do not agree about
// the content are separate files.
bool Planner::plan_hard_link(Folder folder, const std::string& path, const Node& node,
                             const std::optional<struct stat>& st) {
  const auto at = leaders_.find({node.inode, node.device_id});
  if (at == leaders_.end() || at->second.content != content_hash(node.content)) return false;
  const Leader& leader = at->second;
  if (st && leader.inode != 0 && st->st_ino == leader.inode) {
    ++plan_.stats.files_unchanged;
    tell(SAPDR_ITEM_UNCHANGED, path, node.size);
    return true;
  }
  const ItemNumber item = items_.add(ensure(folder), node, Todo::link_file);
  items_.set_leader(item, leader.item);
  ++plan_.stats.files;
  tell(SAPDR_ITEM_RESTORED, path, node.size);
  return true;
}

void Planner::plan_unchanged(Folder folder, const std::string& path, const Node& node,
                             const struct stat& st) {
  const bool set_owner = plan_.options.owner && ::geteuid() == 0;
  const bool is_right = has_metadata(st, node, set_owner);
  if (!is_right || plan_.options.verify || node.links > 1) {
    const ItemNumber item =
        items_.add(ensure(folder), node, is_right ? Todo::only_verify : Todo::set_metadata);
    if (plan_.options.verify && !add_content(item, path, node)) return;
    if (node.links > 1) {
      leaders_.try_emplace({node.inode, node.device_id},
                           Leader{item, content_hash(node.content), st.st_ino});
    }
  }
  ++plan_.stats.files_unchanged;
  tell(SAPDR_ITEM_UNCHANGED, path, node.size);
}

void Planner::plan_other(Folder folder, const std::string& path, const Node& node,
                         const std::optional<struct stat>& st) {
  const Verdict verdict = st ? judge(node, *st) : Verdict::write;
  if (verdict != Verdict::write) {
    return tell(verdict == Verdict::skip ? SAPDR_ITEM_SKIPPED : SAPDR_ITEM_UNCHANGED, path, 0);
  }
  items_.add(ensure(folder), node, Todo::make_other);
  ++plan_.stats.others;
  tell(SAPDR_ITEM_RESTORED, path, 0);
}

// False if a blob is known nowhere: the file has failed then, and nothing is done about it.
bool Planner::add_content(ItemNumber number, const std::string& path, const Node& node) {
  const size_t begin = items_.content.size();
  const auto give_up = [&](const Error& error) {
    items_.content.resize(begin);
    items_[number].todo = Todo::nothing;
    items_[number].size = 0;
    failed(path, error);
    return false;
  };
  uint64_t size = 0;
  bool has_holes = false;
  for (const Id& id : node.content) {
    const auto place = plan_.repository->index().find(id, BlobType::data);
    if (!place) {
      return give_up(Error(Code::not_found, path + " needs blob " + id.hex() +
                                                ", which no index knows; check the repository")
                         .with("blob", id.hex()));
    }
    const uint32_t blob = blob_number(*place);
    items_.content.push_back(blob);
    has_holes = has_holes || items_.blobs[blob].is_hole;
    size += place->plain_length;
  }
  // Whoever wrote this tree lost a part of the file, or lies: not to be taken for the file.
  if (size != node.size) {
    return give_up(Error(Code::corrupt, path + " should have " + std::to_string(node.size) +
                                            " bytes, but its blobs have " + std::to_string(size) +
                                            "; dump it to get what there is"));
  }
  RestoreItem& item = items_[number];
  item.size = size;
  item.blobs_at = begin;
  item.n_blobs = static_cast<uint32_t>(node.content.size());
  item.has_holes = has_holes;
  return true;
}

uint32_t Planner::blob_number(const BlobPlace& place) {
  const auto [at, is_new] =
      blob_numbers_.try_emplace(place.id, static_cast<uint32_t>(items_.blobs.size()));
  if (is_new) items_.blobs.push_back({place, plan_.options.sparse && is_hole(place)});
  return at->second;
}

// Zeros need not be fetched. Worth asking only if they could be: so small once compressed, or of
// the size that restic's chunker gives them.
bool Planner::is_hole(const BlobPlace& place) {
  const bool could_be = place.compressed ? place.length < place.plain_length / 512
                                         : place.plain_length == restic_zero_chunk;
  if (!could_be) return false;
  const auto [at, is_new] = zeros_.try_emplace(place.plain_length);
  if (is_new) {
    Bytes zeros;
    zeros.assign(place.plain_length, std::byte{});
    at->second = sha256(zeros);
  }
  return at->second == place.id;
}

void Planner::need_space(Folder folder, ItemNumber number, const std::optional<struct stat>& st) {
  Volume& volume = plan_.volumes[folders_[folder].volume];
  volume.bytes += items_[number].size - items_.hole_bytes(number);
  if (st && S_ISREG(st->st_mode) && st->st_nlink == 1) {
    volume.freed += uint64_t(st->st_blocks) * 512;
  }
}

uint32_t Planner::volume_of(dev_t device, std::string_view folder) {
  const auto [at, is_new] =
      volume_numbers_.try_emplace(device, static_cast<uint32_t>(plan_.volumes.size()));
  if (is_new) plan_.volumes.push_back({std::string(relative_path(folder)), 0, 0});
  return at->second;
}

void Planner::tell(int32_t action, const std::string& path, uint64_t size) {
  progress_.item({.action = action, .path = path, .size = size});
  progress_.done(1, size, path);
}

void Planner::failed(const std::string& path, const Error& error) {
  ++plan_.stats.items_failed;
  progress_.count_error();
  progress_.item({.action = SAPDR_ITEM_FAILED, .path = path, .error = &error});
}

class Plan : public RestorePlan {
 public:
  Plan(RepositoryPtr repository, SnapshotRef ref, std::string target, RestoreOptions options)
      : data_{.repository = std::move(repository),
              .ref = std::move(ref),
              .target = std::move(target),
              .options = std::move(options)} {
    data_.index_generation = data_.repository->index().generation();
    if (data_.target.empty()) {
      data_.origin.emplace(*data_.repository, data_.ref);
      data_.target = data_.origin->folder();
    }
    data_.target = std::filesystem::absolute(data_.target);
    if (data_.options.remove_extra && !data_.origin && data_.target == "/" &&
        data_.options.includes.empty()) {
      throw Error(Code::invalid_argument,
                  "everything in / that is not in the snapshot would be removed; say by an include "
                  "what this is about, or restore in place");
    }
  }

  const RestoreStats& stats() const override { return data_.stats; }
  const Snapshot& snapshot() const override { return data_.ref.snapshot; }
  const std::string& target() const override { return data_.target; }
  std::vector<Id> packs() const override;
  void run(RestoreStats& result, Progress& progress) override {
    if (has_run_) {
      throw Error(Code::invalid_state, "the plan was run already; make another one");
    }
    has_run_ = true;
    run_restore(data_, result, progress);
  }
  void make(Progress& progress) {
    Planner(data_, progress).run();
    data_.stats.packs = packs().size();
  }

 private:
  RestorePlanData data_;
  bool has_run_ = false;
};

std::vector<Id> Plan::packs() const {
  require_same_index(data_);
  const BlobIndex& index = data_.repository->index();
  std::vector<bool> is_needed(index.n_packs());
  for (ItemNumber item = 0; item < data_.items.size(); ++item) {
    if (data_.items[item].todo != Todo::write_file) continue;
    for (const uint32_t blob : data_.items.blobs_of(item)) {
      if (!data_.items.blobs[blob].is_hole) is_needed[data_.items.blobs[blob].place.pack] = true;
    }
  }
  std::vector<Id> ids;
  for (uint32_t number = 0; number < is_needed.size(); ++number) {
    if (is_needed[number]) ids.push_back(index.pack_id(number));
  }
  return ids;
}

}  // namespace

std::unique_ptr<RestorePlan> RestorePlan::make(RepositoryPtr repository, SnapshotRef ref,
                                               std::string target, RestoreOptions options,
                                               Progress& progress) {
  auto plan = std::make_unique<Plan>(std::move(repository), std::move(ref), std::move(target),
                                     std::move(options));
  plan->make(progress);
  return plan;
}

}  // namespace sapdr::core
