#include "operation/copy.hpp"

#include <sapdr/copy.h>

#include "capi/run.hpp"

namespace capi = sapdr::capi;
namespace core = sapdr::core;
using core::Code;
using core::Error;

namespace {

sapdr_copy_result to_c(const core::CopyResult& from, uint64_t elapsed_ns) {
  sapdr_copy_result result{};
  result.snapshots_copied = from.snapshots_copied;
  result.snapshots_skipped = from.snapshots_skipped;
  result.snapshots_failed = from.snapshots_failed;
  result.data_blobs_new = from.data_blobs_new;
  result.tree_blobs_new = from.tree_blobs_new;
  result.bytes_new = from.bytes_new;
  result.bytes_stored = from.bytes_stored;
  result.packs_new = from.packs_new;
  result.bytes_fetched = from.bytes_fetched;
  result.elapsed_ns = elapsed_ns;
  return result;
}

}  // namespace

sapdr_status sapdr_copy_run(sapdr_copy_result* result, sapdr_repo* repo, sapdr_repo* from,
                            const char* const* snapshots, size_t n_snapshots,
                            const sapdr_snapshot_filter* filter, const sapdr_copy_options* options,
                            sapdr_error** err) {
  return capi::guard(err, [&] {
    const capi::Result<sapdr_copy_result> told(result);
    const core::RepositoryPtr& repository = capi::use(repo);
    const core::RepositoryPtr& source = capi::use(&capi::require(from, "from"));
    if (repo == from) {
      throw Error(Code::invalid_argument,
                  "\"repo\" and \"from\" are one handle; open the other "
                  "repository");
    }
    core::CopyOptions read;
    read.snapshots = capi::read_strings(snapshots, n_snapshots, "snapshots");
    read.filter = capi::read_filter(filter);
    const sapdr_copy_options given = capi::read_options(options, "options");
    read.dry_run = given.dry_run != 0;
    capi::at_pace(repository->context(), [&] {
      capi::RunProgress progress(given.observer, given.cancel);
      core::CopyResult done;
      const capi::AtEnd tell([&] { told.write(to_c(done, progress.elapsed_ns())); });
      // What is damaged in the source's index is told, and fails only what needs it.
      const capi::Session from_session(source, capi::Index::none, progress);
      const capi::Session session(repository, capi::Index::load, progress);
      core::copy({*source, from_session.lock()}, {*repository, session.lock()}, read, done,
                 progress);
    });
  });
}
