#include "operation/verify.hpp"

#include <sapdr/verify.h>

#include "capi/patterns.hpp"
#include "capi/run.hpp"

namespace capi = sapdr::capi;
namespace core = sapdr::core;

namespace {

core::VerifyOptions read_verify(const sapdr_verify_options& given) {
  core::VerifyOptions options;
  options.includes = capi::read_patterns(given.includes, given.n_includes, "includes");
  options.excludes = capi::read_patterns(given.excludes, given.n_excludes, "excludes");
  options.strict = given.strict != 0;
  return options;
}

sapdr_verify_result to_c(const core::VerifyResult& from, uint64_t elapsed_ns) {
  sapdr_verify_result result{};
  result.files = from.files;
  result.bytes = from.bytes;
  result.matching = from.matching;
  result.missing = from.missing;
  result.differing = from.differing;
  result.metadata = from.metadata;
  result.extra = from.extra;
  result.failed = from.failed;
  result.elapsed_ns = elapsed_ns;
  return result;
}

}  // namespace

sapdr_status sapdr_verify_run(sapdr_verify_result* result, sapdr_repo* repo, const char* snapshot,
                              const sapdr_snapshot_filter* filter, const char* target,
                              const sapdr_verify_options* options, sapdr_error** err) {
  return capi::guard(err, [&] {
    const capi::Result<sapdr_verify_result> told(result);
    const core::RepositoryPtr& repository = capi::use(repo);
    const capi::SnapshotName wanted = capi::read_name(snapshot, filter);
    const sapdr_verify_options given = capi::read_options(options, "options");
    const core::VerifyOptions read = read_verify(given);
    std::string folder = capi::optional_text(target, "target");
    capi::at_pace(repository->context(), [&] {
      capi::RunProgress progress(given.observer, given.cancel);
      core::VerifyResult done;
      const capi::AtEnd tell([&] { told.write(to_c(done, progress.elapsed_ns())); });
      const capi::Session session(repository, capi::Index::readable, progress);
      core::verify(*repository, session.find(wanted), std::move(folder), read, done, progress);
    });
  });
}
