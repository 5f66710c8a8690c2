#include "component/streams/stream_source.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>

#include "base/path.hpp"
#include "repository/host.hpp"

namespace sapdr::core {

namespace {

// A stream and the names on the way to it.
struct Leaf {
  NamedStream stream;
  std::vector<std::string> parts;
};

class StreamReader : public FileReader {
 public:
  explicit StreamReader(const NamedStream& stream) : stream_(stream) {}
  Piece read(ByteSpan out) override { return {stream_.read(out), 0}; }

 private:
  const NamedStream& stream_;
};

class StreamSource : public Source {
 public:
  explicit StreamSource(std::vector<Leaf> leaves) : leaves_(std::move(leaves)), user_(user_name()) {
    for (const Leaf& leaf : leaves_) newest_ = std::max(newest_, leaf.stream.mtime);
  }

  std::vector<std::string> paths() const override {
    std::vector<std::string> paths;
    for (const Leaf& leaf : leaves_) paths.push_back(path_of(leaf.parts));
    return paths;
  }

  // Streams of one folder follow one another: it is entered once.
  void run(TreeSink& sink) override {
    tell_totals(sink);
    std::vector<std::string> open;
    for (const Leaf& leaf : leaves_) {
      const size_t depth = leaf.parts.size() - 1;
      const auto folders_end = leaf.parts.begin() + static_cast<std::ptrdiff_t>(depth);
      const auto same = std::mismatch(open.begin(), open.end(), leaf.parts.begin(), folders_end);
      const auto n_same = static_cast<size_t>(same.first - open.begin());
      for (; open.size() > n_same; open.pop_back()) sink.leave();
      while (open.size() < depth) {
        open.push_back(leaf.parts[open.size()]);
        sink.enter(node(open.back(), NodeType::dir, S_IFDIR | 0700, newest_), path_of(open));
      }
      push(sink, leaf);
    }
    for (; !open.empty(); open.pop_back()) sink.leave();
  }

 private:
  static std::string path_of(const std::vector<std::string>& parts) {
    std::string path;
    for (const std::string& part : parts) path.append("/").append(part);
    return path;
  }

  void tell_totals(TreeSink& sink) const {
    uint64_t bytes = 0;
    for (const Leaf& leaf : leaves_) bytes += leaf.stream.size_hint;
    sink.expect(leaves_.size(), bytes);
  }

  void push(TreeSink& sink, const Leaf& leaf) const {
    const NamedStream& stream = leaf.stream;
    Node file = node(leaf.parts.back(), NodeType::file, S_IFREG | stream.mode, stream.mtime);
    file.size = stream.size_hint;
    sink.file(std::move(file), path_of(leaf.parts),
              [&stream](Node&) { return std::make_unique<StreamReader>(stream); });
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

  const std::vector<Leaf> leaves_;  // sorted by their parts, as trees are
  const std::string user_;
  UnixNs newest_ = 0;
};

Error bad_path(const std::string& path, const char* problem) {
  return Error(Code::invalid_argument, "the stream path \"" + path + "\" " + problem)
      .with("path", path);
}

Leaf make_leaf(NamedStream stream) {
  const std::string& path = stream.path;
  if (!path.starts_with('/')) throw bad_path(path, "is not absolute; begin it with a slash");
  Leaf leaf;
  for (const std::string_view part : split_path(path)) {
    if (!is_safe_name(part)) throw bad_path(path, "has a part that is no file name");
    leaf.parts.emplace_back(part);
  }
  if (leaf.parts.empty()) throw bad_path(path, "names no file");
  leaf.stream = std::move(stream);
  return leaf;
}

// A path that is there twice, or a file where another stream needs a folder.
void require_no_conflict(const Leaf& leaf, const Leaf& next) {
  const size_t n = leaf.parts.size();
  if (n > next.parts.size()) return;
  if (!std::equal(leaf.parts.begin(), leaf.parts.end(), next.parts.begin())) return;
  throw bad_path(next.stream.path, n == next.parts.size() ? "is there twice; rename one"
                                                          : "is below another stream; rename one");
}

}  // namespace

std::unique_ptr<Source> make_stream_source(std::vector<NamedStream> streams) {
  if (streams.empty()) throw Error(Code::invalid_argument, "no stream was given to back up");
  std::vector<Leaf> leaves;
  for (NamedStream& stream : streams) leaves.push_back(make_leaf(std::move(stream)));
  std::sort(leaves.begin(), leaves.end(),
            [](const Leaf& a, const Leaf& b) { return a.parts < b.parts; });
  for (size_t i = 1; i < leaves.size(); ++i) require_no_conflict(leaves[i - 1], leaves[i]);
  return std::make_unique<StreamSource>(std::move(leaves));
}

}  // namespace sapdr::core
