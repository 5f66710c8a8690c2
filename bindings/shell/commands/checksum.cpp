// checksum
#include <CLI/CLI.hpp>
#include <memory>

#include "command_line.hpp"
#include "selection.hpp"
#include "session.hpp"
#include "text.hpp"
#include "watch.hpp"

namespace sapdr::shell {
namespace {

constexpr CommandText kChecksum = {
    "checksum", "Write or check SHA-256 of local files",
    "Prints the SHA-256 of files, and of all files in folders, as sha256sum does; with --output\n"
    "into a manifest, which appears when it is whole. Links in folders are not followed. What\n"
    "cannot be read is named, left out, and ends in exit code 3.\n"
    "With --check it reads a manifest, written here or by sha256sum, and compares the files: what\n"
    "is missing or differs is named and ends in exit code 26, lines that are malformed in exit\n"
    "code 3. Each PATH then is a place to look for extra files. No repository is needed.",
    "  sapdr checksum /srv/models --output models.sha256\n"
    "  sapdr checksum --exclude '*.tmp' model.safetensors configs | tee SHA256SUMS\n"
    "  sapdr checksum --check SHA256SUMS                    as sha256sum -c does\n"
    "  sapdr checksum --check models.sha256 --strict /srv/models   nor may there be other files\n"};

struct ChecksumArguments {
  std::vector<std::string> paths, excludes;
  std::string output, check;
  bool ignore_missing = false, strict = false;
};

void check_arguments(const ChecksumArguments& a) {
  if (!a.check.empty() && !a.output.empty()) {
    throw usage_error("--check and --output exclude each other; write a manifest, or check one");
  }
  if (a.check.empty() && (a.ignore_missing || a.strict)) {
    throw usage_error("--ignore-missing and --strict say how to check; give --check FILE, too");
  }
  if (a.check.empty() && a.paths.empty()) {
    throw usage_error("nothing to read was named")
        .hinted("give files or folders, or a manifest with --check FILE");
  }
}

// What the callback needs.
struct Listing {
  Report& report;
  Parked parked;
};

std::int32_t on_file(void* user, const sapdr_file_checksum* file) {
  auto& listing = *static_cast<Listing*>(user);
  return listing.parked.run([&] { listing.report.checksum(*file); }) ? 0 : 1;
}

void summarise(const sapdr_checksum_result& r, const std::string& manifest, Summary& summary) {
  if (!manifest.empty()) summary.figures.bytes("manifest", manifest);
  summary.figures.number("files", r.files).number("bytes", r.bytes);
  summary.figures.number("skipped", r.skipped).number("failed", r.failed);
  summary.figures.seconds("elapsed_seconds", r.elapsed_ns);
}

// For people, where standard output does not carry the checksums themselves.
std::vector<std::string> lines(const sapdr_checksum_result& r, const std::string& manifest) {
  std::vector<std::string> out = {"read " + counted(r.files, "file") + ", " + human_bytes(r.bytes) +
                                  " in " + human_duration(r.elapsed_ns)};
  if (r.skipped != 0) {
    out.push_back("skipped " + counted(r.skipped, "item") + ": links, devices and the like");
  }
  std::string written = "wrote " + shown(manifest);
  if (r.failed != 0) written += ", incomplete: " + counted(r.failed, "item") + " failed";
  out.push_back(written);
  return out;
}

void run_write(const ChecksumArguments& a, Session& session) {
  Watch watch(session.console(), session.report(), session.options().json);
  const bool prints_lines = a.output.empty() && !session.options().json;
  if (prints_lines) watch.hide(SAPDR_ITEM_SKIPPED);  // it would stand among them
  const CStrings paths(a.paths);
  const CStrings excludes(a.excludes);
  sapdr_checksum_options options;
  SAPDR_INIT(&options);
  options.observer = watch.observer();
  options.cancel = session.cancel();
  options.paths = paths.data();
  options.n_paths = paths.size();
  options.excludes = excludes.data();
  options.n_excludes = excludes.size();
  sapdr_checksum_result result;
  SAPDR_INIT(&result);
  Listing listing{session.report(), {}};
  auto failure = attempt([&](sapdr_error** error) {
    if (a.output.empty()) {
      return sapdr_checksum_tree(&result, session.context(), ".", on_file, &listing, &options,
                                 error);
    }
    return sapdr_manifest_write(&result, session.context(), ".", a.output.c_str(), &options, error);
  });
  summarise(result, a.output, session.summary());
  const bool is_written = !failure || failure->status() == SAPDR_E_INCOMPLETE;
  if (is_written && !a.output.empty()) session.summary().lines = lines(result, a.output);
  watch.rethrow();
  listing.parked.rethrow();
  if (failure) throw std::move(*failure);
}

void summarise(const sapdr_manifest_verify_result& r, bool matches, const std::string& manifest,
               Summary& summary) {
  summary.figures.flag("matches", matches).bytes("manifest", manifest);
  summary.figures.number("files", r.files).number("bytes", r.bytes);
  summary.figures.number("matching", r.matching).number("missing", r.missing);
  summary.figures.number("differing", r.differing).number("extra", r.extra);
  summary.figures.number("failed", r.failed).number("malformed", r.malformed);
  summary.figures.seconds("elapsed_seconds", r.elapsed_ns);
  summary.lines = {
      "compared " + counted(r.files, "file") + ", " + human_bytes(r.bytes) + " in " +
          human_duration(r.elapsed_ns),
      std::to_string(r.matching) + " as in the manifest, " + std::to_string(r.missing) +
          " missing, " + std::to_string(r.differing) + " different, " + std::to_string(r.extra) +
          " extra, " + std::to_string(r.failed) + " unreadable, " +
          counted(r.malformed, "malformed line"),
      matches ? "the files are as in the manifest" : "the files are NOT as in the manifest",
  };
}

void run_check(const ChecksumArguments& a, Session& session) {
  Watch watch(session.console(), session.report(), session.options().json);
  const CStrings paths(a.paths);
  const CStrings excludes(a.excludes);
  sapdr_manifest_verify_options options;
  SAPDR_INIT(&options);
  options.strict = a.strict;
  options.observer = watch.observer();
  options.cancel = session.cancel();
  options.paths = paths.data();
  options.n_paths = paths.size();
  options.excludes = excludes.data();
  options.n_excludes = excludes.size();
  options.ignore_missing = a.ignore_missing;
  sapdr_manifest_verify_result result;
  SAPDR_INIT(&result);
  auto failure = attempt([&](sapdr_error** error) {
    return sapdr_manifest_verify(&result, session.context(), ".", a.check.c_str(), &options, error);
  });
  watch.rethrow();
  const bool compared =
      !failure || failure->status() == SAPDR_E_CHECKSUM || failure->status() == SAPDR_E_INCOMPLETE;
  if (compared) summarise(result, !failure, a.check, session.summary());
  if (failure) throw std::move(*failure);
}

void run_checksum(const ChecksumArguments& a, Session& session) {
  check_arguments(a);
  if (a.check.empty()) {
    run_write(a, session);
  } else {
    run_check(a, session);
  }
}

}  // namespace

void add_checksum(CLI::App& app, CommandLine& line) {
  const auto arguments = std::make_shared<ChecksumArguments>();
  ChecksumArguments& a = *arguments;
  CLI::App& command =
      add_command(app, line, kChecksum, [arguments](Session& s) { run_checksum(*arguments, s); });
  add_positionals(command, "PATH", a.paths, "files and folders; with --check, to look for more in");
  command.add_option("-o,--output", a.output, "write a manifest instead of printing")
      ->type_name("FILE");
  add_list(command, "-e,--exclude", a.excludes, "PATTERN",
           "not what matches below a PATH (can be repeated)");
  command.add_option("-c,--check", a.check, "compare the files that this manifest names")
      ->type_name("FILE");
  command.add_flag("--ignore-missing", a.ignore_missing, "missing files do not count");
  command.add_flag("--strict", a.strict, "extra files and malformed lines count as differences");
}

}  // namespace sapdr::shell
