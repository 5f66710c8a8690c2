// One run of an operation: its progress, its lock, its repository, the snapshot it is about.
#pragma once

#include <string>
#include <utility>

#include "capi/handles.hpp"
#include "capi/options.hpp"
#include "observe/progress.hpp"
#include "repository/lock.hpp"

namespace sapdr::capi {

// Does something at the end of a scope, however it is left.
template <class Action>
class AtEnd {
 public:
  explicit AtEnd(Action action) : action_(std::move(action)) {}
  ~AtEnd() { action_(); }
  AtEnd(const AtEnd&) = delete;
  AtEnd& operator=(const AtEnd&) = delete;

 private:
  Action action_;
};

// Progress whose last call is made whatever happens. While it lives, this thread can be cancelled
// wherever it waits.
class RunProgress : public core::Progress {
 public:
  explicit RunProgress(const sapdr_observer* observer = nullptr,
                       const sapdr_cancel* cancel = nullptr)
      : RunProgress(read_options(observer, "observer"), cancel) {}
  ~RunProgress() { finish(); }

 private:
  RunProgress(const sapdr_observer& observer, const sapdr_cancel* cancel)
      : Progress(&observer, cancel == nullptr ? nullptr : &cancel->flag),
        scope_(cancel == nullptr ? nullptr : &cancel->flag) {}

  const core::CancelScope scope_;
};

// Which snapshot a caller means.
struct SnapshotName {
  std::string name;
  core::SnapshotFilter filter;

  bool has_folder() const { return name.find(':') != std::string::npos; }
};

core::SnapshotFilter read_filter(const sapdr_snapshot_filter* filter);

inline SnapshotName read_name(const char* snapshot, const sapdr_snapshot_filter* filter) {
  return {&require(snapshot, "snapshot"), read_filter(filter)};
}

enum class Index { none, load };

// A repository under a shared lock.
class Session {
 public:
  Session(core::RepositoryPtr repository, Index index, core::Progress& progress)
      : repository_(std::move(repository)), lock_(*repository_, core::LockMode::shared, progress) {
    if (index == Index::load) repository_->load_index(progress);
  }

  core::Repository& repository() const { return *repository_; }
  core::SnapshotRef find(const SnapshotName& wanted) const {
    return core::find_snapshot(*repository_, wanted.name, wanted.filter);
  }
  const core::RepositoryLock& lock() const { return lock_; }

 private:
  core::RepositoryPtr repository_;
  core::RepositoryLock lock_;
};

}  // namespace sapdr::capi
