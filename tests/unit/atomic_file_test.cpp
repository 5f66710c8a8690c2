#include "base/atomic_file.hpp"

#include "support.hpp"
#include "support/files.hpp"

namespace sapdr::test {

namespace {

using Existing = AtomicFile::Existing;

Fd open_folder(const std::string& path) {
  return Fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

size_t n_entries(const std::string& path) {
  const std::filesystem::directory_iterator entries(path);
  return static_cast<size_t>(std::distance(begin(entries), end(entries)));
}

}  // namespace

TEST_CASE("atomic file: it is there when it is whole") {
  const TempDir dir;
  const Fd folder = open_folder(dir.path());
  AtomicFile file(folder.get(), "name", dir / "name", 0640);
  file.write(as_bytes("first "));
  file.write(as_bytes("second"));
  CHECK_FALSE(std::filesystem::exists(dir / "name"));
  CHECK(n_entries(dir.path()) == 1);
  file.publish(Existing::keep);
  CHECK(read_file(dir / "name") == "first second");
  CHECK(n_entries(dir.path()) == 1);
}

TEST_CASE("atomic file: one that is not published leaves nothing, and the old one as it was") {
  const TempDir dir;
  const Fd folder = open_folder(dir.path());
  write_file(dir / "name", "old");
  {
    AtomicFile file(folder.get(), "name", dir / "name", 0600);
    file.write(as_bytes("new"));
  }
  CHECK(read_file(dir / "name") == "old");
  CHECK(n_entries(dir.path()) == 1);
}

TEST_CASE("atomic file: what exists is kept or replaced") {
  const TempDir dir;
  const Fd folder = open_folder(dir.path());
  write_file(dir / "name", "old");
  const auto publish = [&](Existing existing) {
    AtomicFile file(folder.get(), "name", dir / "name", 0600);
    file.write(as_bytes("new"));
    file.publish(existing);
  };
  CHECK(code_of([&] { publish(Existing::keep); }) == Code::exists);
  CHECK(read_file(dir / "name") == "old");
  publish(Existing::replace);
  CHECK(read_file(dir / "name") == "new");
  CHECK(n_entries(dir.path()) == 1);
}

TEST_CASE("atomic file: a folder that is gone is told") {
  const TempDir dir;
  make_folder(dir / "gone");
  const Fd folder = open_folder(dir / "gone");
  std::filesystem::remove(dir / "gone");
  CHECK(code_of([&] { AtomicFile(folder.get(), "name", dir / "gone/name", 0600); }) ==
        Code::not_found);
}

TEST_CASE("atomic file: its temporary name is known, and no other") {
  const TempDir dir;
  const Fd folder = open_folder(dir.path());
  const AtomicFile file(folder.get(), "name", dir / "name", 0600);
  const std::string entry =
      std::filesystem::directory_iterator(dir.path())->path().filename().string();
  CHECK(is_temporary_of(entry, "name"));
  CHECK_FALSE(is_temporary_of(entry, "nam"));
  for (const char* other : {"name", "name-tmp-", "name-tmp-0123456789abcde",
                            "name-tmp-0123456789abcdeg", "name-tmp-0123456789abcdef0", ""}) {
    CHECK_FALSE(is_temporary_of(other, "name"));
  }
}

}  // namespace sapdr::test
