#include "component/files/metadata.hpp"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <optional>

#include "base/error.hpp"
#include "component/files/xattrs.hpp"

namespace sapdr::core {

namespace {

constexpr UnixNs ns_per_second = 1'000'000'000;

// Calls getpwuid_r or getgrgid_r with a buffer that is large enough.
template <class Entry, class Lookup>
std::string look_up(Lookup lookup, uint32_t id, char* Entry::*name) {
  std::vector<char> buffer(1024);
  for (;;) {
    Entry entry;
    Entry* found = nullptr;
    const int error = lookup(id, &entry, buffer.data(), buffer.size(), &found);
    if (error == ERANGE && buffer.size() < (1U << 20)) {
      buffer.resize(buffer.size() * 4);
      continue;
    }
    return found == nullptr ? "" : found->*name;
  }
}

template <class LookUp>
const std::string& cached(std::vector<std::pair<uint32_t, std::string>>& cache, uint32_t id,
                          LookUp look_up_name) {
  for (const auto& [known, name] : cache) {
    if (known == id) return name;
  }
  return cache.emplace_back(id, look_up_name()).second;
}

NodeType type_of(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFREG:
      return NodeType::file;
    case S_IFDIR:
      return NodeType::dir;
    case S_IFLNK:
      return NodeType::symlink;
    case S_IFBLK:
      return NodeType::dev;
    case S_IFCHR:
      return NodeType::chardev;
    case S_IFIFO:
      return NodeType::fifo;
    case S_IFSOCK:
      return NodeType::socket;
    default:
      return NodeType::irregular;
  }
}

struct timespec to_timespec(UnixNs ns) {
  struct timespec time;
  time.tv_sec = ns / ns_per_second;
  time.tv_nsec = ns % ns_per_second;
  if (time.tv_nsec < 0) {
    time.tv_nsec += ns_per_second;
    --time.tv_sec;
  }
  return time;
}

}  // namespace

const std::string& OwnerNames::user(uint32_t uid) {
  return cached(users_, uid, [uid] { return look_up(::getpwuid_r, uid, &passwd::pw_name); });
}

const std::string& OwnerNames::group(uint32_t gid) {
  return cached(groups_, gid, [gid] { return look_up(::getgrgid_r, gid, &group::gr_name); });
}

UnixNs to_ns(const struct timespec& time) {
  UnixNs ns = 0;
  if (__builtin_mul_overflow(static_cast<UnixNs>(time.tv_sec), ns_per_second, &ns) ||
      __builtin_add_overflow(ns, static_cast<UnixNs>(time.tv_nsec), &ns)) {
    return time.tv_sec < 0 ? INT64_MIN : INT64_MAX;
  }
  return ns;
}

void node_from_stat(const struct stat& st, OwnerNames& names, bool with_atime, Node& node) {
  node.type = type_of(st.st_mode);
  node.mode = go_mode(st.st_mode);
  node.mtime = to_ns(st.st_mtim);
  node.atime = with_atime ? to_ns(st.st_atim) : node.mtime;
  node.ctime = to_ns(st.st_ctim);
  node.uid = st.st_uid;
  node.gid = st.st_gid;
  node.user = names.user(st.st_uid);
  node.group = names.group(st.st_gid);
  node.inode = st.st_ino;
  node.size = node.type == NodeType::file ? static_cast<uint64_t>(st.st_size) : 0;

  const bool has_links = node.type == NodeType::file || node.type == NodeType::symlink ||
                         node.type == NodeType::dev || node.type == NodeType::chardev;
  node.links = has_links ? st.st_nlink : 0;
  // Only hard links need it; and the numbers of devices change from boot to boot.
  node.device_id = node.links > 1 ? st.st_dev : 0;
  const bool is_device = node.type == NodeType::dev || node.type == NodeType::chardev;
  node.device = is_device ? st.st_rdev : 0;
}

std::vector<ExtendedAttribute> read_xattrs(int dir_fd, const std::string& name) {
  return XattrEntry(dir_fd, name).read();
}

std::vector<ExtendedAttribute> read_xattrs(int fd) {
  return XattrEntry(fd).read();
}

namespace {

// Does everything even if some of it fails; keeps the first failure.
class Attempts {
 public:
  template <class Call>
  void attempt(Call call) {
    try {
      call();
    } catch (const Error& error) {
      if (!first_) first_ = error;
    }
  }
  void rethrow() const {
    if (first_) throw Error(*first_);
  }

 private:
  std::optional<Error> first_;
};

// What differs between an entry by its name and an open file.
struct Entry {
  int fd;  // of the folder if there is a name
  const std::string* name;

  std::string path() const { return name == nullptr ? "an open file" : *name; }

  XattrEntry xattrs() const { return name == nullptr ? XattrEntry(fd) : XattrEntry(fd, *name); }
  int set_owner(uid_t uid, gid_t gid) const {
    return name == nullptr ? ::fchown(fd, uid, gid)
                           : ::fchownat(fd, name->c_str(), uid, gid, AT_SYMLINK_NOFOLLOW);
  }
  int set_mode(mode_t mode) const {
    return name == nullptr ? ::fchmod(fd, mode)
                           : ::fchmodat(fd, name->c_str(), mode, AT_SYMLINK_NOFOLLOW);
  }
  int set_times(const struct timespec times[2]) const {
    return name == nullptr ? ::futimens(fd, times)
                           : ::utimensat(fd, name->c_str(), times, AT_SYMLINK_NOFOLLOW);
  }
};

void apply(const Entry& entry, const Node& node, const ApplyOptions& options) {
  Attempts attempts;
  attempts.attempt([&] {
    if (!options.owner || entry.set_owner(node.uid, node.gid) == 0) return;
    if (errno == EPERM && ::geteuid() != 0) return;
    throw system_error(errno, "set the owner of", entry.path());
  });
  attempts.attempt([&] { entry.xattrs().write(node.xattrs); });
  attempts.attempt([&] {
    if (node.type == NodeType::symlink) return;  // links have no mode
    if (entry.set_mode(posix_permissions(node.mode)) == 0) return;
    throw system_error(errno, "set the mode of", entry.path());
  });
  attempts.attempt([&] {
    const struct timespec times[2] = {to_timespec(node.atime), to_timespec(node.mtime)};
    if (entry.set_times(times) != 0) throw system_error(errno, "set the times of", entry.path());
  });
  attempts.rethrow();
}

}  // namespace

void apply_metadata(int dir_fd, const std::string& name, const Node& node,
                    const ApplyOptions& options) {
  apply({dir_fd, &name}, node, options);
}

void apply_metadata(int fd, const Node& node, const ApplyOptions& options) {
  apply({fd, nullptr}, node, options);
}

}  // namespace sapdr::core
