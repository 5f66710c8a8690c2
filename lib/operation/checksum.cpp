#include "operation/checksum.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/atomic_file.hpp"
#include "checksum/manifest.hpp"
#include "operation/checksum_queue.hpp"

namespace sapdr::core {

namespace {

class TreeChecksums {
 public:
  TreeChecksums(const Context& context, const std::string& folder, const ChecksumOptions& options,
                const FilePlace* left_out, ChecksumResult& result, Progress& progress)
      : context_(context),
        progress_(progress),
        result_(result),
        files_(file_options(folder, options, left_out), told()) {}

  // Throws if nothing could be read.
  void run(const OnChecksum& each) {
    ChecksumQueue queue(context_.threads(), progress_, [&](const ChecksumQueue::Outcome& outcome) {
      if (outcome.failure) return failed(outcome.file.path, *outcome.failure);
      done(outcome);
      each(outcome.file.path, outcome.checksum.size, outcome.checksum.id);
    });
    while (auto file = files_.next()) queue.add(*std::move(file));
    queue.finish();
    log_skipped();
    if (result_.failed != 0 && result_.files == 0) {
      throw Error(Code::io, "nothing could be read, so there are no checksums; the items say why");
    }
  }

 private:
  static RegularFilesOptions file_options(const std::string& folder, const ChecksumOptions& options,
                                          const FilePlace* left_out) {
    RegularFilesOptions files{folder, options.paths, options.excludes, left_out};
    if (files.paths.empty()) files.paths = {"."};
    return files;
  }

  RegularFiles::Told told() {
    return {[this](const std::string& path, const Error& error) { failed(path, error); },
            [this](const std::string& path) {
              ++result_.skipped;
              progress_.item({.action = SAPDR_ITEM_SKIPPED, .path = path});
            }};
  }

  // Else nothing would say why a folder of links has no checksums.
  void log_skipped() const {
    if (result_.skipped == 0) return;
    const LogLevel level = result_.files == 0 ? LogLevel::warning : LogLevel::info;
    context_.log(level, "checksum",
                 std::to_string(result_.skipped) +
                     " links, devices, fifos or sockets were skipped; links are followed only "
                     "where they are named");
  }

  void failed(const std::string& path, const Error& error) {
    ++result_.failed;
    progress_.count_error();
    progress_.item({.action = SAPDR_ITEM_FAILED, .path = path, .error = &error});
  }

  void done(const ChecksumQueue::Outcome& outcome) {
    ++result_.files;
    result_.bytes += outcome.checksum.size;
    if (!outcome.checksum.changed) return;
    progress_.item({.action = SAPDR_ITEM_CHANGED,
                    .path = outcome.file.path,
                    .size = outcome.checksum.size,
                    .message = "the checksum is that of what was read"});
  }

  const Context& context_;
  Progress& progress_;
  ChecksumResult& result_;
  RegularFiles files_;
};

void require_complete(const ChecksumResult& result, const std::string& what) {
  if (result.failed == 0) return;
  throw Error(Code::incomplete, std::to_string(result.failed) + " items could not be read; " +
                                    what + " without them; the items say why");
}

// Lines on their way to a file, so that it is not written to for each.
class Lines {
 public:
  explicit Lines(AtomicFile& file) : file_(file) {}

  void add(const std::string& line) {
    text_ += line;
    if (text_.size() >= 64 * 1024) flush();
  }
  void flush() {
    file_.write(as_bytes(text_));
    text_.clear();
  }

 private:
  AtomicFile& file_;
  std::string text_;
};

// Anything but a file would be lost: a device, a link, …
void require_replaceable(const FilePlace& place, const std::string& path) {
  struct stat st;
  if (::fstatat(place.folder.get(), place.name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0) return;
  if (S_ISREG(st.st_mode)) return;
  throw Error(Code::invalid_argument,
              path + " is there and is not a file; give the manifest another name")
      .with("path", path);
}

}  // namespace

Id checksum_file(const std::string& path, Progress& progress) {
  progress.phase(SAPDR_PHASE_READ);
  struct stat st;
  const bool is_there = ::stat(path.c_str(), &st) == 0 && S_ISREG(st.st_mode);
  const uint64_t size = is_there ? static_cast<uint64_t>(st.st_size) : 0;
  const RegularFile file{path, std::make_shared<const Fd>(AT_FDCWD), path, true, size};
  progress.expect(1, file.size);
  const FileChecksum read = checksum_of(file, progress);
  progress.done(1, 0, path);
  return read.id;
}

void checksum_tree(const Context& context, const std::string& folder,
                   const ChecksumOptions& options, const OnChecksum& each, ChecksumResult& result,
                   Progress& progress) {
  result = {};
  progress.phase(SAPDR_PHASE_READ);
  TreeChecksums(context, folder, options, nullptr, result, progress).run(each);
  require_complete(result, "the checksums are");
}

void write_manifest(const Context& context, const std::string& folder, const std::string& manifest,
                    const ChecksumOptions& options, ChecksumResult& result, Progress& progress) {
  result = {};
  progress.phase(SAPDR_PHASE_READ);
  const FilePlace place = place_of(manifest);
  require_replaceable(place, manifest);
  TreeChecksums tree(context, folder, options, &place, result, progress);
  AtomicFile file(place.folder.get(), place.name, manifest, 0666);
  Lines lines(file);
  tree.run(
      [&](const std::string& path, uint64_t, const Id& id) { lines.add(manifest_line(id, path)); });
  progress.phase(SAPDR_PHASE_FINISH);
  lines.flush();
  file.publish(AtomicFile::Existing::replace);
  require_complete(result, manifest + " is");
}

}  // namespace sapdr::core
