#include "component/files/regular_files.hpp"

#include <algorithm>

#include "restore_support.hpp"

namespace fs = std::filesystem;

namespace sapdr::test {

namespace {

struct Walked {
  std::vector<std::string> paths;
  std::vector<std::string> failed;
  std::vector<std::string> skipped;
};

Walked walk(const std::string& folder, const std::vector<std::string>& paths,
            const PatternList& excludes = {}, const FilePlace* left_out = nullptr) {
  Walked walked;
  RegularFiles files({folder, paths, excludes, left_out},
                     {[&](const std::string& path, const Error&) { walked.failed.push_back(path); },
                      [&](const std::string& path) { walked.skipped.push_back(path); }});
  while (const auto file = files.next()) {
    walked.paths.push_back(file->path);
    CHECK(file->size == fs::file_size(fs::path(folder) / file->path));
    CHECK(file->open().fd);
  }
  return walked;
}

using Paths = std::vector<std::string>;

}  // namespace

TEST_CASE("regular files: in the byte order of their paths") {
  const TempDir dir;
  for (const char* name :
       {"a/b", "a/b.c", "a.b", "a/b!/x", "a-/y", "a0", "b/\xff", "b/\x01", "B"}) {
    make_folder(fs::path(dir / name).parent_path().string());
    write_file(dir / name, name);
  }
  const Walked walked = walk(dir.path(), {"."});
  CHECK(walked.paths ==
        Paths{"B", "a-/y", "a.b", "a/b", "a/b!/x", "a/b.c", "a0", "b/\x01", "b/\xff"});
  CHECK(std::is_sorted(walked.paths.begin(), walked.paths.end()));
}

TEST_CASE("regular files: the order holds for any names") {
  Random random;
  const TempDir dir(memory_folder());
  for (int i = 0; i < 300; ++i) {
    std::string path = dir.path();
    for (uint64_t depth = random.below(3) + 1; depth > 0; --depth) {
      static constexpr std::string_view alphabet = "ab!-./0\xc3~";
      std::string name = "n";
      for (uint64_t n = random.below(3); n > 0; --n) {
        const char c = alphabet[random.below(alphabet.size())];
        name += c == '/' ? '_' : c;
      }
      path += "/" + name;
    }
    std::error_code ignored;
    fs::create_directories(fs::path(path).parent_path(), ignored);
    if (!fs::exists(path, ignored)) std::ofstream(path) << i;
  }
  Paths expected;
  for (const auto& entry : fs::recursive_directory_iterator(dir.path())) {
    if (entry.is_regular_file()) {
      expected.push_back(entry.path().string().substr(dir.path().size() + 1));
    }
  }
  std::sort(expected.begin(), expected.end());
  CHECK(walk(dir.path(), {"."}).paths == expected);
}

TEST_CASE("regular files: links are followed only where they are named") {
  const TempDir dir;
  const TempDir elsewhere;
  write_file(elsewhere / "file", "x");
  write_file(dir / "file", "y");
  ::mkfifo((dir / "fifo").c_str(), 0600);
  fs::create_symlink(elsewhere.path(), dir / "to-folder");
  fs::create_symlink(elsewhere / "file", dir / "to-file");
  const Walked all = walk(dir.path(), {"."});
  CHECK(all.paths == Paths{"file"});
  CHECK(all.skipped == Paths{"fifo", "to-file", "to-folder"});
  const Paths followed = {"to-file", "to-folder/file"};
  CHECK(walk(dir.path(), {"to-folder", "to-file"}).paths == followed);
  CHECK(walk(dir.path(), {".", "to-folder", "to-file"}).paths ==
        Paths{"file", "to-file", "to-folder/file"});
  const std::string above = fs::path(dir.path()).filename().string() + "/";
  CHECK(walk(dir / "..", {above, above + "to-file"}).paths ==
        Paths{above + "file", above + "to-file"});
  CHECK(code_of([&] { walk(dir.path(), {"fifo"}); }) == Code::invalid_argument);
}

TEST_CASE("regular files: paths may overlap, lead upwards, or be absolute") {
  const TempDir dir;
  for (const char* name : {"in/a/x", "in/a/y", "in/a.z", "in/b", "out"}) {
    make_folder(fs::path(dir / name).parent_path().string());
    write_file(dir / name, name);
  }
  const std::string in = dir / "in";
  CHECK(walk(in, {"b", "a", "./a/x", "a/../b", "a//"}).paths == Paths{"a/x", "a/y", "b"});
  CHECK(walk(in, {"a/y", ".", "b"}).paths == Paths{"a.z", "a/x", "a/y", "b"});
  CHECK(walk(in, {".", "../out"}).paths == Paths{"../out", "a.z", "a/x", "a/y", "b"});
  CHECK(walk(in, {".."}).paths ==
        Paths{"../in/a.z", "../in/a/x", "../in/a/y", "../in/b", "../out"});
  CHECK(walk("/", {in}).paths == Paths{in + "/a.z", in + "/a/x", in + "/a/y", in + "/b"});
  CHECK(code_of([&] { walk(in, {"a", "nothing"}); }) == Code::not_found);
  CHECK(code_of([&] { walk(in, {""}); }) == Code::invalid_argument);
  CHECK(code_of([&] { walk(dir / "nowhere", {"."}); }) == Code::not_found);
}

TEST_CASE("regular files: excludes do not reach what is named") {
  const TempDir dir;
  make_tree(dir.path());
  const PatternList excludes = patterns({"/a/one.txt", "er", "big*", "odd*"});
  CHECK(walk(dir.path(), {"."}, excludes).paths == Paths{"a/deep/two.txt", "empty"});
  CHECK(walk(dir.path(), {".", "a/big-too"}, excludes).paths ==
        Paths{"a/big-too", "a/deep/two.txt", "empty"});
  CHECK(walk(dir.path(), {"a", "a/deep/er/three"}, excludes).paths ==
        Paths{"a/deep/er/three", "a/deep/two.txt"});
  CHECK(walk("/", {dir.path()}, excludes).paths ==
        Paths{dir / "a/deep/two.txt", dir / "a/one.txt", dir / "empty"});
}

TEST_CASE("regular files: one file is left out by whatever path it is met") {
  const TempDir dir;
  make_folder(dir / "sub");
  for (const char* name :
       {"sub/sums", "sub/sums-tmp-0123456789abcdef", "sub/sums-tmp-mine", "sub/other", "sums"}) {
    write_file(dir / name, name);
  }
  fs::create_directory_symlink(dir / "sub", dir / "link");
  const FilePlace place = place_of(dir / "link/sums");
  const Paths expected = {"sub/other", "sub/sums-tmp-mine", "sums"};
  CHECK(walk(dir.path(), {"."}, {}, &place).paths == expected);
  CHECK(walk(dir.path(), {"sub", "sums", "sub/sums"}, {}, &place).paths == expected);
  CHECK(walk(dir.path(), {"link/sums", "sums"}, {}, &place).paths == Paths{"sums"});
  CHECK(walk(dir / "sub", {"sums"}, {}, &place).paths.empty());
  for (const char* name : {"", "sub/", "sub/.."}) {
    CHECK(code_of([&] { place_of(name); }) == Code::invalid_argument);
  }
  CHECK(code_of([&] { place_of(dir / "nowhere/sums"); }) == Code::not_found);
}

// A chain of folders called `name`, with a file at its end.
void make_chain(const std::string& folder, const std::string& name, int depth) {
  Fd at(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  for (int i = 0; i < depth; ++i) {
    REQUIRE(::mkdirat(at.get(), name.c_str(), 0700) == 0);
    at = Fd(::openat(at.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  }
  const Fd file(::openat(at.get(), "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  REQUIRE(file);
}

void remove_chain(const std::string& folder, const std::string& name) {
  Fd at(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  // What is below the first one moves up until nothing is below it.
  while (::renameat(at.get(), (name + "/" + name).c_str(), at.get(), "below") == 0) {
    ::unlinkat(at.get(), (name + "/file").c_str(), 0);
    ::unlinkat(at.get(), name.c_str(), AT_REMOVEDIR);
    ::renameat(at.get(), "below", at.get(), name.c_str());
  }
}

TEST_CASE("regular files: deeper than descriptors go, and too deep for a path") {
  const TempDir dir(memory_folder());
  make_chain(dir.path(), "d", 1500);
  const Walked walked = walk(dir.path(), {"."});
  CHECK(walked.paths.size() == 1);
  CHECK(walked.failed.empty());
  remove_chain(dir.path(), "d");

  const std::string name(250, 'n');
  make_chain(dir.path(), name, 20);
  const Walked too_long = walk(dir.path(), {name});
  CHECK(too_long.paths.empty());
  REQUIRE(too_long.failed.size() == 1);
  CHECK(too_long.failed[0].size() >= 4096);
  remove_chain(dir.path(), name);
}

TEST_CASE("regular files: folders that cannot be read are told") {
  const TempDir dir;
  make_folder(dir / "closed");
  write_file(dir / "closed/file", "x");
  write_file(dir / "open", "x");
  ::chmod(dir.path().c_str(), 0755);
  ::chmod((dir / "closed").c_str(), 0);
  CHECK(holds_without_privilege([&] {
    const Walked walked = walk(dir.path(), {"."});
    return walked.paths == Paths{"open"} && walked.failed == Paths{"closed"};
  }));
  ::chmod((dir / "closed").c_str(), 0700);
}

TEST_CASE("regular files: what is no file any more is not opened") {
  const TempDir dir;
  write_file(dir / "file", "x");
  write_file(dir / "other", "x");
  RegularFile found{"file", open_base(dir.path()), "file"};
  CHECK(found.open().st.st_size == 1);
  fs::remove(dir / "file");
  CHECK(code_of([&] { found.open(); }) == Code::not_found);
  fs::create_symlink("other", dir / "file");
  CHECK(code_of([&] { found.open(); }) == Code::io);
  found.named = true;
  CHECK(found.open().fd);
  for (const bool named : {false, true}) {
    fs::remove(dir / "file");
    ::mkfifo((dir / "file").c_str(), 0600);
    found.named = named;
    CHECK(code_of([&] { found.open(); }) == Code::invalid_state);
  }
}

}  // namespace sapdr::test
