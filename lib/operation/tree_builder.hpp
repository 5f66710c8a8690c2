// Building trees from what a source pushes: a folder is stored as soon as all that is in it is.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/workers.hpp"
#include "operation/backup.hpp"
#include "operation/file_saver.hpp"
#include "repository/source.hpp"

namespace sapdr::core {

class TreeBuilder : public TreeSink {
 public:
  // `parent`: the root tree of the parent snapshot. `waiting_files`: Source says. Counts into
  // `result`.
  TreeBuilder(Repository& repository, BlobWriter& writer, std::optional<Id> parent,
              unsigned waiting_files, const BackupOptions& options, BackupResult& result,
              Progress& progress);

  void enter(Node dir, std::string path) override;
  void leave() override;
  const Node* previous(std::string_view name) override;
  void file(Node node, std::string path, FileOpener open) override;
  void unchanged(Node node, std::string path) override;
  void other(Node node, std::string path) override;
  void failed(std::string path, const Error& error) override;
  void expect(uint64_t items, uint64_t bytes) override;

  // After the source pushed everything: waits for the rest and returns the root tree.
  Id finish();
  bool is_empty() const { return is_empty_; }

 private:
  struct Folder;
  using FolderPtr = std::shared_ptr<Folder>;

  FolderPtr make_folder(Node node, std::string path, FolderPtr parent,
                        const std::optional<Id>& previous_tree);
  void add(Folder& folder, Node node);
  void release(FolderPtr folder);
  Node store(Folder& folder);
  void count_file(const Node& node, const std::string& path, int32_t action, uint64_t bytes_read);

  Repository& repository_;
  BlobWriter& writer_;
  const bool fail_on_error_;
  BackupResult& result_;
  std::mutex result_mutex_;
  Progress& progress_;
  FolderPtr current_;
  std::optional<Id> root_;
  bool is_empty_ = true;
  uint64_t expected_items_ = 0, expected_bytes_ = 0;  // told to progress_ so far
  const unsigned n_workers_;
  FileSaver saver_;
  Workers workers_;  // last: its threads use all of the above
};

}  // namespace sapdr::core
