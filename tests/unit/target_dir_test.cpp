#include "component/files/target_dir.hpp"

#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include <atomic>
#include <thread>

#include "../support/files.hpp"
#include "component/files/beneath.hpp"
#include "support.hpp"

using namespace sapdr::test;
namespace fs = std::filesystem;

namespace {

std::string read_all(const Fd& fd) {
  std::string text(100, '\0');
  const ssize_t n = ::pread(fd.get(), text.data(), text.size(), 0);
  text.resize(n < 0 ? 0 : static_cast<size_t>(n));
  return text;
}

// A folder to work in, and one beside it that nothing may be reached in.
struct Place {
  TempDir folder{memory_folder()};
  std::string outside = folder / "outside";
  TargetDir target{folder / "target", true};

  Place() {
    make_folder(outside);
    write_file(outside + "/secret", "secret");
    make_folder(folder / "target/sub");
    write_file(folder / "target/sub/file", "inside");
  }
  std::string at(const std::string& name) const { return target.path() + "/" + name; }
  bool outside_is_untouched() const {
    return read_file(outside + "/secret") == "secret" &&
           std::distance(fs::directory_iterator(outside), fs::directory_iterator()) == 1;
  }
};

}  // namespace

TEST_CASE("target folder: is made with those above it, or has to be there") {
  const TempDir folder(memory_folder());
  CHECK(code_of([&] { TargetDir(folder / "a", false); }) == Code::not_found);
  CHECK(code_of([&] { TargetDir("", true); }) == Code::invalid_argument);
  write_file(folder / "file", "x");
  CHECK(code_of([&] { TargetDir(folder / "file", true); }) != Code::ok);
  CHECK(code_of([&] { TargetDir(folder / "file/x", true); }) != Code::ok);

  const TargetDir target(folder / "a/b/c/", true);
  CHECK(target.path() == folder / "a/b/c");
  CHECK((stat_of(folder / "a/b").st_mode & 07777) == 0700);
  CHECK(TargetDir(folder / "a", true).fd() >= 0);
  // The user's own path may lead through links.
  fs::create_symlink("a", folder / "link");
  CHECK(TargetDir(folder / "link/b", false).stat("c"));
}

TEST_CASE("target folder: looking, opening, reading links") {
  const Place place;
  fs::create_symlink("sub/file", place.at("link"));
  CHECK(S_ISDIR(place.target.stat("")->st_mode));
  CHECK(S_ISDIR(place.target.stat("sub")->st_mode));
  CHECK(place.target.stat("sub/file")->st_size == 6);
  CHECK(S_ISLNK(place.target.stat("link")->st_mode));
  CHECK_FALSE(place.target.stat("missing"));
  CHECK_FALSE(place.target.stat("missing/file"));
  CHECK_FALSE(place.target.stat("sub/file/below"));
  CHECK_FALSE(place.target.stat("link/below"));

  CHECK(read_all(place.target.open_file("sub/file", O_RDONLY)) == "inside");
  CHECK(place.target.open_file("new", O_RDWR | O_CREAT | O_EXCL, 0640).get() >= 0);
  CHECK((stat_of(place.at("new")).st_mode & 0777 & ~0640U) == 0);
  CHECK(place.target.open_dir("sub").get() >= 0);
  CHECK(place.target.open_dir("").get() >= 0);
  CHECK(place.target.read_link("link") == "sub/file");

  const auto open_file = [&](const char* path, int flags) {
    return code_of([&] { place.target.open_file(path, flags); });
  };
  const auto open_dir = [&](const char* path) {
    return code_of([&] { place.target.open_dir(path); });
  };
  CHECK(open_file("missing", O_RDONLY) == Code::not_found);
  CHECK(open_file("sub", O_RDONLY) == Code::invalid_state);
  CHECK(open_file("sub", O_WRONLY) == Code::invalid_state);
  CHECK(open_file("link", O_RDONLY) == Code::invalid_state);
  CHECK(open_file("link", O_WRONLY | O_CREAT) == Code::invalid_state);
  CHECK(open_file("new", O_WRONLY | O_CREAT | O_EXCL) == Code::exists);
  CHECK(open_dir("missing") == Code::not_found);
  CHECK(open_dir("sub/file") == Code::invalid_state);
  CHECK(open_dir("link") == Code::invalid_state);
  CHECK(code_of([&] { place.target.read_link("missing"); }) == Code::not_found);
  CHECK(code_of([&] { place.target.read_link("sub"); }) != Code::ok);
}

TEST_CASE("target folder: long links and long paths") {
  const Place place;
  const std::string long_target(2000, 'x');
  fs::create_symlink(long_target, place.at("link"));
  CHECK(place.target.read_link("link") == long_target);

  std::string path = std::string(200, 'd');
  place.target.make_dir(path);
  for (int i = 0; i < 30; ++i) {
    path += "/" + std::string(200, 'd');
    place.target.make_dir(path);
  }
  REQUIRE(path.size() > 4096);
  place.target.open_file(path + "/file", O_WRONLY | O_CREAT);
  CHECK(place.target.stat(path + "/file"));
  place.target.remove(std::string(200, 'd'));
  CHECK_FALSE(place.target.stat(std::string(200, 'd')));
}

TEST_CASE("target folder: a fifo or socket in place of a file never hangs") {
  const Place place;
  REQUIRE(::mkfifo(place.at("fifo").c_str(), 0600) == 0);
  for (const int flags : {O_RDONLY, O_WRONLY, O_RDWR, O_WRONLY | O_CREAT | O_TRUNC}) {
    CHECK(code_of([&] { place.target.open_file("fifo", flags); }) == Code::invalid_state);
  }
  const Fd socket(::socket(AF_UNIX, SOCK_STREAM, 0));
  struct sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  place.at("socket").copy(address.sun_path, sizeof address.sun_path - 1);
  REQUIRE(::bind(socket.get(), reinterpret_cast<struct sockaddr*>(&address), sizeof address) == 0);
  CHECK(code_of([&] { place.target.open_file("socket", O_RDONLY); }) == Code::invalid_state);
}

TEST_CASE("target folder: make_dir and remove") {
  const Place place;
  place.target.make_dir("");
  place.target.make_dir("sub");
  CHECK(read_file(place.at("sub/file")) == "inside");
  place.target.make_dir("sub/file");  // a file in the way
  CHECK(fs::is_directory(place.at("sub/file")));
  place.target.make_dir("a/b/c");
  CHECK(fs::is_directory(place.at("a/b/c")));
  CHECK((stat_of(place.at("a/b/c")).st_mode & 07777) == 0700);

  write_file(place.at("x"), "x");
  place.target.make_dir("x/y");  // a file on the way
  CHECK(fs::is_directory(place.at("x/y")));

  write_file(place.at("a/b/file"), "x");
  fs::create_symlink(place.outside, place.at("a/b/link"));
  REQUIRE(::mkfifo(place.at("a/b/c/fifo").c_str(), 0600) == 0);
  place.target.remove("a");
  CHECK_FALSE(fs::exists(place.at("a")));
  place.target.remove("a");
  place.target.remove("missing/below");
  place.target.remove("x");
  CHECK_FALSE(fs::exists(place.at("x")));
  CHECK(code_of([&] { place.target.remove(""); }) == Code::invalid_argument);
  CHECK(place.outside_is_untouched());
}

TEST_CASE("target folder: no path leads out of it") {
  const Place place;
  for (const std::string path :
       {"..", "../outside", "../outside/secret", "sub/../../outside/secret", "/etc/passwd", "/",
        "sub/", "sub//file", "./sub", ".", "sub/./file", "sub/..", "//"}) {
    CAPTURE(path);
    CHECK(code_of([&] { place.target.stat(path); }) == Code::invalid_argument);
    CHECK(code_of([&] { place.target.open_dir(path); }) == Code::invalid_argument);
    CHECK(code_of([&] { place.target.open_file(path, O_RDONLY); }) == Code::invalid_argument);
    CHECK(code_of([&] { place.target.read_link(path); }) == Code::invalid_argument);
    CHECK(code_of([&] { place.target.make_dir(path); }) == Code::invalid_argument);
    CHECK(code_of([&] { place.target.remove(path); }) == Code::invalid_argument);
  }
  CHECK(code_of([&] { place.target.stat(std::string("a\0b", 3)); }) == Code::invalid_argument);
  CHECK(place.outside_is_untouched());
}

TEST_CASE("target folder: links are never followed") {
  const Place place;
  for (const auto& one : std::vector<std::pair<std::string, std::string>>{
           {"absolute", place.outside}, {"relative", "../outside"}, {"inside", "sub"}}) {
    const std::string& name = one.first;
    CAPTURE(name);
    fs::create_symlink(one.second, place.at(name));
    CHECK(code_of([&] { place.target.open_file(name + "/secret", O_RDONLY); }) ==
          Code::invalid_state);
    CHECK(code_of([&] { place.target.open_file(name + "/new", O_WRONLY | O_CREAT); }) ==
          Code::invalid_state);
    CHECK(code_of([&] { place.target.open_dir(name); }) == Code::invalid_state);
    CHECK_FALSE(place.target.stat(name + "/secret"));
    place.target.remove(name + "/secret");
    CHECK(fs::is_symlink(place.at(name)));
    place.target.make_dir(name + "/below");  // the link becomes a folder
    CHECK_FALSE(fs::is_symlink(place.at(name)));
    CHECK(fs::is_directory(place.at(name + "/below")));
  }
  CHECK(place.outside_is_untouched());
  CHECK(read_file(place.at("sub/file")) == "inside");
}

TEST_CASE("target folder: a folder that a racing thread swaps for a link leads nowhere") {
  const Place place;
  const std::string sub = place.at("sub");
  const std::string link = place.at("link");
  fs::create_symlink(place.outside, link);
  std::atomic<bool> done = false;
  std::thread racer([&] {
    while (!done) {
      ::renameat2(AT_FDCWD, sub.c_str(), AT_FDCWD, link.c_str(), RENAME_EXCHANGE);
    }
  });
  int opened = 0;
  for (int round = 0; round < 20'000; ++round) {
    try {
      const Fd fd = place.target.open_file("sub/secret", O_RDONLY);
      FAIL_CHECK("the file outside was opened");
    } catch (const Error&) {
    }
    try {
      place.target.open_file("sub/new", O_WRONLY | O_CREAT);
      ++opened;
    } catch (const Error&) {
    }
    try {
      place.target.remove("sub/secret");
      place.target.remove("sub/new");
    } catch (const Error&) {
    }
  }
  done = true;
  racer.join();
  CHECK(opened > 0);
  CHECK(place.outside_is_untouched());
}

TEST_CASE("target folder: an unreadable folder is a permission error") {
  const Place place;
  ::chmod(place.at("sub").c_str(), 0);
  ::chmod(place.folder.path().c_str(), 0755);
  ::chmod(place.target.path().c_str(), 0755);
  CHECK(holds_without_privilege([&] {
    const TargetDir target(place.target.path(), false);
    return code_of([&] { target.open_dir("sub"); }) == Code::permission &&
           code_of([&] { target.open_file("sub/file", O_RDONLY); }) == Code::permission &&
           code_of([&] { target.stat("sub/file"); }) == Code::permission;
  }));
  ::chmod(place.at("sub").c_str(), 0700);
}
