#include "operation/check.hpp"

#include <sapdr/check.h>

#include "capi/run.hpp"

namespace capi = sapdr::capi;
namespace core = sapdr::core;

namespace {

sapdr_check_result to_c(const core::CheckResult& from, uint64_t elapsed_ns) {
  sapdr_check_result result{};
  result.snapshots = from.snapshots;
  result.trees = from.trees;
  result.packs = from.packs;
  result.packs_read = from.packs_read;
  result.bytes_read = from.bytes_read;
  result.packs_unreferenced = from.packs_unreferenced;
  result.problems = from.problems;
  result.snapshots_affected = from.snapshots_affected;
  result.files_affected = from.files_affected;
  result.packs_never_verified = from.packs_never_verified;
  result.oldest_unverified_ns = from.oldest_unverified.count();
  result.elapsed_ns = elapsed_ns;
  return result;
}

core::CheckOptions read_check(const sapdr_check_options& given) {
  core::CheckOptions options;
  options.subset = capi::optional_text(given.read_data_subset, "read_data_subset");
  options.budget_bytes = given.budget_bytes;
  options.budget_time = std::chrono::nanoseconds(capi::read_duration(given.budget_ns, "budget_ns"));
  options.max_age = std::chrono::nanoseconds(capi::read_duration(given.max_age_ns, "max_age_ns"));
  const bool is_rolling = given.budget_bytes != 0 || given.budget_ns != 0 || given.max_age_ns != 0;
  if (is_rolling && !options.subset.empty()) {
    throw core::Error(core::Code::invalid_argument,
                      "read_data_subset chooses by chance, a budget or max_age by age; give one");
  }
  options.read_data = given.read_data != 0 || is_rolling || !options.subset.empty();
  return options;
}

}  // namespace

sapdr_status sapdr_check_run(sapdr_check_result* result, sapdr_repo* repo,
                             const sapdr_check_options* options, sapdr_error** err) {
  return capi::guard(err, [&] {
    const capi::Result<sapdr_check_result> told(result);
    const core::RepositoryPtr& repository = capi::use(repo);
    const sapdr_check_options given = capi::read_options(options, "options");
    const core::CheckOptions read = read_check(given);
    capi::at_pace(repository->context(), [&] {
      capi::RunProgress progress(given.observer, given.cancel);
      core::CheckResult done;
      const capi::AtEnd tell([&] { told.write(to_c(done, progress.elapsed_ns())); });
      // A damaged index is one of the things that the check tells.
      const capi::Session session(repository, capi::Index::none, progress, core::LockMode::shared,
                                  core::Settle::before_changes);
      session.settled([&] { core::check(*repository, read, done, progress); });
    });
  });
}
