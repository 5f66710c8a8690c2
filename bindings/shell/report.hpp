// What a command tells on standard output: text for people, or one stream of JSON events. Standard
// error is the Console's and the same for both.
#pragma once

#include <sapdr/sapdr.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "failure.hpp"
#include "json.hpp"

namespace sapdr::shell {

// The end of a command, filled in as far as it got.
struct Summary {
  JsonObject figures;              // for the event stream, field by field
  std::vector<std::string> lines;  // for people; already safe to print
};

// What becomes of a snapshot.
struct Decision {
  const sapdr_snapshot* snapshot;
  bool keep;
  std::size_t group;
  std::vector<std::string> reasons;  // why it is kept
};

// A cache of `cache`.
struct ListedCache {
  const sapdr_cache* cache;
  bool is_old;
};

// Any call may throw the Failure of a write to standard output.
class Report {
 public:
  virtual ~Report() = default;

  virtual void progress(const sapdr_progress& progress) = 0;
  virtual void item(const sapdr_item& item) = 0;
  virtual void snapshots(const std::vector<const sapdr_snapshot*>& snapshots) = 0;
  // All of one group; `title` is what its snapshots have in common, "" if there are no groups.
  virtual void decisions(const std::string& title, const std::vector<Decision>& group) = 0;
  // What will be done, before it is done.
  virtual void plan(const Summary& plan) = 0;
  virtual void keys(const std::vector<const sapdr_key*>& keys) = 0;
  virtual void caches(const std::vector<ListedCache>& caches) = 0;
  // All of `doctor`.
  virtual void findings(const std::vector<const sapdr_finding*>& findings) = 0;
  // All of `mongodb timeline`.
  virtual void mongodb_ranges(const std::vector<const sapdr_mongodb_range*>& ranges) = 0;
  virtual void node(const sapdr_node& node, bool long_form) = 0;
  // One file of `checksum`.
  virtual void checksum(const sapdr_file_checksum& file) = 0;
  virtual void difference(const sapdr_difference& difference) = 0;
  virtual void match(const sapdr_match& match, bool long_form) = 0;
  // One object of `list`.
  virtual void object(const std::string& type, const char* id, std::uint64_t size) = 0;
  // The plaintext of one object, of `cat`. `id` is "" where the type has only one.
  virtual void content(const std::string& type, const std::string& id, std::string_view bytes) = 0;
  // Always the last call. `failure` is NULL on success.
  virtual void finish(const Summary& summary, const Failure* failure) = 0;
};

}  // namespace sapdr::shell
