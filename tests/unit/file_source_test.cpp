#include "component/files/file_source.hpp"

#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/xattr.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <thread>

#include "../support/files.hpp"
#include "base/fd.hpp"
#include "component/files/given_paths.hpp"
#include "support.hpp"

using namespace sapdr::test;
namespace fs = std::filesystem;

namespace {

// Keeps what a source tells. Files are opened when everything was told, on another thread.
class Recorder final : public TreeSink {
 public:
  std::map<std::string, Node> nodes;  // by path in the tree, "/a/b"
  std::map<std::string, std::string> contents;
  std::map<std::string, std::string> local;  // paths for people
  std::map<std::string, Code> failures;      // by local path
  std::vector<std::string> order;
  std::set<std::string> unmodified;
  std::set<std::string> changed;  // while they were read
  std::map<std::string, uint64_t> holes;
  std::map<std::string, Node> parent;
  std::function<void(const std::string&)> on_file;
  std::function<void(const std::string&)> on_enter;
  std::function<void()> after_walk;
  uint64_t expected_items = 0;
  uint64_t expected_bytes = 0;
  size_t max_piece = 64 << 10;

  void enter(Node dir, std::string path) override {
    add(dir, path);
    here_ += "/" + dir.name;
    if (on_enter) on_enter(path);
  }
  void leave() override {
    REQUIRE_FALSE(here_.empty());
    here_.erase(here_.rfind('/'));
  }
  const Node* previous(std::string_view name) override {
    const auto at = parent.find(here_ + "/" + std::string(name));
    return at == parent.end() ? nullptr : &at->second;
  }
  void file(Node node, std::string path, FileOpener open) override {
    if (on_file) on_file(path);
    const std::string in_tree = add(node, path);
    waiting_.push_back({in_tree, path, std::move(open)});
  }
  void unchanged(Node node, std::string path) override { unmodified.insert(add(node, path)); }
  void other(Node node, std::string path) override { add(node, path); }
  void failed(std::string path, const Error& error) override {
    failures.emplace(path, error.code());
  }
  void expect(uint64_t items, uint64_t bytes) override {
    CHECK(items >= expected_items);
    CHECK(bytes >= expected_bytes);
    expected_items = items;
    expected_bytes = bytes;
  }

  void run(Source& source) {
    source.run(*this);
    CHECK(here_.empty());
    if (after_walk) after_walk();
    std::thread reader([this] {
      for (const Waiting& one : waiting_) read(one);
    });
    reader.join();
  }

  std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const auto& [path, node] : nodes) found.push_back(path);
    return found;
  }

 private:
  struct Waiting {
    std::string in_tree;
    std::string path;
    FileOpener open;
  };

  std::string add(const Node& node, const std::string& path) {
    std::string in_tree = here_ + "/" + node.name;
    CHECK_MESSAGE(nodes.emplace(in_tree, node).second, "told twice: ", in_tree);
    order.push_back(in_tree);
    local[in_tree] = path;
    return in_tree;
  }

  void read(const Waiting& one) {
    try {
      Node node = nodes.at(one.in_tree);
      const auto reader = one.open(node);
      std::string content;
      Bytes buffer(max_piece);
      for (;;) {
        const FileReader::Piece piece = reader->read(buffer);
        if (piece.size == 0 && piece.hole == 0) break;
        content.append(as_text(ByteView(buffer).first(piece.size)));
        content.append(piece.hole, '\0');
        holes[one.in_tree] += piece.hole;
      }
      if (reader->finish(node)) changed.insert(one.in_tree);
      nodes[one.in_tree] = node;
      contents[one.in_tree] = content;
    } catch (const Error& error) {
      failures.emplace(one.path, error.code());
      nodes.erase(one.in_tree);
    }
  }

  std::string here_;
  std::vector<Waiting> waiting_;
};

FileSourceOptions options_for(std::vector<std::string> paths) {
  FileSourceOptions options;
  options.paths = std::move(paths);
  return options;
}

void record(Recorder& recorder, FileSourceOptions options) {
  recorder.run(*make_file_source(std::move(options)));
}

// Changes the working directory for as long as it lives.
class WorkIn {
 public:
  explicit WorkIn(const std::string& path) : back_(fs::current_path()) { fs::current_path(path); }
  ~WorkIn() { fs::current_path(back_); }
  WorkIn(const WorkIn&) = delete;
  WorkIn& operator=(const WorkIn&) = delete;

 private:
  fs::path back_;
};

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("file source: everything a folder can hold") {
  const TempDir folder;
  const std::string root = folder / "src";
  make_folder(root + "/sub/empty");
  write_file(root + "/sub/file", "content");
  write_file(root + "/a\xff\n", "odd name");
  write_file(root + "/Z", "");
  fs::create_symlink("sub/file", root + "/link");
  fs::create_symlink("nowhere", root + "/broken");
  fs::create_hard_link(root + "/sub/file", root + "/hard");
  REQUIRE(::mkfifo((root + "/fifo").c_str(), 0600) == 0);
  const Fd socket(::socket(AF_UNIX, SOCK_STREAM, 0));
  struct sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  (root + "/socket").copy(address.sun_path, sizeof address.sun_path - 1);
  REQUIRE(::bind(socket.get(), reinterpret_cast<struct sockaddr*>(&address), sizeof address) == 0);
  const bool xattrs = ::setxattr((root + "/sub/file").c_str(), "user.x", "1", 1, 0) == 0 &&
                      ::setxattr((root + "/sub").c_str(), "user.y", "2", 1, 0) == 0;

  Recorder seen;
  seen.after_walk = [] {};
  WorkIn work(folder.path());
  record(seen, options_for({"src"}));

  CHECK(seen.order == Names{"/src", "/src/Z", "/src/a\xff\n", "/src/broken", "/src/fifo",
                            "/src/hard", "/src/link", "/src/sub", "/src/sub/empty",
                            "/src/sub/file"});
  CHECK(seen.failures.empty());
  CHECK(seen.changed.empty());
  CHECK(seen.local["/src/sub/file"] == root + "/sub/file");
  CHECK(seen.contents["/src/sub/file"] == "content");
  CHECK(seen.contents["/src/a\xff\n"] == "odd name");
  CHECK(seen.contents["/src/Z"].empty());
  CHECK(seen.nodes["/src/link"].link_target == "sub/file");
  CHECK(seen.nodes["/src/broken"].link_target == "nowhere");
  CHECK(seen.nodes["/src/fifo"].type == NodeType::fifo);
  CHECK(seen.nodes["/src/sub"].type == NodeType::dir);

  const Node& file = seen.nodes["/src/sub/file"];
  const Node& hard = seen.nodes["/src/hard"];
  CHECK(file.links == 2);
  CHECK(file.inode == hard.inode);
  CHECK(file.device_id == hard.device_id);
  CHECK(file.device_id == stat_of(root).st_dev);
  CHECK(seen.nodes["/src/Z"].device_id == 0);
  if (xattrs) {
    CHECK(file.xattrs == std::vector<ExtendedAttribute>{{"user.x", "1"}});
    CHECK(seen.nodes["/src/sub"].xattrs == std::vector<ExtendedAttribute>{{"user.y", "2"}});
  }
  CHECK(seen.expected_items == seen.order.size());
  CHECK(seen.expected_bytes == 7 + 7 + 8);
}

TEST_CASE("file source: where given paths come to lie") {
  const TempDir folder(memory_folder());
  const std::string top = folder.path();
  make_folder(top + "/work/sub");
  make_folder(top + "/other");
  for (const char* name : {"work/a", "work/sub/b", "other/a", "other/work"}) {
    write_file(folder / name, name);
  }
  const auto names = [](std::vector<std::string> paths) {
    Recorder seen;
    record(seen, options_for(std::move(paths)));
    CHECK(seen.failures.empty());
    return seen.names();
  };
  const auto paths = [](std::vector<std::string> given) {
    return make_file_source(options_for(std::move(given)))->paths();
  };
  {
    WorkIn work(top);
    CHECK(names({"work"}) == Names{"/work", "/work/a", "/work/sub", "/work/sub/b"});
    CHECK(names({"./work//sub/"}) == Names{"/work", "/work/sub", "/work/sub/b"});
    CHECK(names({"work/a", "work/sub/b"}) == Names{"/work", "/work/a", "/work/sub", "/work/sub/b"});
    CHECK(names({"work/sub", "work"}) == Names{"/work", "/work/a", "/work/sub", "/work/sub/b"});
    CHECK(names({"work", "work/sub/b"}) == Names{"/work", "/work/a", "/work/sub", "/work/sub/b"});
    CHECK(names({"work/a", "work/a"}) == Names{"/work", "/work/a"});
    CHECK(names({"."}) == Names{"/other", "/other/a", "/other/work", "/work", "/work/a",
                                "/work/sub", "/work/sub/b"});
    CHECK(paths({"work", "./other/../work/a", "/"}) == Names{top + "/work", top + "/work/a", "/"});
  }
  {
    WorkIn work(folder / "other");
    CHECK(names({"../work/a"}) == Names{"/work", "/work/a"});
    CHECK(paths({"../work/a"}) == Names{top + "/work/a"});
    // Two different places of one name.
    CHECK(names({"work", "../work/a"}) == Names{"/work", "/work-1", "/work-1/a"});
    CHECK(names({"a", top + "/other/a"}).size() ==
          1 + static_cast<size_t>(std::count(top.begin(), top.end(), '/')) + 2);
  }
  Recorder seen;
  ::chmod((folder / "work").c_str(), 0751);
  record(seen, options_for({top + "/work/sub/b"}));
  const std::string in_tree = top + "/work";
  CHECK(seen.nodes.at(in_tree).type == NodeType::dir);
  CHECK(posix_permissions(seen.nodes.at(in_tree).mode) == 0751);
  CHECK(seen.nodes.at(in_tree).mtime > 0);
  CHECK(seen.contents.at(in_tree + "/sub/b") == "work/sub/b");
}

TEST_CASE("file source: links in given paths") {
  const TempDir folder(memory_folder());
  make_folder(folder / "real/sub");
  write_file(folder / "real/sub/file", "x");
  fs::create_symlink("real", folder / "link");
  WorkIn work(folder.path());

  Recorder itself;  // is stored as a link
  record(itself, options_for({"link"}));
  CHECK(itself.names() == Names{"/link"});
  CHECK(itself.nodes["/link"].link_target == "real");

  Recorder through;  // leads to what is there
  record(through, options_for({"link/sub"}));
  CHECK(through.names() == Names{"/link", "/link/sub", "/link/sub/file"});
  CHECK(through.nodes["/link"].type == NodeType::dir);
  CHECK(through.contents["/link/sub/file"] == "x");
}

TEST_CASE("file source: what makes no sense is refused") {
  CHECK(code_of([] { make_file_source({}); }) == Code::invalid_argument);
  CHECK(code_of([] { make_file_source(options_for({""})); }) == Code::invalid_argument);
  CHECK(code_of([] { make_file_source(options_for({"/", "/no/such/path"})); }) == Code::not_found);
  FileSourceOptions options = options_for({"/"});
  options.exclude_if_present = {":header"};
  CHECK(code_of([&] { make_file_source(options); }) == Code::invalid_argument);
}

TEST_CASE("file source: what did not change is not read") {
  const TempDir folder;
  write_file(folder / "same", "1");
  write_file(folder / "touched", "1");
  write_file(folder / "replaced", "1");
  write_file(folder / "empty", "");
  ::setxattr((folder / "same").c_str(), "user.x", "1", 1, 0);
  WorkIn work(folder.path());
  Recorder first;
  record(first, options_for({"."}));
  for (auto& [path, node] : first.nodes) {
    if (node.size != 0) node.content = {Id{}};
  }

  const struct stat old = stat_of(folder / "replaced");
  write_file(folder / "new", "1");
  const struct timespec times[2] = {{0, UTIME_OMIT}, old.st_mtim};
  ::utimensat(AT_FDCWD, (folder / "new").c_str(), times, 0);
  fs::rename(folder / "new", folder / "replaced");  // another inode and ctime
  ::chmod((folder / "touched").c_str(), 0600);      // another ctime

  const auto unmodified = [&](bool ignore_ctime, bool ignore_inode) {
    Recorder seen;
    seen.parent = first.nodes;
    FileSourceOptions options = options_for({"."});
    options.ignore_ctime = ignore_ctime;
    options.ignore_inode = ignore_inode;
    record(seen, std::move(options));
    CHECK(seen.nodes["/same"].content == std::vector<Id>{Id{}});
    CHECK(seen.nodes["/same"].xattrs == first.nodes["/same"].xattrs);
    CHECK(posix_permissions(seen.nodes["/touched"].mode) == 0600);
    return Names(seen.unmodified.begin(), seen.unmodified.end());
  };
  CHECK(unmodified(false, false) == Names{"/empty", "/same"});
  CHECK(unmodified(true, false) == Names{"/empty", "/same", "/touched"});
  CHECK(unmodified(true, true) == Names{"/empty", "/replaced", "/same", "/touched"});

  first.nodes["/same"].content.clear();  // a parent that lost its content is none
  Recorder seen;
  seen.parent = first.nodes;
  record(seen, options_for({"."}));
  CHECK_FALSE(seen.unmodified.contains("/same"));
}

TEST_CASE("file source: a file that changes while it is read is told") {
  const TempDir folder(memory_folder());
  write_file(folder / "file", std::string(300'000, 'x'));
  const auto source = make_file_source(options_for({folder / "file"}));
  Recorder seen;
  struct Opened {
    Node node;
    FileOpener open;
  };
  class Grab final : public TreeSink {
   public:
    std::optional<Opened> opened;
    void enter(Node, std::string) override {}
    void leave() override {}
    const Node* previous(std::string_view) override { return nullptr; }
    void file(Node node, std::string, FileOpener open) override {
      opened = Opened{std::move(node), std::move(open)};
    }
    void unchanged(Node, std::string) override {}
    void other(Node, std::string) override {}
    void failed(std::string path, const Error& error) override {
      FAIL(path, ": ", error.message());
    }
    void expect(uint64_t, uint64_t) override {}
  } grab;
  source->run(grab);
  REQUIRE(grab.opened);

  Node node = grab.opened->node;
  const auto reader = grab.opened->open(node);
  Bytes buffer(100'000);
  CHECK(reader->read(buffer).size == 100'000);
  {
    std::ofstream more(folder / "file", std::ios::app);
    more << std::string(50'000, 'y');
  }
  uint64_t size = 100'000;
  while (const size_t n = reader->read(buffer).size) size += n;
  CHECK(reader->finish(node));
  CHECK(size == 350'000);
  CHECK(node.size == 350'000);

  Node again = grab.opened->node;
  const auto second = grab.opened->open(again);
  CHECK(again.size == 350'000);  // brought up to date
  while (second->read(buffer).size != 0) continue;
  CHECK_FALSE(second->finish(again));
}

TEST_CASE("file source: what vanishes or is replaced is told, and the rest goes on") {
  const TempDir folder(memory_folder());
  for (const char* name : {"a", "b", "c", "d", "e"}) write_file(folder / name, name);
  make_folder(folder / "f/sub");
  WorkIn work(folder.path());
  Recorder seen;
  seen.on_file = [&](const std::string& path) {
    if (path != folder / "a") return;
    fs::remove_all(folder / "f");  // was listed already
  };
  seen.after_walk = [&] {
    ::unlink((folder / "b").c_str());
    ::unlink((folder / "c").c_str());
    REQUIRE(::mkfifo((folder / "c").c_str(), 0600) == 0);
    ::unlink((folder / "d").c_str());
    fs::create_symlink("e", folder / "d");
  };
  record(seen, options_for({folder.path()}));
  CHECK(seen.contents.size() == 2);
  CHECK(seen.failures == std::map<std::string, Code>{{folder / "b", Code::not_found},
                                                     {folder / "c", Code::invalid_state},
                                                     {folder / "d", seen.failures[folder / "d"]},
                                                     {folder / "f", Code::not_found}});
}

TEST_CASE("file source: what may not be read is told, and the rest goes on") {
  const TempDir folder(memory_folder());
  ::chmod(folder.path().c_str(), 0755);
  make_folder(folder / "locked/sub");
  make_folder(folder / "no_entry");
  write_file(folder / "no_entry/file", "x");
  write_file(folder / "open", "x");
  write_file(folder / "secret", "x");
  ::chmod((folder / "locked").c_str(), 0);
  ::chmod((folder / "no_entry").c_str(), 0444);
  ::chmod((folder / "secret").c_str(), 0);
  const bool good = holds_without_privilege([&] {
    Recorder seen;
    record(seen, options_for({folder.path()}));
    const std::map<std::string, Code> expected = {{folder / "locked", Code::permission},
                                                  {folder / "no_entry/file", Code::permission},
                                                  {folder / "secret", Code::permission}};
    return seen.failures == expected && seen.nodes.contains(folder / "open") &&
           !seen.nodes.contains(folder / "locked") && seen.nodes.contains(folder / "no_entry");
  });
  CHECK(good);
  ::chmod((folder / "locked").c_str(), 0700);
  ::chmod((folder / "no_entry").c_str(), 0700);
}

TEST_CASE("file source: holes are told, not read") {
  const TempDir folder;
  constexpr off_t mib = 1 << 20;
  const auto make = [&](const char* name, off_t size, std::vector<std::pair<off_t, off_t>> data) {
    const Fd fd(::open((folder / name).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    REQUIRE(::ftruncate(fd.get(), size) == 0);
    for (const auto& [offset, length] : data) {
      const std::string text(static_cast<size_t>(length), 'x');
      REQUIRE(::pwrite(fd.get(), text.data(), text.size(), offset) == length);
    }
  };
  make("all", 10 * mib, {});
  make("ends", 10 * mib, {{0, 100}, {10 * mib - 100, 100}});
  make("middle", 10 * mib, {{5 * mib, 4096}});
  make("small_holes", mib, {{0, 4096}, {256 << 10, 4096}, {600 << 10, 4096}});
  make("odd_end", 3 * mib + 17, {{0, 1}});
  make("full", mib, {{0, mib}});
  for (const size_t piece : {size_t{4096}, size_t{64} << 10, size_t{3} << 20}) {
    Recorder seen;
    seen.max_piece = piece;
    WorkIn work(folder.path());
    record(seen, options_for({"."}));
    for (const char* name : {"all", "ends", "middle", "small_holes", "odd_end", "full"}) {
      CAPTURE(name);
      CHECK(seen.contents["/" + std::string(name)] == read_file(folder / name));
      CHECK(seen.nodes["/" + std::string(name)].size == fs::file_size(folder / name));
    }
    CHECK(seen.changed.empty());
    CHECK(seen.holes["/all"] == 10 * mib);
    CHECK(seen.holes["/ends"] >= 9 * mib);
    CHECK(seen.holes["/middle"] >= 9 * mib);
    CHECK(seen.holes["/small_holes"] == 0);
    CHECK(seen.holes["/full"] == 0);
  }
}

TEST_CASE("file source: exclusions by pattern and size") {
  const TempDir folder(memory_folder());
  make_folder(folder / "keep");
  make_folder(folder / "cache/deep");
  write_file(folder / "cache/deep/file", "x");
  write_file(folder / "keep/a.tmp", "x");
  write_file(folder / "keep/b.tmp", "x");
  write_file(folder / "keep/cache", "a file");
  write_file(folder / "keep/big", std::string(1001, 'x'));
  write_file(folder / "keep/fits", std::string(1000, 'x'));
  WorkIn work(folder.path());
  FileSourceOptions options = options_for({"."});
  options.excludes.add("cache/");
  options.excludes.add("*.tmp");
  options.excludes.add("!b.tmp");
  options.exclude_larger_than = 1000;
  Recorder seen;
  record(seen, options);
  CHECK(seen.names() == Names{"/keep", "/keep/b.tmp", "/keep/cache", "/keep/fits"});

  // What the user names is stored, whatever excludes it; what is in it is not.
  options.paths = {"keep/a.tmp", "keep/big", "cache"};
  Recorder named;
  record(named, options);
  CHECK(named.names() == Names{"/cache", "/keep", "/keep/a.tmp", "/keep/big"});
}

TEST_CASE("file source: folders that ask to be left out") {
  const TempDir folder(memory_folder());
  for (const char* name : {"cache", "fake", "tagged", "headed", "wrong"}) {
    make_folder(folder / name + "/sub");
    write_file(folder / name + "/file", "x");
  }
  const std::string signature = "Signature: 8a477f597d28d172789f06886806bc55";
  write_file(folder / "cache/CACHEDIR.TAG", signature + "\n# by a test\n");
  write_file(folder / "fake/CACHEDIR.TAG", signature.substr(1));
  write_file(folder / "tagged/.nobackup", "");
  write_file(folder / "headed/.tag", "header and more");
  write_file(folder / "wrong/.tag", "head");
  const Names all_of_wrong = {"/wrong", "/wrong/.tag", "/wrong/file", "/wrong/sub"};
  WorkIn work(folder.path());
  FileSourceOptions options = options_for({"cache", "fake", "tagged", "headed", "wrong"});
  options.exclude_caches = true;
  options.exclude_if_present = {".nobackup", ".tag:header"};
  Recorder seen;
  record(seen, options);
  CHECK(seen.names() == Names{"/cache", "/cache/CACHEDIR.TAG", "/fake", "/fake/CACHEDIR.TAG",
                              "/fake/file", "/fake/sub", "/headed", "/headed/.tag", "/tagged",
                              "/tagged/.nobackup", "/wrong", "/wrong/.tag", "/wrong/file",
                              "/wrong/sub"});
  WorkIn inside(folder / "tagged");
  options.paths = {"."};
  Recorder dot;
  record(dot, options);
  CHECK(dot.names() == Names{"/.nobackup"});
}

TEST_CASE("file source: one file system") {
  const TempDir folder;
  make_folder(folder / "src/mount");
  write_file(folder / "src/file", "x");
  if (::mount("none", (folder / "src/mount").c_str(), "tmpfs", 0, "size=1m") != 0) {
    MESSAGE("skipped: may not mount");
    return;
  }
  write_file(folder / "src/mount/inside", "x");
  make_folder(folder / "src/mount/sub");
  WorkIn work(folder.path());
  const auto names = [](std::vector<std::string> paths, bool one_file_system) {
    FileSourceOptions options = options_for(std::move(paths));
    options.one_file_system = one_file_system;
    Recorder seen;
    record(seen, std::move(options));
    CHECK(seen.failures.empty());
    return seen.names();
  };
  const Names everything = {"/src", "/src/file", "/src/mount", "/src/mount/inside",
                            "/src/mount/sub"};
  CHECK(names({"src"}, false) == everything);
  CHECK(names({"src"}, true) == Names{"/src", "/src/file", "/src/mount"});
  CHECK(names({"src", "src/mount"}, true) == everything);
  CHECK(names({"src/mount"}, true) ==
        Names{"/src", "/src/mount", "/src/mount/inside", "/src/mount/sub"});
  {
    WorkIn inside(folder / "src");
    CHECK(names({"."}, true) == Names{"/file", "/mount"});
  }
  ::umount((folder / "src/mount").c_str());
}

TEST_CASE("file source: deeper than there are descriptors") {
  const TempDir folder(memory_folder());
  std::string path = folder / "d";
  for (int i = 0; i < 300; ++i) {
    make_folder(path);
    write_file(path + "/z", std::to_string(i));  // told on the way back
    path += "/d";
  }
  Recorder seen;
  WorkIn work(folder.path());
  size_t most = 0;
  seen.on_file = [&](const std::string&) {
    const auto open = std::distance(fs::directory_iterator("/proc/self/fd"), {});
    most = std::max(most, static_cast<size_t>(open));
  };
  record(seen, options_for({"d"}));
  CHECK(seen.failures.empty());
  CHECK(seen.contents.size() == 300);
  CHECK(most < 200);
}

TEST_CASE("file source: a path longer than the system takes is told") {
  const TempDir folder(memory_folder());
  make_folder(folder / "d");
  Fd at(::open((folder / "d").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const std::string name(250, 'n');
  for (int i = 0; i < 20; ++i) {
    REQUIRE(::mkdirat(at.get(), name.c_str(), 0700) == 0);
    at = Fd(::openat(at.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  }
  Recorder seen;
  WorkIn work(folder.path());
  record(seen, options_for({"d"}));
  CHECK(seen.failures.size() == 1);
  CHECK(seen.failures.begin()->second == Code::invalid_argument);
  CHECK(seen.nodes.size() > 10);
}

TEST_CASE("file source: an exception of the sink ends the run") {
  const TempDir folder(memory_folder());
  write_file(folder / "file", "x");
  Recorder seen;
  seen.on_file = [](const std::string&) { throw Error(Code::cancelled, "enough"); };
  CHECK(code_of([&] { make_file_source(options_for({folder.path()}))->run(seen); }) ==
        Code::cancelled);
  CHECK(seen.failures.empty());
}

TEST_CASE("file source: atime is kept only if asked for, and reading does not change it") {
  const TempDir folder;
  write_file(folder / "file", "x");
  const struct timespec times[2] = {{1'000, 0}, {2'000, 0}};
  ::utimensat(AT_FDCWD, (folder / "file").c_str(), times, 0);
  for (const bool with_atime : {false, true}) {
    FileSourceOptions options = options_for({folder / "file"});
    options.with_atime = with_atime;
    Recorder seen;
    record(seen, std::move(options));
    CHECK(seen.nodes.at(folder / "file").atime == (with_atime ? 1'000 : 2'000) * 1'000'000'000LL);
    CHECK(stat_of(folder / "file").st_atim.tv_sec == 1'000);
  }
}

TEST_CASE("given paths: an outer path is written out around an inner one") {
  const std::map<std::string, Names> folders = {{"/w", {"a", "b", "c"}}, {"/w/b", {"x", "y"}}};
  const GivenPathsAccess access{"/w", [&](const std::string& path) { return folders.at(path); },
                                [](const std::string& path) { return path.size(); }};
  const GivenPath tree = arrange_paths({"/w/b/x", "/w"}, access);
  const GivenPath& w = tree.children.at("w");
  CHECK_FALSE(w.whole);
  CHECK(w.children.at("a").whole);
  CHECK_FALSE(w.children.at("a").named);
  CHECK(w.children.at("a").device == 2);
  CHECK_FALSE(w.children.at("b").whole);
  CHECK(w.children.at("b").children.at("x").named);
  CHECK(w.children.at("b").children.at("x").device == 6);
  CHECK_FALSE(w.children.at("b").children.at("y").named);
  CHECK(w.children.at("b").children.at("y").path == "/w/b/y");
}
