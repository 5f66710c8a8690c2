#include "storage/local.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <set>
#include <vector>

#include "base/atomic_file.hpp"
#include "base/encoding.hpp"
#include "base/open_fd.hpp"
#include "base/page_cache.hpp"
#include "storage/facts.hpp"
#include "storage/layout.hpp"

namespace sapdr::core {

namespace {

constexpr size_t min_passing = 4 * 1024 * 1024;

// "00" to "ff": the folders of packs.
std::vector<std::string> pack_prefixes() {
  std::vector<std::string> prefixes;
  for (unsigned i = 0; i < 256; ++i) {
    const std::byte digits{static_cast<unsigned char>(i)};
    prefixes.push_back(to_hex(ByteView(&digits, 1)));
  }
  return prefixes;
}

std::string join(const std::string& folder, const std::string& name) {
  if (folder.empty()) return name;
  return name.empty() ? folder : folder + "/" + name;
}

struct DirCloser {
  void operator()(DIR* dir) const { ::closedir(dir); }
};
using Dir = std::unique_ptr<DIR, DirCloser>;

Dir open_list(Fd fd, const std::string& path) {
  Dir dir(::fdopendir(fd.get()));
  if (!dir) throw system_error(errno, "list", path);
  fd.release();
  return dir;
}

ObjectInfo info_of(std::string_view name, const struct stat& st) {
  return {name, static_cast<uint64_t>(st.st_size),
          st.st_mtim.tv_sec * 1'000'000'000 + st.st_mtim.tv_nsec};
}

// nullptr at the end.
const char* next_name(DIR* dir, const std::string& path) {
  errno = 0;
  const dirent* entry = ::readdir(dir);
  if (entry == nullptr && errno != 0) throw system_error(errno, "list", path);
  return entry == nullptr ? nullptr : entry->d_name;
}

class LocalBackend final : public Backend {
 public:
  explicit LocalBackend(std::string path) : path_(std::move(path)) {
    while (path_.size() > 1 && path_.back() == '/') path_.pop_back();
  }

  std::string location() const override { return path_; }
  unsigned max_parallel() const override { return 4; }
  bool is_remote() const override { return false; }

  void create() override {
    make_root();
    const Fd root = open_root();
    for (const FileType type :
         {FileType::key, FileType::lock, FileType::snapshot, FileType::index, FileType::pack}) {
      make_one_folder(root.get(), folder_of(type));
    }
    for (const std::string& prefix : pack_prefixes()) {
      make_one_folder(root.get(), join(folder_of(FileType::pack), prefix));
    }
    for (const std::string folder : {"", "data"}) {
      sync(open_folder(root.get(), folder).get(), full(folder));
    }
  }

  bool exists(const FileName& file) override {
    struct stat st;
    if (stat(file, st)) return S_ISREG(st.st_mode);
    if (errno == ENOENT || errno == ENOTDIR) return false;
    throw system_error(errno, "look at", path_of(file));
  }

  uint64_t size_of(const FileName& file) override {
    struct stat st;
    if (!stat(file, st)) throw system_error(errno, "look at", path_of(file));
    require_regular(file, st);
    return static_cast<uint64_t>(st.st_size);
  }

  void load(const FileName& file, uint64_t offset, ByteSpan out) override;
  void save(const FileName& file, ByteView data) override;
  void list(FileType type, const ObjectVisitor& each) override;
  void sync_names(FileType type) override;
  StorageFacts facts() override;

  void erase(const FileName& file) override {
    require_valid(file);
    const std::string path = path_of(file);
    if (file.type == FileType::index) sync_what_others_did(file.type);
    if (::unlink(path.c_str()) != 0) throw system_error(errno, "remove", path);
    // After a power cut nothing may come back that names what was removed after it: a snapshot or
    // an index without its packs. Packs name nothing, and there may be many of them; nor do locks.
    if (file.type == FileType::pack || file.type == FileType::lock) return;
    const Fd root = open_root();
    sync(open_folder(root.get(), folder_of(file)).get(), path);
  }

 private:
  std::string full(const std::string& relative) const { return join(path_, relative); }
  std::string path_of(const FileName& file) const { return full(core::path_of(file)); }

  bool stat(const FileName& file, struct stat& st) const {
    require_valid(file);
    return ::stat(path_of(file).c_str(), &st) == 0;
  }

  void require_regular(const FileName& file, const struct stat& st) const {
    if (S_ISREG(st.st_mode)) return;
    throw Error(Code::corrupt, path_of(file) + " is not an ordinary file: restore it from a copy")
        .with("path", path_of(file));
  }

  void make_root() const;
  Fd open_root() const;
  std::optional<int64_t> clock_behind(int root) const;
  Fd open_folder(int root, const std::string& relative) const;
  bool make_one_folder(int root, const std::string& relative) const;
  void make_folder(int root, const std::string& relative) const;
  Fd open_or_make_folder(const FileName& file);
  void sync_pack_folder(int root, const std::string& relative);
  void sync_what_others_did(FileType type);
  void list_folder(Fd folder, const std::string& relative, std::string_view prefix,
                   const ObjectVisitor& each) const;

  // As restic has it: whoever lets a group read the config shares the repository with that group.
  bool is_shared() const {
    int known = shared_.load(std::memory_order_relaxed);
    if (known < 0) {
      struct stat st;
      if (::stat(full("config").c_str(), &st) != 0) return false;
      known = (st.st_mode & S_IRGRP) != 0 ? 1 : 0;
      shared_.store(known, std::memory_order_relaxed);
    }
    return known == 1;
  }
  mode_t folder_mode() const { return is_shared() ? 0770 : 0700; }
  mode_t file_mode() const { return is_shared() ? 0440 : 0400; }

  std::string path_;
  mutable std::atomic<int> shared_{-1};  // -1: not known yet
  std::mutex synced_mutex_;
  std::set<std::string> synced_;  // folders of packs that a power cut leaves
};

// Makes the folder of the repository with its parents; each survives a power cut.
void LocalBackend::make_root() const {
  for (size_t end = 1; end <= path_.size(); ++end) {
    if (end != path_.size() && path_[end] != '/') continue;
    const std::string part = path_.substr(0, end);
    if (::mkdir(part.c_str(), 0700) != 0) {
      if (errno == EEXIST) continue;
      struct stat st;  // EACCES or EROFS above a folder that is there is no obstacle
      const int error = errno;
      if (::stat(part.c_str(), &st) == 0 && S_ISDIR(st.st_mode)) continue;
      throw system_error(error, "create the folder", part);
    }
    const size_t slash = part.find_last_of('/');
    const std::string parent = slash == std::string::npos ? "." : part.substr(0, slash + 1);
    const Fd fd = open_fd(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd) sync(fd.get(), parent);
  }
}

Fd LocalBackend::open_root() const {
  Fd fd = open_fd(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (!fd) throw system_error(errno, "open the folder", path_);
  return fd;
}

Fd LocalBackend::open_folder(int root, const std::string& relative) const {
  const char* path = relative.empty() ? "." : relative.c_str();
  Fd fd = open_fd_at(root, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (!fd) throw system_error(errno, "open the folder", full(relative));
  return fd;
}

// False if it is there already.
bool LocalBackend::make_one_folder(int root, const std::string& relative) const {
  if (::mkdirat(root, relative.c_str(), folder_mode()) == 0) return true;
  if (errno != EEXIST) throw system_error(errno, "create the folder", full(relative));
  return false;
}

// Makes a folder with those above it; each survives a power cut.
void LocalBackend::make_folder(int root, const std::string& relative) const {
  for (size_t end = 0; end < relative.size();) {
    const std::string parent = relative.substr(0, end);
    end = std::min(relative.find('/', end + 1), relative.size());
    if (make_one_folder(root, relative.substr(0, end))) {
      sync(open_folder(root, parent).get(), full(parent));
    }
  }
}

// Never makes the folder of the repository itself: a disk that is not mounted must not be mistaken
// for an empty repository.
Fd LocalBackend::open_or_make_folder(const FileName& file) {
  const Fd root = open_root();
  const std::string relative = folder_of(file);
  Fd folder = open_fd_at(root.get(), relative.empty() ? "." : relative.c_str(),
                         O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (!folder && errno != ENOENT) throw system_error(errno, "open the folder", full(relative));
  if (!folder) {
    make_folder(root.get(), relative);
    folder = open_folder(root.get(), relative);
  }
  if (file.type == FileType::pack) sync_pack_folder(root.get(), relative);
  return folder;
}

// A folder of packs that is there may have been made by a process that was killed before it synced
// that. Others are made before there is a config, but for those of what no snapshot needs.
void LocalBackend::sync_pack_folder(int root, const std::string& relative) {
  const std::lock_guard lock(synced_mutex_);
  if (synced_.contains(relative)) return;
  const std::string parent = folder_of(FileType::pack);
  sync(open_folder(root, parent).get(), full(parent));
  synced_.insert(relative);
}

void LocalBackend::sync_names(FileType type) {
  const Fd root = open_root();
  const auto sync_folder = [&](const std::string& relative) {
    const Fd folder = open_fd_at(root.get(), relative.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder) {
      sync(folder.get(), full(relative));
    } else if (errno != ENOENT) {
      throw system_error(errno, "open the folder", full(relative));
    }
  };
  sync_folder(folder_of(type));
  if (type != FileType::pack) return;
  for (unsigned i = 0; i < 256; ++i) {
    const std::byte first{static_cast<unsigned char>(i)};
    sync_folder(join(folder_of(type), to_hex({&first, 1})));
  }
}

// A process that was killed, or that does not sync removals, may have left names that all see and a
// power cut undoes. A snapshot relies on indexes being there; a change of the index, which may
// leave out packs, on snapshots being gone.
void LocalBackend::sync_what_others_did(FileType type) {
  if (type == FileType::snapshot) sync_names(FileType::index);
  if (type == FileType::index) sync_names(FileType::snapshot);
}

void LocalBackend::save(const FileName& file, ByteView data) {
  require_valid(file);
  const std::string path = path_of(file);
  const std::string leaf = leaf_of(file);
  const Fd folder = open_or_make_folder(file);
  if (::faccessat(folder.get(), leaf.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
    throw system_error(EEXIST, "store", path);
  }

  AtomicFile out(folder.get(), leaf, path, 0600);
  out.write(data);
  // Against accidents; a filesystem without modes is none.
  if (::fchmod(out.fd(), file_mode()) != 0 && errno != EPERM && errno != ENOTSUP) {
    throw system_error(errno, "set the mode of", path);
  }
  sync_what_others_did(file.type);
  if (file.type == FileType::pack) out.drop_from_cache();
  out.publish(AtomicFile::Existing::keep);
}

// Nobody can be asked for the time. But if the last snapshot came in the future, this clock is
// behind, or that of whoever stored it was ahead.
std::optional<int64_t> LocalBackend::clock_behind(int root) const {
  struct stat st;
  if (::fstatat(root, folder_of(FileType::snapshot), &st, 0) != 0) return std::nullopt;
  const int64_t ahead = now_ns() - info_of("", st).modified;
  return ahead < 0 ? std::optional(ahead) : std::nullopt;
}

StorageFacts LocalBackend::facts() {
  const Fd root = open_root();
  struct stat st;
  struct statvfs space;
  struct statfs kind;
  if (::fstat(root.get(), &st) != 0 || ::fstatvfs(root.get(), &space) != 0 ||
      ::fstatfs(root.get(), &kind) != 0) {
    throw system_error(errno, "look at the filesystem of", path_);
  }
  FolderFacts facts;
  facts.free_bytes = uint64_t{space.f_bavail} * space.f_frsize;
  facts.total_bytes = uint64_t{space.f_blocks} * space.f_frsize;
  facts.free_files = space.f_favail;
  facts.total_files = space.f_files;
  facts.mode = st.st_mode & 07777;
  facts.is_read_only = (space.f_flag & ST_RDONLY) != 0;
  facts.is_in_memory = kind.f_type == TMPFS_MAGIC || kind.f_type == RAMFS_MAGIC;
  facts.may_write = ::faccessat(root.get(), ".", W_OK | X_OK, AT_EACCESS) == 0;
  return {clock_behind(root.get()), facts, std::nullopt};
}

void LocalBackend::load(const FileName& file, uint64_t offset, ByteSpan out) {
  require_valid(file);
  const std::string path = path_of(file);
  // A fifo in place of an object must not hang us.
  const Fd fd = open_fd(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (!fd) throw system_error(errno, "open", path);
  struct stat st;
  if (::fstat(fd.get(), &st) != 0) throw system_error(errno, "look at", path);
  require_regular(file, st);

  const auto too_short = [&] {
    return Error(Code::corrupt, path + " is shorter than expected: it has " +
                                    std::to_string(st.st_size) + " bytes")
        .with("path", path);
  };
  const auto size = static_cast<uint64_t>(st.st_size);
  if (offset > size || out.size() > size - offset) throw too_short();
  // Packs, or much of them, are read once; single blobs of them may be asked for again.
  const bool is_passing = file.type == FileType::pack && out.size() >= min_passing;
  const PassingPages pages =
      is_passing ? PassingPages(fd.get(), offset, out.size()) : PassingPages();
  while (!out.empty()) {
    const ssize_t n = retry_eintr(
        [&] { return ::pread(fd.get(), out.data(), out.size(), static_cast<off_t>(offset)); });
    if (n < 0) throw system_error(errno, "read", path);
    if (n == 0) throw too_short();
    out = out.subspan(static_cast<size_t>(n));
    offset += static_cast<uint64_t>(n);
  }
  pages.drop();
}

void LocalBackend::list_folder(Fd folder, const std::string& relative, std::string_view prefix,
                               const ObjectVisitor& each) const {
  const std::string path = full(relative);
  const Dir dir = open_list(std::move(folder), path);
  while (const char* name = next_name(dir.get(), path)) {
    if (!is_object_name(name) || !std::string_view(name).starts_with(prefix)) continue;
    struct stat st;
    if (::fstatat(::dirfd(dir.get()), name, &st, 0) != 0) {
      if (errno == ENOENT) continue;  // gone meanwhile
      throw system_error(errno, "look at", join(path, name));
    }
    if (S_ISREG(st.st_mode)) each(info_of(name, st));
  }
}

void LocalBackend::list(FileType type, const ObjectVisitor& each) {
  const Fd root = open_root();
  const auto open = [&](const std::string& relative) {
    Fd fd = open_fd_at(root.get(), relative.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    // Made when the first object comes; and other things may lie beside the folders of packs.
    if (!fd && errno != ENOENT && errno != ENOTDIR) {
      throw system_error(errno, "open the folder", full(relative));
    }
    return fd;
  };
  if (type == FileType::config) {
    struct stat st;
    if (stat({FileType::config, ""}, st)) each(info_of("", st));
    return;
  }
  const std::string top = folder_of(type);
  if (type != FileType::pack) {
    if (Fd folder = open(top)) list_folder(std::move(folder), top, "", each);
    return;
  }
  for (const std::string& prefix : pack_prefixes()) {
    const std::string relative = join(top, prefix);
    if (Fd folder = open(relative)) list_folder(std::move(folder), relative, prefix, each);
  }
}

}  // namespace

BackendPtr open_local(std::string path) {
  return std::make_shared<LocalBackend>(std::move(path));
}

}  // namespace sapdr::core
