#include "component/files/xattrs.hpp"

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <optional>

#include "base/error.hpp"

namespace sapdr::core {

namespace {

#ifndef SYS_listxattrat
#define SYS_listxattrat 465  // Linux 6.13, on every architecture
#endif

constexpr size_t first_try = 1024;  // most entries have no attributes, the others few short ones

// Lets `call` fill a buffer that it may find too small. nullopt with errno set if it fails.
template <class Call>
std::optional<std::string> read_growing(Call call) {
  std::array<char, first_try> small;
  ssize_t n = call(small.data(), small.size());
  if (n >= 0) return std::string(small.data(), static_cast<size_t>(n));
  // It may grow again between asking for the size and reading.
  for (int attempt = 0; errno == ERANGE && attempt < 8; ++attempt) {
    n = call(nullptr, 0);
    if (n < 0) return std::nullopt;
    std::string large(static_cast<size_t>(n), '\0');
    n = call(large.data(), large.size());
    if (n >= 0) {
      large.resize(static_cast<size_t>(n));
      return large;
    }
  }
  return std::nullopt;
}

// Labels belong to the machine, not to the data: they are set if told, but never taken away.
bool is_label(std::string_view name) {
  return name.starts_with("security.") && name != "security.capability";
}

// What only a privileged process may set, like the owner.
bool needs_privilege(std::string_view name) {
  return name.starts_with("security.") || name.starts_with("trusted.");
}

}  // namespace

std::string XattrEntry::path() const {
  const std::string path = "/proc/self/fd/" + std::to_string(fd_);
  return name_.empty() ? path : path + "/" + name_;
}

std::string XattrEntry::path_for_people() const {
  std::array<char, PATH_MAX> target;
  const ssize_t n = ::readlink(XattrEntry(fd_).path().c_str(), target.data(), target.size());
  if (n < 0) return name_.empty() ? "an open file" : name_;
  const std::string path(target.data(), static_cast<size_t>(n));
  return name_.empty() ? path : path + "/" + name_;
}

// Every file that did not change is asked: the way through /proc would take most of a backup.
ssize_t XattrEntry::list(char* out, size_t size) const {
  if (name_.empty()) return ::flistxattr(fd_, out, size);
  const long n = ::syscall(SYS_listxattrat, fd_, name_.c_str(), AT_SYMLINK_NOFOLLOW, out, size);
  if (n >= 0 || (errno != ENOSYS && errno != EPERM)) return n;
  return ::llistxattr(path().c_str(), out, size);
}

std::vector<std::string> XattrEntry::names() const {
  const auto listed = read_growing([&](char* out, size_t size) { return list(out, size); });
  std::vector<std::string> found;
  if (!listed) {
    if (errno == ENOTSUP || errno == ENODATA) return found;
    throw system_error(errno, "list the extended attributes of", path_for_people());
  }
  for (size_t at = 0; at < listed->size();) {
    found.emplace_back(listed->c_str() + at);
    at += found.back().size() + 1;
  }
  return found;
}

bool XattrEntry::read_value(const std::string& name, std::string& value) const {
  auto read = read_growing([&](char* out, size_t size) {
    return name_.empty() ? ::fgetxattr(fd_, name.c_str(), out, size)
                         : ::lgetxattr(path().c_str(), name.c_str(), out, size);
  });
  if (read) {
    value = std::move(*read);
    return true;
  }
  if (errno == ENODATA || errno == ENOTSUP) return false;
  throw system_error(errno, "read the extended attribute " + name + " of", path_for_people());
}

int XattrEntry::set(const ExtendedAttribute& attribute) const {
  const char* name = attribute.name.c_str();
  const std::string& value = attribute.value;
  const int result = name_.empty()
                         ? ::fsetxattr(fd_, name, value.data(), value.size(), 0)
                         : ::lsetxattr(path().c_str(), name, value.data(), value.size(), 0);
  return result == 0 ? 0 : errno;
}

int XattrEntry::remove(const std::string& name) const {
  const int result = name_.empty() ? ::fremovexattr(fd_, name.c_str())
                                   : ::lremovexattr(path().c_str(), name.c_str());
  return result == 0 || errno == ENODATA ? 0 : errno;
}

std::vector<ExtendedAttribute> XattrEntry::read() const {
  std::vector<ExtendedAttribute> attributes;
  for (std::string& name : names()) {
    std::string value;
    if (read_value(name, value)) attributes.push_back({std::move(name), std::move(value)});
  }
  return attributes;
}

void XattrEntry::write(const std::vector<ExtendedAttribute>& wanted) const {
  const bool privileged = ::geteuid() == 0;
  std::optional<Error> failure;
  const auto note = [&](int error, const char* action, const std::string& name) {
    if (error == 0 || (error == EPERM && !privileged && needs_privilege(name))) return;
    if (failure) return;
    failure = system_error(error, action + name + " of", path_for_people());
  };

  for (const std::string& name : names()) {
    const bool keep = is_label(name) ||
                      std::any_of(wanted.begin(), wanted.end(),
                                  [&](const ExtendedAttribute& one) { return one.name == name; });
    if (!keep) note(remove(name), "remove the extended attribute ", name);
  }
  for (const ExtendedAttribute& attribute : wanted) {
    std::string present;
    if (read_value(attribute.name, present) && present == attribute.value) continue;
    note(set(attribute), "set the extended attribute ", attribute.name);
  }
  if (failure) throw Error(*failure);
}

}  // namespace sapdr::core
