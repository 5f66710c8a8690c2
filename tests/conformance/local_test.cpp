#include "storage/local.hpp"

#include <doctest/doctest.h>
#include <sys/mount.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "../support/errors.hpp"
#include "../support/files.hpp"
#include "backend_suite.hpp"
#include "base/context.hpp"
#include "base/error.hpp"
#include "storage/open.hpp"

using namespace sapdr::core;
using namespace sapdr::test;

namespace {

const std::string id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

// Every file below a folder.
std::vector<std::string> files_below(const std::string& path) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
    if (!entry.is_directory()) files.push_back(entry.path().lexically_relative(path).string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

unsigned mode_of(const std::string& path) {
  return stat_of(path).st_mode & 07777;
}

}  // namespace

TEST_CASE("local") {
  std::optional<TempDir> folder;
  test_backend([&](bool same) {
    if (!same) folder.emplace(memory_folder());
    const BackendPtr backend = open_local(*folder / "repo");
    if (!same) backend->create();
    return backend;
  });
}

TEST_CASE("local: the layout and the modes are restic's") {
  const TempDir folder;
  const std::string repo = folder / "a/b/repo";
  const BackendPtr backend = open_local(repo + "/");
  CHECK(backend->location() == repo);
  backend->create();
  for (const FileType type : {FileType::key, FileType::lock, FileType::snapshot, FileType::index,
                              FileType::pack, FileType::verified}) {
    backend->save({type, id}, as_bytes("x"));
  }
  backend->save({FileType::config, ""}, as_bytes("x"));
  CHECK(files_below(repo) == std::vector<std::string>{"config", "data/01/" + id, "index/" + id,
                                                      "keys/" + id, "locks/" + id,
                                                      "sapdr/verified/" + id, "snapshots/" + id});
  CHECK(std::filesystem::is_directory(repo + "/data/00"));
  CHECK(std::filesystem::is_directory(repo + "/data/ff"));
  for (const std::string& file : files_below(repo)) CHECK(mode_of(repo + "/" + file) == 0400);
  for (const char* sub : {"", "/data", "/data/01", "/keys", "/sapdr/verified"}) {
    CHECK(mode_of(repo + sub) == 0700);
  }
}

TEST_CASE("local: a config that a group may read shares the repository with the group") {
  const TempDir folder(memory_folder());
  open_local(folder / "repo")->create();
  write_file(folder / "repo/config", "x");
  ::chmod((folder / "repo/config").c_str(), 0440);
  std::filesystem::remove_all(folder / "repo/data/01");
  const mode_t umask = ::umask(0007);
  open_local(folder / "repo")->save({FileType::pack, id}, as_bytes("x"));
  ::umask(umask);
  CHECK(mode_of(folder / ("repo/data/01/" + id)) == 0440);
  CHECK(mode_of(folder / "repo/data/01") == 0770);
}

TEST_CASE("local: a missing folder of packs is made when it is needed") {
  const TempDir folder(memory_folder());
  const BackendPtr backend = open_local(folder / "repo");
  backend->create();
  std::filesystem::remove_all(folder / "repo/data");
  backend->list(FileType::pack, [](const ObjectInfo&) { FAIL("there is none"); });
  backend->save({FileType::pack, id}, as_bytes("x"));
  CHECK(backend->size_of({FileType::pack, id}) == 1);
}

TEST_CASE("local: leftovers of interrupted saves and foreign files are never told") {
  const TempDir folder(memory_folder());
  const BackendPtr backend = open_local(folder / "repo");
  backend->create();
  write_file(folder / ("repo/data/01/" + id + "-tmp-0123"), "half");
  write_file(folder / "repo/data/01/README", "x");
  write_file(folder / "repo/data/README", "x");
  write_file(folder / ("repo/data/02/" + id), "in the folder of another prefix");
  make_folder(folder / ("repo/data/01/01" + id.substr(2)));
  write_file(folder / ("repo/keys/" + id + "-tmp-0123"), "half");
  for (const FileType type : {FileType::pack, FileType::key}) {
    backend->list(type, [](const ObjectInfo& object) { FAIL(object.name); });
  }
}

TEST_CASE("local: a folder that is not there is not_found, and not made by a save") {
  const TempDir folder(memory_folder());
  const BackendPtr backend = open_local(folder / "not/mounted");
  const FileName file{FileType::pack, id};
  std::byte one{};
  CHECK_FALSE(backend->exists(file));
  CHECK_FALSE(backend->exists({FileType::config, ""}));
  CHECK(code_of([&] { backend->load(file, 0, {&one, 1}); }) == Code::not_found);
  CHECK(code_of([&] { backend->size_of(file); }) == Code::not_found);
  CHECK(code_of([&] { backend->list(FileType::pack, {}); }) == Code::not_found);
  CHECK(code_of([&] { backend->list(FileType::config, {}); }) == Code::not_found);
  CHECK(code_of([&] { backend->save(file, {}); }) == Code::not_found);
  CHECK(code_of([&] { backend->erase(file); }) == Code::not_found);
  CHECK_FALSE(std::filesystem::exists(folder / "not"));
}

TEST_CASE("local: what is no file in the place of an object is corrupt, and never hangs") {
  const TempDir folder(memory_folder());
  const BackendPtr backend = open_local(folder / "repo");
  backend->create();
  const std::string path = folder / ("repo/keys/" + id);
  std::byte one{};
  const auto load = [&] {
    return code_of([&] { backend->load({FileType::key, id}, 0, {&one, 1}); });
  };
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  CHECK(load() == Code::corrupt);
  CHECK(code_of([&] { backend->size_of({FileType::key, id}); }) == Code::corrupt);
  CHECK(code_of([&] { backend->save({FileType::key, id}, {}); }) == Code::exists);
  ::unlink(path.c_str());
  make_folder(path);
  CHECK(load() == Code::corrupt);
  CHECK(code_of([&] { backend->save({FileType::key, id}, {}); }) == Code::exists);
}

TEST_CASE("local: a read-only folder is a permission error that names the path") {
  const TempDir folder(memory_folder());
  ::chmod(folder.path().c_str(), 0755);
  const BackendPtr backend = open_local(folder / "repo");
  backend->create();
  backend->save({FileType::key, id}, as_bytes("x"));
  ::chmod((folder / "repo").c_str(), 0555);
  ::chmod((folder / "repo/keys").c_str(), 0555);
  std::string other = id;
  other[0] = 'f';
  const auto fails = [&] {
    try {
      backend->save({FileType::key, other}, as_bytes("x"));
    } catch (const Error& error) {
      return error.code() == Code::permission &&
             *error.detail("path") == folder / "repo/keys/" + other;
    }
    return false;
  };
  CHECK(holds_without_privilege(fails));
  CHECK(holds_without_privilege([&] {
    return code_of([&] {
             backend->erase({FileType::key, id});
           }) == Code::permission &&
           code_of([&] { open_local(folder / "repo/new")->create(); }) == Code::permission;
  }));
  ::chmod((folder / "repo").c_str(), 0755);
  ::chmod((folder / "repo/keys").c_str(), 0755);
}

TEST_CASE("local: a full disk is no_space, names the path and leaves nothing behind") {
  const TempDir folder(memory_folder());
  const std::string disk = folder / "disk";
  make_folder(disk);
  if (::mount("none", disk.c_str(), "tmpfs", 0, "size=1m") != 0) {
    MESSAGE("skipped: may not mount a small filesystem");
    return;
  }
  const BackendPtr backend = open_local(disk + "/repo");
  backend->create();
  const FileName file{FileType::pack, id};
  try {
    backend->save(file, as_bytes(std::string(2 << 20, 'x')));
    FAIL("two megabytes fit into one");
  } catch (const Error& error) {
    CHECK(error.code() == Code::no_space);
    CHECK(*error.detail("path") == disk + "/repo/data/01/" + id);
  }
  CHECK_FALSE(backend->exists(file));
  CHECK(files_below(disk).empty());
  backend->save(file, as_bytes("small"));
  CHECK(backend->size_of(file) == 5);
  ::umount(disk.c_str());
}

TEST_CASE("open: locations") {
  const ContextPtr context = std::make_shared<const Context>(Context::Settings{});
  const auto location = [&](const char* text) { return open_backend(context, text)->location(); };
  const auto code = [&](const char* text) { return code_of([&] { open_backend(context, text); }); };
  CHECK(location("/srv/repo") == "/srv/repo");
  CHECK(location("local:/srv/repo//") == "/srv/repo");
  CHECK(location("relative/repo") == "relative/repo");
  CHECK(location("./with:colon") == "./with:colon");
  CHECK(location("local:with:colon") == "with:colon");
  CHECK(location("/") == "/");
  CHECK(location("memory:") == "memory:");
  CHECK(code("") == Code::invalid_argument);
  CHECK(code("local:") == Code::invalid_argument);
  CHECK(code("memory:x") == Code::unsupported);
  CHECK(code("s3:https://host/bucket") == Code::unsupported);
  try {
    open_backend(context, "rest:https://user:secret@host/");
    FAIL("no such storage");
  } catch (const Error& error) {
    CHECK(error.message().find("secret") == std::string::npos);
    CHECK(error.message().find("rest:") != std::string::npos);
  }
}
