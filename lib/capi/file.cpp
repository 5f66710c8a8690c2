#include <sapdr/file.h>

#include "capi/node.hpp"
#include "capi/run.hpp"
#include "operation/snapshot_file.hpp"

namespace capi = sapdr::capi;
namespace core = sapdr::core;

// Holds its lock until it is freed.
struct sapdr_file {
  sapdr_file(const core::RepositoryPtr& repository, const capi::SnapshotName& wanted,
             std::string_view path, const sapdr_cancel* cancel_flag, core::Progress& progress)
      : session(repository, capi::Index::readable, progress),
        file(repository, session.find(wanted), path),
        snapshot(file.snapshot(), core::load_verified(*repository)),
        node(capi::to_c(file.path(), file.node())),
        cancel(cancel_flag) {}

  capi::Session session;
  core::SnapshotFile file;
  sapdr_snapshot snapshot;
  sapdr_node node;
  const sapdr_cancel* cancel;
};

sapdr_status sapdr_file_open(sapdr_file** out, sapdr_repo* repo, const char* snapshot,
                             const sapdr_snapshot_filter* filter, const char* path,
                             const sapdr_file_options* options, sapdr_error** err) {
  return capi::guard_new(out, err, [&] {
    const core::RepositoryPtr& repository = capi::use(repo);
    const capi::SnapshotName wanted = capi::read_name(snapshot, filter);
    const std::string_view name = &capi::require(path, "path");
    const sapdr_file_options given = capi::read_options(options, "options");
    capi::require_unused(given.reserved);
    return capi::at_pace(repository->context(), [&] {
      capi::RunProgress progress(nullptr, given.cancel);
      return std::make_unique<sapdr_file>(repository, wanted, name, given.cancel, progress);
    });
  });
}

sapdr_status sapdr_file_read(sapdr_file* file, uint64_t offset, void* buffer, size_t capacity,
                             size_t* size, sapdr_error** err) {
  return capi::guard(err, [&] {
    capi::require(size, "size") = 0;
    const capi::Session& session = capi::require(file, "file").session;
    session.repository().context().check_process();
    session.lock().check();
    if (capacity == 0) return;
    auto* const bytes = &capi::require(static_cast<std::byte*>(buffer), "buffer");
    capi::at_pace(session.repository().context(), [&] {
      capi::RunProgress progress(nullptr, file->cancel);
      *size = file->file.read(offset, {bytes, capacity}, progress);
    });
  });
}

uint64_t sapdr_file_size(const sapdr_file* file) {
  return file == nullptr ? 0 : file->file.size();
}

uint64_t sapdr_file_blob_end(const sapdr_file* file, uint64_t offset) {
  return file == nullptr ? 0 : file->file.blob_end(offset);
}

const sapdr_node* sapdr_file_node(const sapdr_file* file) {
  return file == nullptr ? nullptr : &file->node;
}

const sapdr_snapshot* sapdr_file_snapshot(const sapdr_file* file) {
  return file == nullptr ? nullptr : &file->snapshot;
}

void sapdr_file_free(sapdr_file* file) {
  if (file != nullptr && !capi::is_forked(file->session.repository().context())) delete file;
}
