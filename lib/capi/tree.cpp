#include <sapdr/tree.h>

#include "capi/node.hpp"
#include "capi/run.hpp"
#include "operation/dump.hpp"
#include "operation/walk.hpp"

namespace capi = sapdr::capi;
namespace core = sapdr::core;

// Holds its lock until it is freed.
struct sapdr_walk {
  sapdr_walk(const core::RepositoryPtr& repository, const capi::SnapshotName& wanted,
             core::WalkOptions options, core::Progress& progress)
      : session(repository, capi::Index::readable, progress),
        walk(repository, session.find(wanted), std::move(options)),
        snapshot(walk.snapshot(), core::load_verified(*repository)) {}

  capi::Session session;
  core::Walk walk;
  sapdr_snapshot snapshot;
  sapdr_node node{};
};

namespace {

core::WalkOptions read_walk(const sapdr_walk_options* options) {
  const sapdr_walk_options given = capi::read_options(options, "options");
  core::WalkOptions read;
  read.recursive = given.not_recursive == 0;
  read.paths = capi::read_strings(given.paths, given.n_paths, "paths");
  return read;
}

}  // namespace

sapdr_status sapdr_walk_new(sapdr_walk** out, sapdr_repo* repo, const char* snapshot,
                            const sapdr_snapshot_filter* filter, const sapdr_walk_options* options,
                            sapdr_error** err) {
  return capi::guard_new(out, err, [&] {
    const core::RepositoryPtr& repository = capi::use(repo);
    const capi::SnapshotName wanted = capi::read_name(snapshot, filter);
    core::WalkOptions read = read_walk(options);
    return capi::at_pace(repository->context(), [&] {
      capi::RunProgress progress;
      return std::make_unique<sapdr_walk>(repository, wanted, std::move(read), progress);
    });
  });
}

sapdr_status sapdr_walk_next(const sapdr_node** out, sapdr_walk* walk, sapdr_error** err) {
  return capi::guard(err, [&] {
    capi::require(out, "out") = nullptr;
    const capi::Session& session = capi::require(walk, "walk").session;
    session.repository().context().check_process();
    session.lock().check();
    const core::Walk::Entry* entry =
        capi::at_pace(session.repository().context(), [&] { return walk->walk.next(); });
    if (entry != nullptr) {
      walk->node = capi::to_c(entry->path, entry->node);
      *out = &walk->node;
    }
  });
}

const sapdr_snapshot* sapdr_walk_snapshot(const sapdr_walk* walk) {
  return walk == nullptr ? nullptr : &walk->snapshot;
}

void sapdr_walk_free(sapdr_walk* walk) {
  if (walk != nullptr && !capi::is_forked(walk->session.repository().context())) delete walk;
}

sapdr_status sapdr_dump_run(sapdr_repo* repo, const char* snapshot,
                            const sapdr_snapshot_filter* filter, const char* path,
                            sapdr_status (*write)(void* user, const void* data, size_t size,
                                                  sapdr_error** err),
                            void* user, sapdr_cancel* cancel, sapdr_error** err) {
  return capi::guard(err, [&] {
    const core::RepositoryPtr& repository = capi::use(repo);
    const capi::SnapshotName wanted = capi::read_name(snapshot, filter);
    const std::string_view file = &capi::require(path, "path");
    capi::require(write, "write");
    capi::at_pace(repository->context(), [&] {
      capi::RunProgress progress(nullptr, cancel);
      const capi::Session session(repository, capi::Index::readable, progress);
      const auto hand_out = [&](core::ByteView data) {
        sapdr_error* failure = nullptr;
        const sapdr_status status = write(user, data.data(), data.size(), &failure);
        if (status != SAPDR_OK) throw capi::callback_error(status, failure, "\"write\"");
        sapdr_error_free(failure);
      };
      core::dump(*repository, session.find(wanted), file, hand_out, progress);
    });
  });
}
