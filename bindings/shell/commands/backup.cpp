// backup
#include <poll.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <memory>

#include "command_line.hpp"
#include "commands/backup_summary.hpp"
#include "parse.hpp"
#include "path_lists.hpp"
#include "selection.hpp"
#include "session.hpp"
#include "text.hpp"
#include "watch.hpp"

namespace sapdr::shell {
namespace {

constexpr CommandText kBackup = {
    "backup", "Back up files and folders into a new snapshot",
    "Reads the files and folders and stores what the repository does not have yet. What cannot be\n"
    "read is named, left out, and ends in exit code 3: the snapshot is then incomplete. With\n"
    "--verify every pack of the snapshot is read back and the snapshot counts as verified.",
    "  sapdr backup --verify /srv/models /etc/models.yaml\n"
    "  sapdr backup --exclude '*.tmp' --exclude-caches --tag nightly,prod /srv\n"
    "  sapdr backup --dry-run -v /srv/models            what would be stored\n"
    "  mongodump --archive | sapdr backup --stdin --stdin-filename orders.archive\n"};

struct BackupArguments {
  std::vector<std::string> paths, files_from, files_from_verbatim, files_from_raw;
  std::vector<std::string> excludes, iexcludes, exclude_files, exclude_if_present, tag_lists;
  std::string exclude_larger_than, host, time, parent;
  std::string chunker = "auto";
  std::string stdin_filename = "stdin";
  bool exclude_caches = false, one_file_system = false, force = false;
  bool ignore_inode = false, ignore_ctime = false, with_atime = false;
  bool dry_run = false, from_stdin = false, verify = false, no_extra_verify = false;
};

std::vector<std::string> paths_of(const BackupArguments& a) {
  std::vector<std::string> paths = a.paths;
  for (const auto& name : a.files_from) append_paths_from(name, PathList::patterns, paths);
  for (const auto& name : a.files_from_verbatim) append_paths_from(name, PathList::verbatim, paths);
  for (const auto& name : a.files_from_raw) append_paths_from(name, PathList::raw, paths);
  if (a.from_stdin && !paths.empty()) {
    throw usage_error("--stdin and paths exclude each other; make two backups");
  }
  if (!a.from_stdin && paths.empty()) {
    throw usage_error("nothing to back up was named")
        .hinted("give files or folders, --files-from FILE or --stdin");
  }
  return paths;
}

// The options of the C ABI with all that they point to.
class Options {
 public:
  Options(const BackupArguments& a, const Watch& watch, sapdr_cancel* cancel)
      : tags_(split_commas(a.tag_lists)),
        tag_pointers_(tags_),
        excludes_(a.excludes),
        iexcludes_(a.iexcludes),
        exclude_files_(a.exclude_files),
        exclude_if_present_(a.exclude_if_present) {
    SAPDR_INIT(&options_);
    options_.observer = watch.observer();
    options_.cancel = cancel;
    options_.verify = a.verify;
    options_.host = a.host.empty() ? nullptr : a.host.c_str();
    options_.parent = a.force ? "none" : a.parent.empty() ? nullptr : a.parent.c_str();
    if (!a.time.empty()) options_.time_ns = parse_time("--time", a.time);
    point_to_lists();
    if (!a.exclude_larger_than.empty()) {
      options_.exclude_larger_than = parse_size("--exclude-larger-than", a.exclude_larger_than);
    }
    options_.exclude_caches = a.exclude_caches;
    options_.one_file_system = a.one_file_system;
    options_.ignore_inode = a.ignore_inode;
    options_.ignore_ctime = a.ignore_ctime;
    options_.with_atime = a.with_atime;
    options_.dry_run = a.dry_run;
    options_.chunker = parse_choice(
        "--chunker", a.chunker, {{"auto", SAPDR_CHUNKER_AUTO}, {"restic", SAPDR_CHUNKER_RESTIC}});
  }
  Options(const Options&) = delete;
  Options& operator=(const Options&) = delete;

  const sapdr_backup_options* get() const { return &options_; }

 private:
  void point_to_lists() {
    options_.tags = tag_pointers_.data();
    options_.n_tags = tag_pointers_.size();
    options_.excludes = excludes_.data();
    options_.n_excludes = excludes_.size();
    options_.iexcludes = iexcludes_.data();
    options_.n_iexcludes = iexcludes_.size();
    options_.exclude_files = exclude_files_.data();
    options_.n_exclude_files = exclude_files_.size();
    options_.exclude_if_present = exclude_if_present_.data();
    options_.n_exclude_if_present = exclude_if_present_.size();
  }

  std::vector<std::string> tags_;
  CStrings tag_pointers_, excludes_, iexcludes_, exclude_files_, exclude_if_present_;
  sapdr_backup_options options_;
};

// Reads standard input; waits in short steps, so that an interrupt ends the wait as well.
sapdr_status read_stdin(void* user, void* buffer, std::size_t capacity, std::size_t* size,
                        sapdr_error** error) {
  const auto* cancel = static_cast<const sapdr_cancel*>(user);
  while (sapdr_cancel_is_triggered(cancel) == 0) {
    pollfd input = {STDIN_FILENO, POLLIN, 0};
    if (::poll(&input, 1, 200) <= 0) continue;
    const ssize_t n = ::read(STDIN_FILENO, buffer, capacity);
    if (n >= 0) {
      *size = static_cast<std::size_t>(n);
      return SAPDR_OK;
    }
    if (errno == EINTR || errno == EAGAIN) continue;
    const Failure failure = system_failure("cannot read standard input", errno);
    if (error != nullptr) *error = sapdr_error_new(failure.status(), failure.message().c_str());
    return failure.status();
  }
  return SAPDR_E_CANCELLED;
}

std::optional<Failure> back_up_stdin(const BackupArguments& a, Session& session, sapdr_repo* repo,
                                     const Options& options, sapdr_backup_result& result) {
  const std::string path =
      a.stdin_filename.starts_with('/') ? a.stdin_filename : "/" + a.stdin_filename;
  sapdr_stream stream;
  SAPDR_INIT(&stream);
  stream.path = path.c_str();
  stream.user = session.cancel();
  stream.read = read_stdin;
  return attempt([&](sapdr_error** error) {
    return sapdr_backup_streams(&result, repo, &stream, 1, options.get(), error);
  });
}

void run_backup(const BackupArguments& a, Session& session) {
  const std::vector<std::string> paths = paths_of(a);
  Watch watch(session.console(), session.report(), session.options().json);
  const Options options(a, watch, session.cancel());
  sapdr_repo* repo = session.open(a.no_extra_verify);
  sapdr_backup_result result;
  SAPDR_INIT(&result);
  const CStrings pointers(paths);
  auto failure = a.from_stdin ? back_up_stdin(a, session, repo, options, result)
                              : attempt([&](sapdr_error** error) {
                                  return sapdr_backup_run(&result, repo, pointers.data(),
                                                          pointers.size(), options.get(), error);
                                });
  const bool finished = !failure || failure->status() == SAPDR_E_INCOMPLETE;
  session.summary() = backup_summary(result, a.dry_run, finished);
  watch.rethrow();
  if (failure) throw std::move(*failure);
}

void add_what(CLI::App& command, BackupArguments& a) {
  constexpr const char* kGroup = "What to back up";
  add_positionals(command, "PATH", a.paths, "files and folders");
  add_list(command, "--files-from", a.files_from, "FILE",
           "paths and patterns, one a line, # comments (can be repeated; -: standard input)")
      ->group(kGroup);
  add_list(command, "--files-from-verbatim", a.files_from_verbatim, "FILE",
           "paths, one a line, taken as they are")
      ->group(kGroup);
  add_list(command, "--files-from-raw", a.files_from_raw, "FILE",
           "paths, each with a NUL behind it")
      ->group(kGroup);
  command.add_flag("--stdin", a.from_stdin, "store standard input as one file")->group(kGroup);
  command.add_option("--stdin-filename", a.stdin_filename, "its name (default stdin)")
      ->type_name("NAME")
      ->group(kGroup);
  command.add_flag("-x,--one-file-system", a.one_file_system, "do not cross mount points")
      ->group(kGroup);
}

void add_excludes(CLI::App& command, BackupArguments& a) {
  constexpr const char* kGroup = "What to leave out";
  add_list(command, "-e,--exclude", a.excludes, "PATTERN",
           "what matches, as in .gitignore (can be repeated)")
      ->group(kGroup);
  add_list(command, "--iexclude", a.iexcludes, "PATTERN", "the same, upper and lower case alike")
      ->group(kGroup);
  add_list(command, "--exclude-file", a.exclude_files, "FILE", "patterns from a file, one a line")
      ->group(kGroup);
  add_list(command, "--exclude-if-present", a.exclude_if_present, "NAME[:HEADER]",
           "what is in folders that hold a file NAME (that begins with HEADER)")
      ->group(kGroup);
  command.add_option("--exclude-larger-than", a.exclude_larger_than, "bigger files: 10M, 1.5G")
      ->type_name("SIZE")
      ->group(kGroup);
  command.add_flag("--exclude-caches", a.exclude_caches, "what is in folders with a CACHEDIR.TAG")
      ->group(kGroup);
}

void add_change_detection(CLI::App& command, BackupArguments& a) {
  constexpr const char* kGroup = "What counts as unchanged";
  command
      .add_option("--parent", a.parent,
                  "compare with this snapshot (default: the latest of the same host and paths)")
      ->type_name("SNAPSHOT")
      ->group(kGroup);
  command.add_flag("-f,--force", a.force, "read everything again")->group(kGroup);
  command.add_flag("--ignore-inode", a.ignore_inode, "a changed inode alone is no change")
      ->group(kGroup);
  command.add_flag("--ignore-ctime", a.ignore_ctime, "a changed ctime alone is no change")
      ->group(kGroup);
}

void add_snapshot_options(CLI::App& command, BackupArguments& a) {
  constexpr const char* kGroup = "The snapshot";
  add_list(command, "--tag", a.tag_lists, "TAG[,TAG...]", "its tags (can be repeated)")
      ->group(kGroup);
  command.add_option("-H,--host", a.host, "its host (default: this one)")
      ->type_name("HOST")
      ->group(kGroup);
  command.add_option("--time", a.time, "its time, \"2026-11-22 08:41:00\" (default: now)")
      ->type_name("TIME")
      ->group(kGroup);
  command
      .add_option("--chunker", a.chunker,
                  "where files are cut: auto (default), as restic does it and at the edges of "
                  "tensors in *.safetensors and *.gguf, or restic")
      ->type_name("CHUNKER")
      ->group(kGroup);
  command.add_flag("--with-atime", a.with_atime, "keep access times")->group(kGroup);
  command.add_flag("--verify", a.verify, "read its packs back when it is written")->group(kGroup);
  command.add_flag("--no-extra-verify", a.no_extra_verify, "do not prove each blob before storing")
      ->group(kGroup);
  command.add_flag("-n,--dry-run", a.dry_run, "read and compare, store nothing")->group(kGroup);
}

}  // namespace

void add_backup(CLI::App& app, CommandLine& line) {
  const auto arguments = std::make_shared<BackupArguments>();
  CLI::App& command =
      add_command(app, line, kBackup, [arguments](Session& s) { run_backup(*arguments, s); });
  add_what(command, *arguments);
  add_excludes(command, *arguments);
  add_change_detection(command, *arguments);
  add_snapshot_options(command, *arguments);
}

}  // namespace sapdr::shell
