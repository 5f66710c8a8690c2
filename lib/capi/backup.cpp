#include "operation/backup.hpp"

#include <sapdr/backup.h>

#include "capi/backup.hpp"
#include "capi/run.hpp"
#include "capi/streams.hpp"
#include "component/files/file_source.hpp"

namespace capi = sapdr::capi;
namespace core = sapdr::core;
using core::Code;
using core::Error;

namespace {

sapdr_backup_result to_c(const core::BackupResult& from, uint64_t elapsed_ns) {
  sapdr_backup_result result{};
  result.state = static_cast<int32_t>(from.state);
  result.has_snapshot = from.snapshot ? 1 : 0;
  result.has_parent = from.parent ? 1 : 0;
  result.snapshot_id = capi::to_c(from.snapshot.value_or(core::Id{}));
  result.parent_id = capi::to_c(from.parent.value_or(core::Id{}));
  result.files_new = from.files_new;
  result.files_changed = from.files_changed;
  result.files_unmodified = from.files_unmodified;
  result.dirs_new = from.dirs_new;
  result.dirs_changed = from.dirs_changed;
  result.dirs_unmodified = from.dirs_unmodified;
  result.items_total = from.items_total;
  result.items_failed = from.items_failed;
  result.bytes_total = from.bytes_total;
  result.bytes_read = from.bytes_read;
  result.data_blobs_new = from.data_blobs_new;
  result.tree_blobs_new = from.tree_blobs_new;
  result.bytes_new = from.bytes_new;
  result.bytes_stored = from.bytes_stored;
  result.packs_new = from.packs_new;
  result.packs_verified = from.packs_verified;
  result.bytes_verified = from.bytes_verified;
  result.elapsed_ns = elapsed_ns;
  return result;
}

// What files and streams have in common.
core::BackupOptions read_common(const sapdr_backup_options& given) {
  capi::require_unused(given.reserved);
  core::BackupOptions options;
  options.host = capi::optional_text(given.host, "host");
  options.tags = capi::read_strings(given.tags, given.n_tags, "tags");
  options.time = given.time_ns;
  options.parent = capi::optional_text(given.parent, "parent");
  options.dry_run = given.dry_run != 0;
  options.verify = given.verify != 0;
  options.chunker =
      capi::read_choice<core::Chunker>(given.chunker, SAPDR_CHUNKER_RESTIC, "chunker");
  options.verify_max_age_ns = capi::read_duration(given.verify_max_age_ns, "verify_max_age_ns");
  return options;
}

core::PatternList read_excludes(const sapdr_backup_options& given) {
  using capi::read_strings;
  core::PatternList patterns;
  for (const auto& pattern : read_strings(given.excludes, given.n_excludes, "excludes")) {
    patterns.add(pattern);
  }
  for (const auto& pattern : read_strings(given.iexcludes, given.n_iexcludes, "iexcludes")) {
    patterns.add(pattern, /*ignore_case=*/true);
  }
  for (const auto& file :
       read_strings(given.exclude_files, given.n_exclude_files, "exclude_files")) {
    patterns.add_file(file);
  }
  return patterns;
}

std::vector<std::string> texts_of(const core::PatternList& patterns) {
  std::vector<std::string> texts;
  for (size_t i = 0; i < patterns.size(); ++i) texts.push_back(patterns.text(i));
  return texts;
}

core::FileSourceOptions read_files(const sapdr_backup_options& given) {
  core::FileSourceOptions options;
  options.excludes = read_excludes(given);
  options.exclude_if_present = capi::read_strings(given.exclude_if_present,
                                                  given.n_exclude_if_present, "exclude_if_present");
  options.exclude_larger_than = given.exclude_larger_than;
  options.exclude_caches = given.exclude_caches != 0;
  options.one_file_system = given.one_file_system != 0;
  options.ignore_inode = given.ignore_inode != 0;
  options.ignore_ctime = given.ignore_ctime != 0;
  options.with_atime = given.with_atime != 0;
  return options;
}

// Better refused than overlooked: somebody wanted something left out.
void require_no_excludes(const sapdr_backup_options& given) {
  if (given.n_excludes != 0 || given.n_iexcludes != 0 || given.n_exclude_files != 0 ||
      given.n_exclude_if_present != 0 || given.exclude_larger_than != 0 ||
      given.exclude_caches != 0) {
    throw Error(Code::invalid_argument,
                "excludes say which files are left out; only a backup of files takes them");
  }
}

void run(const core::RepositoryPtr& repository, const capi::Backup& back_up,
         const core::BackupOptions& options, const sapdr_backup_options& given,
         const capi::Result<sapdr_backup_result>& told) {
  capi::at_pace(repository->context(), [&] {
    capi::RunProgress progress(given.observer, given.cancel);
    core::BackupResult done;
    const capi::AtEnd tell([&] { told.write(to_c(done, progress.elapsed_ns())); });
    const capi::Session session(repository, capi::Index::load, progress, core::LockMode::shared,
                                core::Settle::before_changes);
    back_up(*repository, session.lock(), options, done, progress);
  });
}

capi::Backup backup_of(std::unique_ptr<core::Source> made) {
  return [source = std::shared_ptr<core::Source>(std::move(made))](
             core::Repository& repository, const core::RepositoryLock& lock,
             const core::BackupOptions& options, core::BackupResult& result,
             core::Progress& progress) {
    core::backup(repository, lock, *source, options, result, progress);
  };
}

}  // namespace

void sapdr::capi::back_up_whole(
    sapdr_backup_result* result, sapdr_repo* repo, const sapdr_backup_options* options,
    const std::function<Backup(const core::Context&, core::UnixNs time)>& prepare) {
  const Result<sapdr_backup_result> told(result);
  const core::RepositoryPtr& repository = use(repo);
  const sapdr_backup_options given = read_options(options, "options");
  core::BackupOptions read = read_common(given);
  require_no_excludes(given);
  read.fail_on_error = true;
  if (read.time == 0) read.time = repository->context().now();
  run(repository, prepare(repository->context(), read.time), read, given, told);
}

void sapdr::capi::back_up_source(sapdr_backup_result* result, sapdr_repo* repo,
                                 const sapdr_backup_options* options,
                                 const MakeSource& make_source) {
  back_up_whole(result, repo, options, [&](const core::Context& context, core::UnixNs time) {
    return backup_of(make_source(context, time));
  });
}

sapdr_status sapdr_backup_run(sapdr_backup_result* result, sapdr_repo* repo,
                              const char* const* paths, size_t n_paths,
                              const sapdr_backup_options* options, sapdr_error** err) {
  return capi::guard(err, [&] {
    const capi::Result<sapdr_backup_result> told(result);
    const core::RepositoryPtr& repository = capi::use(repo);
    const sapdr_backup_options given = capi::read_options(options, "options");
    core::BackupOptions read = read_common(given);
    core::FileSourceOptions files = read_files(given);
    files.paths = capi::read_strings(paths, n_paths, "paths");
    read.excludes = texts_of(files.excludes);
    run(repository, backup_of(core::make_file_source(std::move(files))), read, given, told);
  });
}

sapdr_status sapdr_backup_streams(sapdr_backup_result* result, sapdr_repo* repo,
                                  const sapdr_stream* streams, size_t n_streams,
                                  const sapdr_backup_options* options, sapdr_error** err) {
  return capi::guard(err, [&] {
    capi::TakenStreams taken = capi::take_streams(streams, n_streams);
    capi::back_up_source(result, repo, options, [&](const core::Context&, core::UnixNs time) {
      return capi::make_source(std::move(taken), time);
    });
  });
}
