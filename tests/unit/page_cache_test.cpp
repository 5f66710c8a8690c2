#include "base/page_cache.hpp"

#include <sys/mman.h>
#include <sys/vfs.h>

#include <algorithm>
#include <functional>
#include <vector>

#include "../support/files.hpp"
#include "component/files/file_reader.hpp"
#include "component/files/file_source.hpp"
#include "operation/backup.hpp"
#include "operation/check.hpp"
#include "operation/verify.hpp"
#include "repository/snapshots.hpp"
#include "storage/local.hpp"
#include "support.hpp"

namespace fs = std::filesystem;

namespace sapdr::test {

namespace {

constexpr size_t mib = 1024 * 1024;
constexpr size_t page = 4096;

// A folder on a disk: what lies in memory only cannot be dropped from a cache.
std::string disk_folder() {
  const auto is_memory = [](const std::string& folder) {
    constexpr long tmpfs = 0x01021994;
    constexpr long ramfs = 0x858458f6;
    struct statfs st;
    if (::statfs(folder.c_str(), &st) != 0) return true;
    return st.f_type == tmpfs || st.f_type == ramfs;
  };
  const std::string own = fs::canonical("/proc/self/exe").parent_path().string();
  for (const std::string& folder : {own, std::string("/var/tmp"), std::string("/tmp")}) {
    if (!is_memory(folder) && ::access(folder.c_str(), W_OK) == 0) return folder;
  }
  throw std::runtime_error("no folder on a disk was found");
}

Fd open_file(const std::string& path) {
  Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  REQUIRE(fd);
  return fd;
}

// A page each: whether it is in the page cache.
std::vector<bool> pages_of(const std::string& path) {
  const Fd fd = open_file(path);
  const auto size = static_cast<size_t>(stat_of(path).st_size);
  std::vector<unsigned char> there((size + page - 1) / page);
  void* const map = ::mmap(nullptr, size, PROT_NONE, MAP_SHARED, fd.get(), 0);
  REQUIRE(map != MAP_FAILED);
  REQUIRE(::mincore(map, size, there.data()) == 0);
  ::munmap(map, size);
  std::vector<bool> pages;
  for (const unsigned char one : there) pages.push_back((one & 1) != 0);
  return pages;
}

size_t n_cached(const std::string& path) {
  const std::vector<bool> pages = pages_of(path);
  return static_cast<size_t>(std::count(pages.begin(), pages.end(), true));
}

// What is dirty cannot be dropped.
void drop(const std::string& path) {
  const Fd fd = open_file(path);
  REQUIRE(::fsync(fd.get()) == 0);
  REQUIRE(::posix_fadvise(fd.get(), 0, 0, POSIX_FADV_DONTNEED) == 0);
  REQUIRE(n_cached(path) == 0);
}

// Machines that need memory for others take pages at any moment. What drops a page that should stay
// does so each time.
void check_that_stays(const std::function<bool()>& attempt) {
  bool is_right = false;
  for (int i = 0; i < 10 && !is_right; ++i) is_right = attempt();
  CHECK(is_right);
}

void read_range(const std::string& path, off_t offset, size_t size) {
  const Fd fd = open_file(path);
  REQUIRE(::posix_fadvise(fd.get(), 0, 0, POSIX_FADV_RANDOM) == 0);  // and nothing ahead
  Bytes buffer(size);
  REQUIRE(::pread(fd.get(), buffer.data(), size, offset) == static_cast<ssize_t>(size));
}

// So that all of it is in the page cache.
void warm_up(const std::string& path) {
  const Fd fd = open_file(path);
  Bytes buffer(mib);
  while (::read(fd.get(), buffer.data(), buffer.size()) > 0) {
  }
}

// A file of random bytes that is not in the page cache.
std::string make_cold(const std::string& path, size_t size) {
  static Random random;  // no file has what another one has
  write_file(path, random.bytes(size));
  drop(path);
  return path;
}

void read_to_the_end(const std::string& path) {
  LocalFileReader reader(open_file(path), stat_of(path), path);
  Bytes buffer(mib);
  FileReader::Piece piece;
  uint64_t size = 0;
  do {
    piece = reader.read(buffer);
    size += piece.size + piece.hole;
  } while (piece.size + piece.hole != 0);
  CHECK(size == static_cast<uint64_t>(stat_of(path).st_size));
}

}  // namespace

TEST_CASE("page cache: a file that was not there is not there after it was read") {
  const TempDir folder(disk_folder());
  const std::string path = make_cold(folder / "file", 75 * mib + 123);
  read_to_the_end(path);
  CHECK(n_cached(path) == 0);
}

TEST_CASE("page cache: a file that was there stays") {
  const TempDir folder(disk_folder());
  const std::string path = make_cold(folder / "file", 75 * mib + 123);
  check_that_stays([&] {
    warm_up(path);
    read_to_the_end(path);
    return n_cached(path) == 75 * mib / page + 1;
  });
}

TEST_CASE("page cache: of a file that was there in parts these parts stay") {
  const TempDir folder(disk_folder());
  const std::string path = make_cold(folder / "file", 75 * mib + 123);
  check_that_stays([&] {
    drop(path);
    for (const size_t offset : {size_t{0}, 3 * mib + page, 31 * mib, 40 * mib, 70 * mib}) {
      read_range(path, static_cast<off_t>(offset), 2 * mib - 10 * page);
    }
    const std::vector<bool> before = pages_of(path);
    read_to_the_end(path);
    return pages_of(path) == before;
  });
}

TEST_CASE("page cache: windows behind holes, small files and empty ones") {
  const TempDir folder(disk_folder());
  const std::string sparse = folder / "sparse";
  write_file(sparse, Random().bytes(100'000));
  fs::resize_file(sparse, 200 * mib);
  std::ofstream(sparse, std::ios::app | std::ios::binary) << Random().bytes(3 * mib);
  drop(sparse);
  read_to_the_end(sparse);
  CHECK(n_cached(sparse) == 0);
  const std::string small = make_cold(folder / "small", 70'000);
  read_to_the_end(small);
  CHECK(n_cached(small) == 0);
  write_file(folder / "empty", "");
  read_to_the_end(folder / "empty");
}

TEST_CASE("page cache: packs are dropped once they are written, and when they were read whole") {
  const TempDir folder(disk_folder());
  const BackendPtr backend = open_local(folder / "repo");
  backend->create();
  const FileName pack{FileType::pack, std::string(64, 'a')};
  const FileName index{FileType::index, std::string(64, 'b')};
  const std::string content = Random().bytes(5 * mib + 7);
  backend->save(pack, as_bytes(content));
  backend->save(index, as_bytes(content));
  const std::string path = folder / ("repo/data/aa/" + pack.name);
  CHECK(n_cached(path) == 0);
  CHECK(n_cached(folder / ("repo/index/" + index.name)) > 0);

  Bytes data(content.size());
  backend->load(pack, 0, data);
  CHECK(n_cached(path) == 0);
  backend->load(pack, 2 * mib, ByteSpan(data).first(100'000));
  CHECK(n_cached(path) > 0);  // one blob; its neighbours may be asked for next
  check_that_stays([&] {
    warm_up(path);
    backend->load(pack, 0, data);
    return n_cached(path) == (content.size() + page - 1) / page;
  });
}

TEST_CASE("page cache: backup, check and verify leave it as it was") {
  const TempDir folder(disk_folder());
  make_folder(folder / "source");
  const std::string cold = make_cold(folder / "source/cold", 40 * mib);
  const std::string warm = make_cold(folder / "source/warm", 20 * mib);
  const auto leaves_as_before = [&](const std::function<void()>& run) {
    check_that_stays([&] {
      drop(cold);  // what one attempt left would count as being there in the next one
      warm_up(warm);
      run();
      return n_cached(cold) == 0 && n_cached(warm) == 20 * mib / page;
    });
  };

  Context::Settings threads;
  threads.threads = 2;
  const auto context = std::make_shared<const Context>(threads);
  InitSettings settings;
  settings.cost = {.n = 16, .r = 1, .p = 1};
  const std::string_view password = "correct horse";
  settings.password = SecretBytes(as_bytes(password).begin(), as_bytes(password).end());
  const BackendPtr backend = open_local(folder / "repo");
  const RepositoryPtr repository = Repository::init(context, backend, settings);
  Progress progress;
  leaves_as_before([&] {
    const RepositoryLock lock(*repository, LockMode::shared, progress);
    FileSourceOptions files;
    files.paths = {folder / "source"};
    const auto source = make_file_source(std::move(files));
    BackupOptions options;
    options.parent = "none";
    BackupResult result;
    backup(*repository, lock, *source, options, result, progress);
    CHECK(result.bytes_read == 60 * mib);
  });
  const auto n_cached_packs = [&] {
    size_t n = 0;
    for (const auto& entry : fs::recursive_directory_iterator(folder / "repo/data")) {
      if (entry.is_regular_file() && entry.file_size() > 4 * mib) n += n_cached(entry.path());
    }
    return n;
  };
  CHECK(n_cached_packs() == 0);
  CheckOptions all;
  all.read_data = true;
  CheckResult checked;
  check(*repository, all, checked, progress);
  CHECK(checked.bytes_read > 60 * mib);
  CHECK(n_cached_packs() == 0);
  leaves_as_before([&] {
    VerifyResult verified;
    verify(*repository, find_snapshot(*repository, "latest:" + (folder / "source"), {}),
           folder / "source", {}, verified, progress);
    CHECK(verified.matching == 2);
  });
}

}  // namespace sapdr::test
