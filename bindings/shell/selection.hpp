// Which snapshot, or snapshots, a command means: --host, --tag, --path and a name.
#pragma once

#include <sapdr/snapshot.h>

#include <string>
#include <vector>

#include "handles.hpp"

namespace CLI {
class App;
}

namespace sapdr::shell {

// Strings as an array of the C ABI, borrowed from the vector they came from.
class CStrings {
 public:
  explicit CStrings(const std::vector<std::string>& strings) {
    for (const std::string& string : strings) pointers_.push_back(string.c_str());
  }
  const char* const* data() const { return pointers_.data(); }
  std::size_t size() const { return pointers_.size(); }

 private:
  std::vector<const char*> pointers_;
};

// As on the command line. Hosts are alternatives, paths must all match; a --tag "a,b" wants both
// tags, several --tag are alternatives. This is what restic does.
struct Selection {
  std::vector<std::string> hosts;
  std::vector<std::string> tag_lists;
  std::vector<std::string> paths;

  // `host`: the names of that option, for commands in which -H is something else.
  void add_options(CLI::App& command, const char* host = "-H,--host");
};

// A selection as the C ABI takes it; borrows the strings.
class Filter {
 public:
  explicit Filter(const Selection& selection);
  Filter(const Filter&) = delete;
  Filter& operator=(const Filter&) = delete;

  const sapdr_snapshot_filter* get() const { return &filter_; }

 private:
  CStrings hosts_;
  CStrings tag_lists_;
  CStrings paths_;
  sapdr_snapshot_filter filter_;
};

}  // namespace sapdr::shell
