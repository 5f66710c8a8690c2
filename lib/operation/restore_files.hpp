// The target of a restore: making folders, files and everything else in it. All names are looked up
// in folders opened without following links.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "component/files/target_dir.hpp"
#include "observe/progress.hpp"
#include "operation/fd_cache.hpp"
#include "operation/restore_impl.hpp"

namespace sapdr::core {

// Members may be called from any thread. A failure of an item is told, counted and ends there; only
// what is_fatal is thrown.
class RestoreFiles {
 public:
  RestoreFiles(const RestorePlanData& plan, Progress& progress);

  const TargetDir& target() const { return target_; }

  void make_dir(ItemNumber item);
  // Puts one blob into its place. The file is created with its first blob, replacing what has its
  // name, and gets its metadata with the last.
  void write(ItemNumber item, uint64_t offset, ByteView blob);
  // A file with nothing to write into it: empty, or one hole.
  void make_empty(ItemNumber item);
  void make_link(ItemNumber item);
  void make_other(ItemNumber item);
  void set_metadata(ItemNumber item);

  // The item has failed: a file that was begun is removed, so that no damaged file looks right.
  void fail(ItemNumber item, const Error& error);
  bool has_failed(ItemNumber item) const { return states_[item].failed.load(); }
  bool has_failures() const { return n_failed_ > 0; }
  // Removes all files that were begun and not ended.
  void remove_unfinished() noexcept;

  // Everything that was done survives a power cut.
  void sync();

  // For reading it again. Throws.
  Fd open_to_read(ItemNumber item);
  // A file that turned out to be wrong must not be taken for right by its size and time. Throws.
  void spoil_time(ItemNumber item);

  void fill_in(RestoreStats& stats) const;

 private:
  struct State {
    std::atomic<uint32_t> blobs_left{0};
    std::atomic<bool> is_made{false};  // by this run
    std::atomic<bool> has_gap{false};  // zeros were not written
    std::atomic<bool> failed{false};
  };

  template <class Work>
  void attempt(ItemNumber item, Work work);
  SharedFd folder_of(ItemNumber item);
  SharedFd open_folder(ItemNumber folder);
  SharedFd open_for_write(ItemNumber item);
  Fd create(int folder, ItemNumber item);
  void clear_the_way(int folder, ItemNumber item);
  void reserve(int fd, ItemNumber item);
  void write_at(int fd, ItemNumber item, uint64_t offset, ByteView data);
  void finish_file(ItemNumber item, int fd);
  void copy_file(ItemNumber from, ItemNumber to);
  void remove(ItemNumber item) noexcept;
  void finished(ItemNumber item, uint64_t bytes);
  Error item_error(int errnum, std::string_view action, ItemNumber item) const;
  std::mutex& mutex_of(ItemNumber item) { return mutexes_[item % mutexes_.size()]; }

  const RestorePlanData& plan_;
  const RestoreItems& items_;
  Progress& progress_;
  TargetDir target_;
  std::unique_ptr<State[]> states_;  // by item
  std::array<std::mutex, 64> mutexes_;
  FdCache folders_{64};
  FdCache files_{128};
  std::mutex volumes_mutex_;
  std::unordered_map<dev_t, Fd> volumes_;  // a folder on each filesystem that was written to
  std::atomic<uint64_t> n_dirs_{0}, n_files_{0}, n_others_{0}, n_failed_{0}, n_bytes_{0};
};

}  // namespace sapdr::core
