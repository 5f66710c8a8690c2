// Extended attributes of one entry of the local filesystem.
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

#include "format/tree.hpp"

namespace sapdr::core {

class XattrEntry {
 public:
  // An open file or folder.
  explicit XattrEntry(int fd) : fd_(fd) {}
  // An entry of an open folder; a link is not followed.
  XattrEntry(int dir_fd, std::string name) : fd_(dir_fd), name_(std::move(name)) {}

  // In the order the system tells them. None where the filesystem knows none.
  std::vector<ExtendedAttribute> read() const;
  // Sets what `wanted` has and removes what it has not, but for labels that a security module gave
  // the entry. Throws the first failure after having tried everything.
  void write(const std::vector<ExtendedAttribute>& wanted) const;

 private:
  std::vector<std::string> names() const;
  ssize_t list(char* out, size_t size) const;
  // False if there is no such attribute (any more).
  bool read_value(const std::string& name, std::string& value) const;
  // These return an errno.
  int set(const ExtendedAttribute& attribute) const;
  int remove(const std::string& name) const;
  // Its way through /proc, for calls that take a path.
  std::string path() const;
  std::string path_for_people() const;

  int fd_ = -1;
  std::string name_;  // empty: fd_ itself
};

}  // namespace sapdr::core
