// Snapshots of real folders and of made-up trees, and what operations tell about them.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine_support.hpp"
#include "observe/progress.hpp"
#include "operation/restore.hpp"
#include "repository/blob_writer.hpp"
#include "repository/snapshots.hpp"
#include "support/files.hpp"

namespace sapdr::test {

// Remembers what is told.
class Recorder {
 public:
  struct Item {
    int32_t action;
    std::string path;
    Code code;
    std::string message;
  };

  Recorder();
  Progress& progress() { return progress_; }
  Cancel& cancel() { return cancel_; }
  // Cancels at the first item of this kind.
  void cancel_at(int32_t action) { cancel_at_ = action; }

  size_t count(int32_t action) const;
  // Null if nothing of the kind was told about `path`.
  const Item* find(int32_t action, std::string_view path) const;
  std::vector<Item> items;

 private:
  sapdr_observer table();

  int32_t cancel_at_ = -1;
  Cancel cancel_;
  sapdr_observer observer_;
  Progress progress_;
};

// A repository in memory that files are backed up into.
struct Bench {
  explicit Bench(uint32_t version = 2);

  // With the real backup; relative paths are relative to the working folder of the process.
  SnapshotRef back_up(const std::vector<std::string>& paths);
  SnapshotRef find(const std::string& name) const {
    return find_snapshot(*repository, name, SnapshotFilter{});
  }
  // Trees as no backup makes them.
  Id save_blob(std::string_view content);
  Id save_tree(const std::vector<Node>& nodes);
  SnapshotRef save_snapshot(const Id& tree, const std::vector<std::string>& paths = {"/x"});

  std::string pack_of(const Id& blob, BlobType type = BlobType::data) const;
  // How often each pack is read from now on.
  using Loads = std::map<std::string, int>;
  const Loads& count_loads();
  // Empties the index and reads it again.
  void reopen();

  std::shared_ptr<TestBackend> backend = std::make_shared<TestBackend>();
  RepositoryPtr repository;

 private:
  Id save(BlobType type, std::string_view content);

  std::mutex loads_mutex_;
  Loads loads_;
};

Node file_node(std::string name, const std::vector<Id>& content, uint64_t size);
Node dir_node(std::string name, const Id& subtree);
Node link_node(std::string name, std::string target);

// Plans and runs. Throws what the run throws, after it filled in `stats`.
void restore_into(const RepositoryPtr& repository, const SnapshotRef& ref,
                  const std::string& target, const RestoreOptions& options, RestoreStats& stats,
                  Recorder& recorder);
// The same where nothing may go wrong.
RestoreStats restore_into(const RepositoryPtr& repository, const SnapshotRef& ref,
                          const std::string& target, const RestoreOptions& options = {});

PatternList patterns(std::initializer_list<const char*> list);

// Everything below a folder, a line each: path, type, mode, owner, time, links, size, link target
// or hash of the content, attributes.
std::vector<std::string> listing(const std::string& folder);

// A folder with some of everything. `big` is cut into many blobs.
void make_tree(const std::string& folder);
std::string random_content(size_t size, uint64_t start = 1);

}  // namespace sapdr::test
