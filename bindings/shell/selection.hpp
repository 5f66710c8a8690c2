// Which snapshot, or snapshots, a command means: --host, --tag, --path and a name.
#pragma once

#include <sapdr/snapshot.h>

#include <optional>
#include <set>
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

  void add_options(CLI::App& command);
};

// One filter of the C ABI with all that it points to.
class Filter {
 public:
  Filter(const Selection& selection, std::vector<std::string> tags);
  Filter(const Filter&) = delete;
  Filter& operator=(const Filter&) = delete;

  const sapdr_snapshot_filter* get() const { return &filter_; }

 private:
  CStrings hosts_;
  std::vector<std::string> tags_;
  CStrings tag_pointers_;
  CStrings paths_;
  sapdr_snapshot_filter filter_;
};

// The selection as filters, of which a snapshot must match one.
std::vector<std::unique_ptr<Filter>> filters_of(const Selection& selection);

// The name and filter under which the C ABI finds the snapshot that a user calls `name`.
struct Choice {
  std::string name;
  std::unique_ptr<Filter> filter;
};
Choice choose(sapdr_repo* repo, const std::string& name, const Selection& selection);

// Snapshots that were named or that match, kept alive.
class FoundSnapshots {
 public:
  using Pointers = std::vector<const sapdr_snapshot*>;

  void add_named(sapdr_repo* repo, const std::string& name, const Selection& selection);
  // Those that match any of the filters.
  void add_matching(sapdr_repo* repo, const std::vector<std::unique_ptr<Filter>>& filters);

  // Each snapshot once, oldest first.
  Pointers oldest_first() const;

 private:
  void add(const sapdr_snapshot* snapshot);

  std::vector<Snapshot> named_;
  std::vector<SnapshotList> lists_;
  std::set<std::string> seen_;
  Pointers found_;
};

}  // namespace sapdr::shell
