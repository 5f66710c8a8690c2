#include "operation/repair.hpp"

#include <sapdr/repair.h>

#include "capi/run.hpp"

namespace capi = sapdr::capi;
namespace core = sapdr::core;
using core::Code;
using core::Error;

namespace {

void refuse(bool is_given, const char* option, const char* repair) {
  if (!is_given) return;
  throw Error(Code::invalid_argument,
              std::string(option) + " says nothing to the repair of " + repair + "; leave it out");
}

sapdr_repair_index_result to_c(const core::RepairIndexResult& from, uint64_t elapsed_ns) {
  sapdr_repair_index_result result{};
  result.packs = from.packs;
  result.packs_read = from.packs_read;
  result.packs_added = from.packs_added;
  result.packs_changed = from.packs_changed;
  result.packs_dropped = from.packs_dropped;
  result.index_files_damaged = from.index_files_damaged;
  result.problems = from.problems;
  result.elapsed_ns = elapsed_ns;
  return result;
}

sapdr_repair_packs_result to_c(const core::RepairPacksResult& from, uint64_t elapsed_ns) {
  sapdr_repair_packs_result result{};
  result.packs_read = from.packs_read;
  result.bytes_read = from.bytes_read;
  result.packs_damaged = from.packs_damaged;
  result.blobs_saved = from.blobs_saved;
  result.blobs_lost = from.blobs_lost;
  result.elapsed_ns = elapsed_ns;
  return result;
}

sapdr_repair_snapshots_result to_c(const core::RepairSnapshotsResult& from, uint64_t elapsed_ns) {
  sapdr_repair_snapshots_result result{};
  result.snapshots = from.snapshots;
  result.snapshots_repaired = from.snapshots_repaired;
  result.snapshots_lost = from.snapshots_lost;
  result.snapshots_removed = from.snapshots_removed;
  result.files_dropped = from.files_dropped;
  result.folders_dropped = from.folders_dropped;
  result.elapsed_ns = elapsed_ns;
  return result;
}

// What all three have in common: `repair(repository, options, done, progress)`.
template <class Done, class Result, class Repair>
sapdr_status run(Result* result, sapdr_repo* repo, const sapdr_repair_options* options,
                 sapdr_error** err, Repair repair) {
  return capi::guard(err, [&] {
    const capi::Result<Result> told(result);
    const core::RepositoryPtr& repository = capi::use(repo);
    const sapdr_repair_options given = capi::read_options(options, "options");
    capi::at_pace(repository->context(), [&] {
      capi::RunProgress progress(given.observer, given.cancel);
      Done done;
      const capi::AtEnd tell([&] { told.write(to_c(done, progress.elapsed_ns())); });
      repair(*repository, given, done, progress);
    });
  });
}

std::vector<std::string> names_of(const sapdr_repair_options& given) {
  return capi::read_strings(given.names, given.n_names, "names");
}

}  // namespace

sapdr_status sapdr_repair_index(sapdr_repair_index_result* result, sapdr_repo* repo,
                                const sapdr_repair_options* options, sapdr_error** err) {
  return run<core::RepairIndexResult>(
      result, repo, options, err,
      [](core::Repository& repository, const sapdr_repair_options& given, auto& done,
         core::Progress& progress) {
        refuse(given.n_names != 0, "names", "the index");
        refuse(given.forget != 0, "forget", "the index");
        core::repair_index(
            repository,
            {.read_all_packs = given.read_all_packs != 0, .dry_run = given.dry_run != 0}, done,
            progress);
      });
}

sapdr_status sapdr_repair_packs(sapdr_repair_packs_result* result, sapdr_repo* repo,
                                const sapdr_repair_options* options, sapdr_error** err) {
  return run<core::RepairPacksResult>(
      result, repo, options, err,
      [](core::Repository& repository, const sapdr_repair_options& given, auto& done,
         core::Progress& progress) {
        refuse(given.read_all_packs != 0, "read_all_packs", "packs");
        refuse(given.forget != 0, "forget", "packs");
        core::repair_packs(repository, names_of(given), given.dry_run != 0, done, progress);
      });
}

sapdr_status sapdr_repair_snapshots(sapdr_repair_snapshots_result* result, sapdr_repo* repo,
                                    const sapdr_snapshot_filter* filter,
                                    const sapdr_repair_options* options, sapdr_error** err) {
  return run<core::RepairSnapshotsResult>(
      result, repo, options, err,
      [&](core::Repository& repository, const sapdr_repair_options& given, auto& done,
          core::Progress& progress) {
        refuse(given.read_all_packs != 0, "read_all_packs", "snapshots");
        core::repair_snapshots(repository,
                               {.names = names_of(given),
                                .filter = capi::read_filter(filter),
                                .forget = given.forget != 0,
                                .dry_run = given.dry_run != 0},
                               done, progress);
      });
}
