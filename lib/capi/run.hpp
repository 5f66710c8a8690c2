// One run of an operation: its progress, its lock, its repository, the snapshot it is about.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <type_traits>
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

// What an operation does once its arguments are read: all of its work, so that none of it is done
// on the caller's thread where the context has a pace. Returns what `work` does.
template <class Work>
auto at_pace(const core::Context& context, Work work) {
  using Result = std::invoke_result_t<Work&>;
  if constexpr (std::is_void_v<Result>) {
    context.at_pace(std::ref(work));
  } else {
    std::optional<Result> result;
    context.at_pace([&] { result.emplace(work()); });
    return std::move(*result);
  }
}

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

// `readable`: a damaged index file is told as an item; what only it names is missing then.
enum class Index { none, load, readable };

// A repository under a lock.
class Session {
 public:
  Session(core::RepositoryPtr repository, Index index, core::Progress& progress,
          core::LockMode mode = core::LockMode::shared, core::Settle settle = core::Settle::at_once)
      : repository_(std::move(repository)),
        lock_(*repository_, mode, progress, {}, settle),
        index_(index) {
    load_index(progress);
  }

  core::Repository& repository() const { return *repository_; }
  const core::RepositoryLock& lock() const { return lock_; }

  core::SnapshotRef find(const SnapshotName& wanted) const {
    const size_t colon = std::min(wanted.name.find(':'), wanted.name.size());
    core::SnapshotRef found =
        core::find_snapshot(*repository_, wanted.name.substr(0, colon), wanted.filter);
    catch_up();
    if (!wanted.has_folder()) return found;
    return core::find_snapshot(*repository_, found.snapshot.id.hex() + wanted.name.substr(colon),
                               {});
  }
  // Runs what only reads, while the lock settles. Whether it does counts more than what was found:
  // beside a prune, what is there may seem to be lost.
  template <class Work>
  void settled(Work work) const {
    try {
      work();
    } catch (...) {
      lock_.check();
      throw;
    }
    lock_.check();
  }

  // Snapshots may have come since the index was read. Whoever stored one has stored its index
  // before: once the snapshots are known, what is missing in the index is read.
  void catch_up() const {
    core::Progress quiet;
    load_index(quiet);
  }

 private:
  void load_index(core::Progress& progress) const {
    if (index_ == Index::load) repository_->load_index(progress);
    if (index_ != Index::readable) return;
    repository_->load_index(progress, [&](const core::Id& id, const core::Error& error) {
      repository_->context().log(core::LogLevel::warning, "repository", error.message());
      progress.damaged("index", id.hex(), error);
    });
  }

  core::RepositoryPtr repository_;
  core::RepositoryLock lock_;
  Index index_;
};

}  // namespace sapdr::capi
