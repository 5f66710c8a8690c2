#include "operation/verify_manifest.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <deque>
#include <optional>
#include <unordered_set>

#include "base/open_fd.hpp"
#include "base/path.hpp"
#include "checksum/manifest.hpp"
#include "operation/checksum_queue.hpp"

namespace sapdr::core {

namespace {

class ManifestVerifier {
 public:
  ManifestVerifier(const Context& context, const std::string& folder, const std::string& manifest,
                   const ManifestOptions& options, ManifestResult& result, Progress& progress);

  void run();
  void throw_problems() const;

 private:
  void add(const ManifestEntry& entry);
  void compare(const ChecksumQueue::Outcome& outcome);
  void read_failed(const ChecksumQueue::Outcome& outcome);
  void failed(const std::string& path, const Error& error);
  void malformed(const ManifestReader::Line& line);
  void find_extra();
  RegularFiles::Told told();

  const std::string& manifest_;
  const ManifestOptions& options_;
  ManifestResult& result_;
  Progress& progress_;
  const std::shared_ptr<const Fd> base_;
  const Fd file_;
  std::optional<FilePlace> place_;
  std::optional<RegularFiles> present_;    // where extra files are looked for
  std::unordered_set<std::string> named_;  // then: what the manifest names
  std::deque<Id> expected_;                // of the files in the queue
  uint64_t entries_ = 0;
  ChecksumQueue queue_;  // last: it is told to all of the above
};

Fd open_manifest(const std::string& path) {
  Fd fd = open_fd(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (!fd) throw system_error(errno, "open the manifest", path);
  return fd;
}

ManifestVerifier::ManifestVerifier(const Context& context, const std::string& folder,
                                   const std::string& manifest, const ManifestOptions& options,
                                   ManifestResult& result, Progress& progress)
    : manifest_(manifest),
      options_(options),
      result_(result),
      progress_(progress),
      base_(open_base(folder)),
      file_(open_manifest(manifest)),
      queue_(context.threads(), progress,
             [this](const ChecksumQueue::Outcome& outcome) { compare(outcome); }) {
  if (options.paths.empty()) return;
  place_ = place_of(manifest);
  present_.emplace(RegularFilesOptions{folder, options.paths, options.excludes, &*place_}, told());
}

RegularFiles::Told ManifestVerifier::told() {
  return {[this](const std::string& path, const Error& error) { failed(path, error); },
          [](const std::string&) {}};
}

void ManifestVerifier::run() {
  ManifestReader reader(file_.get(), manifest_);
  while (const auto line = reader.next()) {
    progress_.checkpoint();
    if (line->entry) {
      add(*line->entry);
    } else {
      malformed(*line);
    }
  }
  queue_.finish();
  if (present_) find_extra();
}

void ManifestVerifier::add(const ManifestEntry& entry) {
  ++entries_;
  if (present_) named_.insert(clean_path(entry.name));
  struct stat st;
  const bool is_there = ::fstatat(base_->get(), entry.name.c_str(), &st, 0) == 0;
  const uint64_t size = is_there && S_ISREG(st.st_mode) ? static_cast<uint64_t>(st.st_size) : 0;
  expected_.push_back(entry.id);
  queue_.add({entry.name, base_, entry.name, true, size});
}

void ManifestVerifier::compare(const ChecksumQueue::Outcome& outcome) {
  const Id expected = expected_.front();
  expected_.pop_front();
  if (outcome.failure) return read_failed(outcome);
  const FileChecksum& found = outcome.checksum;
  ++result_.files;
  result_.bytes += found.size;
  ItemEvent event{.path = outcome.file.path, .size = found.size};
  if (found.id == expected) {
    ++result_.matching;
    event.action = SAPDR_ITEM_UNCHANGED;
  } else {
    ++result_.differing;
    event.action = SAPDR_ITEM_DIFFERS;
    event.message = "its SHA-256 is " + found.id.hex() + ", not " + expected.hex();
    if (found.changed) event.message += "; it changed while it was read";
  }
  progress_.item(event);
}

void ManifestVerifier::read_failed(const ChecksumQueue::Outcome& outcome) {
  const std::string& path = outcome.file.path;
  const Error& error = *outcome.failure;
  if (error.code() == Code::not_found) {
    ++result_.missing;
    const int32_t action = options_.ignore_missing ? SAPDR_ITEM_SKIPPED : SAPDR_ITEM_MISSING;
    return progress_.item({.action = action, .path = path});
  }
  if (error.code() == Code::invalid_state) {  // a folder, a device, …
    ++result_.differing;
    return progress_.item(
        {.action = SAPDR_ITEM_DIFFERS, .path = path, .message = "it is not a file"});
  }
  failed(path, error);
}

void ManifestVerifier::failed(const std::string& path, const Error& error) {
  ++result_.failed;
  progress_.count_error();
  progress_.item({.action = SAPDR_ITEM_FAILED, .path = path, .error = &error});
}

void ManifestVerifier::malformed(const ManifestReader::Line& line) {
  ++result_.malformed;
  progress_.count_error();
  const Error error(Code::corrupt, "line " + std::to_string(line.number) + " " + line.problem);
  progress_.item({.action = SAPDR_ITEM_FAILED, .path = manifest_, .error = &error});
}

void ManifestVerifier::find_extra() {
  while (const auto file = present_->next()) {
    progress_.checkpoint();
    if (named_.contains(file->path)) continue;
    ++result_.extra;
    progress_.item({.action = SAPDR_ITEM_EXTRA, .path = file->path, .size = file->size});
  }
}

void ManifestVerifier::throw_problems() const {
  if (entries_ == 0) {
    throw Error(Code::invalid_argument,
                manifest_ + " has no line with a SHA-256; it is no manifest, or an empty one")
        .with("path", manifest_);
  }
  uint64_t problems = result_.differing + (options_.ignore_missing ? 0 : result_.missing);
  std::string counts = std::to_string(result_.missing) + " missing, " +
                       std::to_string(result_.differing) + " differ";
  if (options_.strict) {
    problems += result_.extra + result_.malformed;
    counts += ", " + std::to_string(result_.extra) + " extra, " +
              std::to_string(result_.malformed) + " lines malformed";
  }
  if (problems != 0) {
    throw Error(Code::checksum, "the files are not as in " + manifest_ + ": " + counts);
  }
  if (result_.missing == entries_) {
    throw Error(Code::not_found, "none of the files that " + manifest_ + " names is there");
  }
  if (result_.failed + result_.malformed != 0) {
    throw Error(Code::incomplete, std::to_string(result_.failed) + " items and " +
                                      std::to_string(result_.malformed) + " lines of " + manifest_ +
                                      " could not be read; everything else is as it says");
  }
}

}  // namespace

void verify_manifest(const Context& context, const std::string& folder, const std::string& manifest,
                     const ManifestOptions& options, ManifestResult& result, Progress& progress) {
  result = {};
  progress.phase(SAPDR_PHASE_VERIFY);
  ManifestVerifier verifier(context, folder, manifest, options, result, progress);
  verifier.run();
  verifier.throw_problems();
}

}  // namespace sapdr::core
