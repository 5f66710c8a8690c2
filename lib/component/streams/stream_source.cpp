#include "component/streams/stream_source.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "base/path.hpp"
#include "base/slots.hpp"
#include "repository/host.hpp"

namespace sapdr::core {

namespace {

using Parts = std::vector<std::string>;  // of a path, from the root on

Error bad_path(const std::string& path, const char* problem) {
  return Error(Code::invalid_argument, "the stream path \"" + path + "\" " + problem)
      .with("path", path);
}

Parts parts_of(const std::string& path) {
  if (!path.starts_with('/')) throw bad_path(path, "is not absolute; begin it with a slash");
  Parts parts;
  for (const std::string_view part : split_path(path)) {
    if (!is_safe_name(part)) throw bad_path(path, "has a part that is no file name");
    parts.emplace_back(part);
  }
  return parts;
}

Parts parts_of_file(const std::string& path) {
  Parts parts = parts_of(path);
  if (parts.empty()) throw bad_path(path, "names no file");
  return parts;
}

std::string path_of(const Parts& parts) {
  std::string path;
  for (const std::string& part : parts) path.append("/").append(part);
  return path.empty() ? "/" : path;
}

bool is_at_or_below(const Parts& parts, const Parts& root) {
  return root.size() <= parts.size() && std::equal(root.begin(), root.end(), parts.begin());
}

// A stream with the place that it takes among those that are open.
struct OpenStream {
  std::unique_ptr<Slots::Lease> place;  // first: given back when the stream is gone
  NamedStream stream;
};

class StreamReader : public FileReader {
 public:
  explicit StreamReader(std::shared_ptr<const OpenStream> open) : open_(std::move(open)) {}
  Piece read(ByteSpan out) override { return {open_->stream.read(out), 0}; }

 private:
  const std::shared_ptr<const OpenStream> open_;
};

class StreamSource : public Source {
 public:
  // `n` and `bytes`: how much there will be, as far as that is known.
  StreamSource(LazyStreams streams, std::vector<Parts> roots, uint64_t n, uint64_t bytes)
      : streams_(std::move(streams)),
        roots_(std::move(roots)),
        user_(user_name()),
        slots_(streams_.max_open),
        n_expected_(n),
        bytes_expected_(bytes) {}

  std::vector<std::string> paths() const override { return streams_.paths; }

  void run(TreeSink& sink) override {
    sink.expect(n_expected_, bytes_expected_);
    open_.emplace_back();
    while (push_next(sink)) continue;
    leave_to(sink, 1);
  }

 private:
  // A folder that is entered, and all names that were given in it.
  struct Folder {
    std::string name;
    std::unordered_set<std::string> names;
  };

  // False if there is none.
  bool push_next(TreeSink& sink) {
    auto place = std::make_unique<Slots::Lease>(slots_);  // waits for one
    auto stream = streams_.next();
    if (!stream) return false;
    push(sink, {std::move(place), *std::move(stream)});
    return true;
  }

  void push(TreeSink& sink, OpenStream open) {
    const NamedStream& stream = open.stream;
    const Parts parts = parts_of_file(stream.path);
    require_below_root(parts, stream.path);
    enter_folders(sink, parts, stream.path);
    if (!open_.back().names.insert(parts.back()).second) {
      throw bad_path(stream.path, "is there twice; rename one");
    }
    n_ += 1;
    bytes_ += stream.size_hint;
    sink.expect(std::max(n_, n_expected_), std::max(bytes_, bytes_expected_));
    Node file = node(parts.back(), NodeType::file, S_IFREG | stream.mode, stream.mtime);
    file.size = stream.size_hint;
    sink.file(std::move(file), path_of(parts),
              [kept = std::make_shared<const OpenStream>(std::move(open))](Node&) {
                return std::make_unique<StreamReader>(kept);
              });
  }

  void require_below_root(const Parts& parts, const std::string& path) const {
    const bool is_below =
        roots_.empty() || std::any_of(roots_.begin(), roots_.end(), [&](const Parts& root) {
          return is_at_or_below(parts, root);
        });
    if (!is_below) throw bad_path(path, "is below none of the paths that the source names");
  }

  // Leaves and enters folders until the one of the file is the innermost.
  void enter_folders(TreeSink& sink, const Parts& parts, const std::string& path) {
    const size_t depth = parts.size() - 1;
    size_t n_same = 0;
    while (n_same < depth && n_same + 1 < open_.size() && open_[n_same + 1].name == parts[n_same]) {
      ++n_same;
    }
    leave_to(sink, n_same + 1);
    for (size_t i = n_same; i < depth; ++i) {
      if (!open_.back().names.insert(parts[i]).second) {
        throw bad_path(path,
                       "is below another stream, or in a folder that was left before; give the "
                       "streams of a folder one after the other");
      }
      open_.push_back({parts[i], {}});
      sink.enter(node(parts[i], NodeType::dir, S_IFDIR | 0700, streams_.folder_time),
                 path_of({parts.begin(), parts.begin() + static_cast<std::ptrdiff_t>(i) + 1}));
    }
  }

  void leave_to(TreeSink& sink, size_t n_open) {
    for (; open_.size() > n_open; open_.pop_back()) sink.leave();
  }

  Node node(const std::string& name, NodeType type, uint32_t st_mode, UnixNs time) const {
    Node node;
    node.name = name;
    node.type = type;
    node.mode = go_mode(st_mode);
    node.mtime = node.atime = node.ctime = time;
    node.uid = getuid();
    node.gid = getgid();
    node.user = user_;
    return node;
  }

  const LazyStreams streams_;
  const std::vector<Parts> roots_;  // empty: anywhere
  const std::string user_;
  Slots slots_;
  std::vector<Folder> open_;  // from the root on, which has no name
  const uint64_t n_expected_, bytes_expected_;
  uint64_t n_ = 0, bytes_ = 0;
};

// A stream of a list, with its path taken apart.
struct Listed {
  NamedStream stream;
  Parts parts;
};

// A path that is there twice, or a file where another stream needs a folder.
void require_no_conflict(const Listed& one, const Listed& next) {
  if (!is_at_or_below(next.parts, one.parts)) return;
  throw bad_path(next.stream.path, one.parts.size() == next.parts.size()
                                       ? "is there twice; rename one"
                                       : "is below another stream; rename one");
}

// In the order of a tree, by which streams of one folder follow one another.
std::vector<Listed> in_order(std::vector<NamedStream> streams) {
  std::vector<Listed> listed;
  for (NamedStream& stream : streams) {
    Parts parts = parts_of_file(stream.path);
    listed.push_back({std::move(stream), std::move(parts)});
  }
  std::sort(listed.begin(), listed.end(),
            [](const Listed& a, const Listed& b) { return a.parts < b.parts; });
  for (size_t i = 1; i < listed.size(); ++i) require_no_conflict(listed[i - 1], listed[i]);
  return listed;
}

}  // namespace

std::unique_ptr<Source> make_stream_source(LazyStreams streams) {
  std::vector<Parts> roots;
  for (std::string& path : streams.paths) {
    roots.push_back(parts_of(path));
    path = path_of(roots.back());
  }
  if (roots.empty()) {
    throw Error(Code::invalid_argument, "a source names at least one path; \"/\" is all of it");
  }
  return std::make_unique<StreamSource>(std::move(streams), std::move(roots), 0, 0);
}

std::unique_ptr<Source> make_stream_source(std::vector<NamedStream> streams) {
  if (streams.empty()) throw Error(Code::invalid_argument, "no stream was given to back up");
  auto listed = std::make_shared<std::vector<Listed>>(in_order(std::move(streams)));
  LazyStreams lazy;
  lazy.paths.clear();
  lazy.max_open = std::numeric_limits<size_t>::max();  // they all exist already
  uint64_t bytes = 0;
  for (const Listed& each : *listed) {
    lazy.paths.push_back(path_of(each.parts));
    lazy.folder_time = std::max(lazy.folder_time, each.stream.mtime);
    bytes += each.stream.size_hint;
  }
  const size_t n = listed->size();
  lazy.next = [listed = std::move(listed), at = size_t{0}]() mutable -> std::optional<NamedStream> {
    if (at == listed->size()) return std::nullopt;
    return std::move((*listed)[at++].stream);
  };
  return std::make_unique<StreamSource>(std::move(lazy), std::vector<Parts>(), n, bytes);
}

}  // namespace sapdr::core
