#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/workers.hpp"
#include "operation/local_content.hpp"
#include "operation/restore_content.hpp"
#include "operation/restore_files.hpp"
#include "operation/snapshot_path.hpp"

namespace sapdr::core {

namespace {

constexpr size_t items_per_task = 64;

class RestoreRun {
 public:
  RestoreRun(const RestorePlanData& plan, RestoreStats& result, Progress& progress)
      : plan_(plan),
        items_(plan.items),
        result_(result),
        progress_(progress),
        files_(plan, progress) {}

  void run();

 private:
  void check_target();
  void check_space();
  void make_folders();
  void write_content();
  void make_the_rest();
  void make(ItemNumber item);
  void verify();
  void verify_file(Workers& workers, ItemNumber item);
  void verified(ItemNumber item, const Comparison& comparison);
  void fill_in();
  void remove_extra();
  void remove_one(const std::string& path);
  void finish();
  void throw_problems() const;

  template <class Work>
  void for_each_item(Work work);

  const RestorePlanData& plan_;
  const RestoreItems& items_;
  RestoreStats& result_;
  Progress& progress_;
  RestoreFiles files_;
  std::atomic<uint64_t> bytes_verified_{0};
  std::atomic<uint64_t> n_differing_{0};
  uint64_t n_removed_ = 0;
  uint64_t n_not_removed_ = 0;
};

void RestoreRun::run() {
  check_target();
  check_space();
  try {
    progress_.phase(SAPDR_PHASE_WRITE);
    progress_.expect(plan_.stats.dirs + plan_.stats.files + plan_.stats.others, plan_.stats.bytes);
    make_folders();
    write_content();
    make_the_rest();
    if (plan_.options.verify) verify();
    remove_extra();
    finish();
  } catch (...) {
    files_.remove_unfinished();
    fill_in();
    throw;
  }
  fill_in();
  throw_problems();
}

void RestoreRun::fill_in() {
  files_.fill_in(result_);
  result_.items_failed += n_not_removed_;
  result_.items_removed = n_removed_;
  result_.bytes_verified = bytes_verified_;
}

// One clear failure instead of one for each file. In place, folders above need not be writable.
void RestoreRun::check_target() {
  if (plan_.origin || ::faccessat(files_.target().fd(), ".", W_OK | X_OK, AT_EACCESS) == 0) return;
  throw system_error(errno, "write to the target folder", plan_.target);
}

void RestoreRun::check_space() {
  for (const Volume& volume : plan_.volumes) {
    if (volume.bytes <= volume.freed) continue;
    const uint64_t needed = volume.bytes - volume.freed;
    const Fd folder = files_.target().open_dir(volume.folder);
    struct statvfs fs;
    if (::fstatvfs(folder.get(), &fs) != 0 || fs.f_blocks == 0) continue;  // it does not tell
    const uint64_t blocks = ::geteuid() == 0 ? fs.f_bfree : fs.f_bavail;
    const uint64_t free = blocks * fs.f_frsize;
    if (needed <= free) continue;
    throw Error(Code::no_space, "the restore needs " + std::to_string(needed) + " bytes in " +
                                    files_.target().path() +
                                    (volume.folder.empty() ? "" : "/" + volume.folder) + ", " +
                                    std::to_string(free) + " are free; make room")
        .with("needed", std::to_string(needed))
        .with("free", std::to_string(free));
  }
}

void RestoreRun::make_folders() {
  for (ItemNumber i = 0; i < items_.size(); ++i) {
    if (items_[i].is_dir()) files_.make_dir(i);
  }
}

void RestoreRun::write_content() {
  RestoreContent content(plan_, files_, progress_);
  result_.packs = content.packs();
  try {
    content.run();
  } catch (...) {
    result_.bytes_fetched = content.bytes_fetched();
    throw;
  }
  result_.bytes_fetched = content.bytes_fetched();
}

// On all threads, some items at a time.
template <class Work>
void RestoreRun::for_each_item(Work work) {
  Workers workers(plan_.repository->context().threads(), 64);
  for (size_t begin = 0; begin < items_.size(); begin += items_per_task) {
    const size_t end = std::min(begin + items_per_task, items_.size());
    workers.submit([this, begin, end, &work] {
      for (size_t i = begin; i < end; ++i) {
        progress_.checkpoint();
        work(static_cast<ItemNumber>(i));
      }
    });
  }
  workers.finish();
}

void RestoreRun::make_the_rest() {
  for_each_item([this](ItemNumber i) { make(i); });
  // Further names come when what they name is there.
  for_each_item([this](ItemNumber i) {
    if (items_[i].todo == Todo::link_file) files_.make_link(i);
  });
}

void RestoreRun::make(ItemNumber item) {
  switch (items_[item].todo) {
    case Todo::write_file:
      if (items_[item].size == items_.hole_bytes(item)) files_.make_empty(item);
      break;
    case Todo::make_other:
      files_.make_other(item);
      break;
    case Todo::set_metadata:
      files_.set_metadata(item);
      break;
    default:
      break;
  }
}

void RestoreRun::verify() {
  progress_.phase(SAPDR_PHASE_VERIFY);
  const auto is_content = [&](ItemNumber i) {
    const Todo todo = items_[i].todo;
    return !files_.has_failed(i) && (todo == Todo::write_file || todo == Todo::set_metadata ||
                                     todo == Todo::only_verify || todo == Todo::link_file);
  };
  for (ItemNumber i = 0; i < items_.size(); ++i) {
    if (is_content(i)) progress_.expect(1, items_[i].size);
  }
  Workers workers(plan_.repository->context().threads(), 64);
  for (ItemNumber i = 0; i < items_.size(); ++i) {
    if (!is_content(i)) continue;
    workers.submit([this, &workers, i] { verify_file(workers, i); });
  }
  workers.finish();
}

void RestoreRun::verify_file(Workers& workers, ItemNumber item) {
  const ItemNumber source = items_[item].todo == Todo::link_file ? items_.leader(item) : item;
  std::vector<ExpectedBlob> blobs;
  for (const uint32_t blob : items_.blobs_of(source)) {
    const BlobPlace& place = items_.blobs[blob].place;
    blobs.push_back({place.id, place.plain_length});
  }
  SharedFd fd;
  try {
    fd = std::make_shared<const Fd>(files_.open_to_read(item));
    struct stat st;
    if (::fstat(fd->get(), &st) == 0 && static_cast<uint64_t>(st.st_size) != items_[source].size) {
      return verified(item, {.difference = std::min(uint64_t(st.st_size), items_[source].size)});
    }
  } catch (const Error& error) {
    if (is_fatal(error)) throw;
    return verified(item, {.failure = error});
  }
  // What is on the disk, not what is still in memory.
  ::posix_fadvise(fd->get(), 0, 0, POSIX_FADV_DONTNEED);
  compare_content(workers, std::move(fd), items_.path(item), std::move(blobs), ReadPages::keep,
                  progress_,
                  [this, item](const Comparison& comparison) { verified(item, comparison); });
}

void RestoreRun::verified(ItemNumber item, const Comparison& comparison) {
  bytes_verified_ += comparison.bytes_read;
  const std::string path = items_.path(item);
  if (comparison.failure) {
    files_.fail(item, *comparison.failure);
  } else if (comparison.difference) {
    ++n_differing_;
    files_.fail(item,
                Error(Code::checksum, path + " differs from the snapshot at byte " +
                                          std::to_string(*comparison.difference) +
                                          " when read again; check the disk and restore again"));
    files_.spoil_time(item);
  }
  progress_.done(1, 0, path);
}

// Last, and only when everything else is there.
void RestoreRun::remove_extra() {
  const bool is_all_right =
      result_.items_failed == 0 && n_differing_ == 0 && !files_.has_failures();
  for (const std::string& path : plan_.extra) {
    progress_.checkpoint();
    if (is_all_right) {
      remove_one(path);
    } else {
      progress_.item({.action = SAPDR_ITEM_SKIPPED,
                      .path = path,
                      .message = "not removed, because something else could not be restored"});
    }
  }
}

void RestoreRun::remove_one(const std::string& path) {
  try {
    files_.target().remove(relative_path(path));
    ++n_removed_;
    progress_.item({.action = SAPDR_ITEM_REMOVED, .path = path});
  } catch (const Error& error) {
    if (is_fatal(error)) throw;
    ++n_not_removed_;
    progress_.count_error();
    progress_.item({.action = SAPDR_ITEM_FAILED, .path = path, .error = &error});
  }
}

void RestoreRun::finish() {
  progress_.phase(SAPDR_PHASE_FINISH);
  // Deepest first: what is done in a folder changes its time.
  for (auto i = static_cast<ItemNumber>(items_.size()); i-- > 0;) {
    const RestoreItem& item = items_[i];
    if (!item.is_dir() || item.todo == Todo::nothing) continue;
    progress_.checkpoint();
    files_.set_metadata(i);
  }
  files_.sync();
}

void RestoreRun::throw_problems() const {
  if (n_differing_ != 0) {
    throw Error(Code::checksum, std::to_string(n_differing_) +
                                    " restored files differ from the snapshot when read again");
  }
  if (result_.items_failed != 0) {
    throw Error(Code::incomplete, std::to_string(result_.items_failed) +
                                      " items could not be restored; everything else was");
  }
}

}  // namespace

void require_same_index(const RestorePlanData& plan) {
  if (plan.repository->index().generation() == plan.index_generation) return;
  throw Error(Code::invalid_state,
              "the repository was pruned after the restore was planned; plan it again");
}

void run_restore(const RestorePlanData& plan, RestoreStats& result, Progress& progress) {
  require_same_index(plan);
  result = {};
  result.files_unchanged = plan.stats.files_unchanged;
  result.files_skipped = plan.stats.files_skipped;
  result.items_failed = plan.stats.items_failed;
  RestoreRun(plan, result, progress).run();
}

}  // namespace sapdr::core
