#include "storage/cache_folder.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <memory>

#include "base/error.hpp"

namespace sapdr::core {

namespace {

// Programs that make backups leave out what has this: https://bford.info/cachedir/
constexpr const char* tag_name = "CACHEDIR.TAG";
constexpr std::string_view tag =
    "Signature: 8a477f597d28d172789f06886806bc55\n"
    "# A cache of sapdr: what is in it is in a repository, too.\n";

// The time of a file is that of its last use, which need not be noted each time.
constexpr UnixNs noted_every = 600'000'000'000;

UnixNs modified(const struct stat& st) {
  return st.st_mtim.tv_sec * 1'000'000'000 + st.st_mtim.tv_nsec;
}

void mark_used(int fd) {
  const struct timespec now[2] = {{0, UTIME_OMIT}, {0, UTIME_NOW}};
  static_cast<void>(::futimens(fd, now));  // a disk that is read-only keeps no times
}

Fd open_folder(int parent, const char* name, int flags = O_NOFOLLOW) {
  return Fd(retry_eintr(
      [&] { return ::openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | flags); }));
}

// Opens a folder, made if it is missing.
Fd need_folder(int parent, const char* name, const std::string& path, int flags = O_NOFOLLOW) {
  Fd fd = open_folder(parent, name, flags);
  if (fd || errno != ENOENT) {
    if (!fd) throw system_error(errno, "open the folder", path);
    return fd;
  }
  if (::mkdirat(parent, name, 0700) != 0 && errno != EEXIST) {
    throw system_error(errno, "create the folder", path);
  }
  fd = open_folder(parent, name, flags);
  if (!fd) throw system_error(errno, "open the folder", path);
  return fd;
}

// The folder of all caches, with those above it.
Fd need_caches(const std::string& path) {
  if (path.empty()) throw Error(Code::invalid_argument, "the folder of the cache has no name");
  for (size_t end = path.find('/', 1); end != std::string::npos; end = path.find('/', end + 1)) {
    const std::string above = path.substr(0, end);
    need_folder(AT_FDCWD, above.c_str(), above, 0);
  }
  return need_folder(AT_FDCWD, path.c_str(), path, 0);
}

void need_tag(const Fd& folder, const std::string& path) {
  if (::faccessat(folder.get(), tag_name, F_OK, AT_SYMLINK_NOFOLLOW) == 0) return;
  try {
    AtomicFile file(folder.get(), tag_name, path + "/" + tag_name, 0600);
    file.write(as_bytes(tag));
    file.publish(AtomicFile::Existing::keep, AtomicFile::Durable::no);
  } catch (const Error& error) {
    if (error.code() != Code::exists) throw;  // another process was faster
  }
}

// Calls `each` with the names in a folder.
template <class Each>
void for_each_name(const Fd& folder, Each each) {
  struct Closer {
    void operator()(DIR* dir) const { ::closedir(dir); }
  };
  Fd fd = open_folder(folder.get(), ".");
  const std::unique_ptr<DIR, Closer> dir(fd ? ::fdopendir(fd.get()) : nullptr);
  if (!dir) return;
  fd.release();
  while (const dirent* entry = ::readdir(dir.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") each(std::string(name));
  }
}

}  // namespace

CacheFolder::CacheFolder(const std::string& folder, const std::string& repository_id)
    : path_(folder + "/" + repository_id) {
  const Fd caches = need_caches(folder);
  root_ = need_folder(caches.get(), repository_id.c_str(), path_);
  for (const FileType type : types) {
    folders_[static_cast<size_t>(type)] =
        need_folder(root_.get(), to_string(type), path_ + "/" + to_string(type));
  }
  need_tag(root_, path_);
  mark_used(root_.get());
}

std::optional<CacheFolder> CacheFolder::find(const Fd& folder, const std::string& repository_id) {
  CacheFolder found;
  found.path_ = repository_id;
  found.root_ = open_folder(folder.get(), repository_id.c_str());
  if (!found.root_) return std::nullopt;
  for (const FileType type : types) {
    found.folders_[static_cast<size_t>(type)] = open_folder(found.root_.get(), to_string(type));
  }
  return found;
}

Fd CacheFolder::open(const FileName& file, uint64_t& size) const {
  // Neither a link nor a fifo in place of a file may lead elsewhere or hang us.
  Fd fd(retry_eintr([&] {
    return ::openat(of(file.type).get(), file.name.c_str(),
                    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  }));
  struct stat st {};
  const bool is_missing = !fd && errno == ENOENT;
  if (!fd || ::fstat(fd.get(), &st) != 0 || !S_ISREG(st.st_mode)) {
    if (!is_missing) remove(file.type, file.name);
    return {};
  }
  size = static_cast<uint64_t>(st.st_size);
  if (now_ns() - modified(st) > noted_every) mark_used(fd.get());
  return fd;
}

std::unique_ptr<AtomicFile> CacheFolder::create(const FileName& file) const {
  const std::string path = path_ + "/" + to_string(file.type) + "/" + file.name;
  return std::make_unique<AtomicFile>(of(file.type).get(), file.name, path, 0600);
}

void CacheFolder::remove(FileType type, const std::string& entry) const noexcept {
  if (::unlinkat(of(type).get(), entry.c_str(), 0) == 0 || errno != EISDIR) return;
  ::unlinkat(of(type).get(), entry.c_str(), AT_REMOVEDIR);
}

void CacheFolder::list(FileType type, const std::function<void(const Entry& entry)>& each) const {
  if (!of(type)) return;
  for_each_name(of(type), [&](std::string name) {
    struct stat st {};
    if (::fstatat(of(type).get(), name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0) return;
    each({std::move(name), static_cast<uint64_t>(st.st_size), modified(st)});
  });
}

UnixNs CacheFolder::used() const {
  struct stat st {};
  return ::fstat(root_.get(), &st) == 0 ? modified(st) : 0;
}

void CacheFolder::remove_all(const Fd& folder, const std::string& name) const {
  for (const FileType type : types) {
    list(type, [&](const Entry& entry) { remove(type, entry.name); });
    ::unlinkat(root_.get(), to_string(type), AT_REMOVEDIR);
  }
  ::unlinkat(root_.get(), tag_name, 0);
  if (::unlinkat(folder.get(), name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT) {
    throw system_error(errno, "remove the cache", name);
  }
}

Fd open_caches(const std::string& folder) {
  Fd fd = open_folder(AT_FDCWD, folder.c_str(), 0);
  if (!fd && errno != ENOENT) throw system_error(errno, "open the folder", folder);
  return fd;
}

std::vector<std::string> cached_repositories(const Fd& folder) {
  std::vector<std::string> ids;
  if (!folder) return ids;
  for_each_name(folder, [&](std::string name) {
    if (is_object_name(name)) ids.push_back(std::move(name));
  });
  return ids;
}

}  // namespace sapdr::core
