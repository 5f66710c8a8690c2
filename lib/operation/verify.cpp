#include "operation/verify.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <memory>
#include <optional>
#include <unordered_set>

#include "base/open_fd.hpp"
#include "base/workers.hpp"
#include "component/files/listing.hpp"
#include "component/files/target_dir.hpp"
#include "operation/local_content.hpp"
#include "operation/local_metadata.hpp"
#include "operation/origin.hpp"
#include "operation/selection.hpp"
#include "operation/snapshot_path.hpp"

namespace sapdr::core {

namespace {

using SharedDir = std::shared_ptr<const Fd>;

class Verifier : public SelectionVisitor {
 public:
  Verifier(Repository& repository, const SnapshotRef& ref, std::string target,
           const VerifyOptions& options, Progress& progress);

  void run();
  void fill_in(VerifyResult& result) const;
  void throw_problems() const;

  bool open(Folder folder, const std::string& path, const std::vector<Node>& nodes) override;
  void item(Folder folder, const std::string& path, Node& node) override;
  std::optional<Folder> enter(Folder parent, const std::string& path, Node& node,
                              bool is_selected) override;
  void failed(const std::string& path, const Error& error) override;

 private:
  // What one item is compared with.
  struct Subject {
    SharedDir dir;  // null: its folder is missing
    std::string path;
    Node node;
  };
  using SharedSubject = std::shared_ptr<const Subject>;

  bool is_ours(const std::string& path) const;
  void find_extra(const Fd& dir, const std::string& path,
                  const std::unordered_set<std::string_view>& known);
  void extra_entry(const Fd& dir, const std::string& path, const DirEntry& entry);
  void compare(const SharedSubject& subject);
  void compare_file(const SharedSubject& subject, const struct stat& st);
  std::vector<ExpectedBlob> expected_blobs(const Subject& subject, uint64_t& size) const;
  void compare_metadata(const Subject& subject, const struct stat& st, int fd);
  void tell(std::atomic<uint64_t>& count, int32_t action, const Subject& subject,
            std::string message);
  void done(const Subject& subject);

  Repository& repository_;
  const SnapshotRef& ref_;
  const VerifyOptions& options_;
  Progress& progress_;
  std::optional<Origin> origin_;  // in place
  PatternList left_out_;          // in place: what the backup was told to leave out
  Selection selection_;
  std::optional<TargetDir> target_;
  SharedDir open_dir_;  // the folder whose content comes
  std::atomic<uint64_t> n_files_{0}, n_bytes_{0}, n_matching_{0}, n_missing_{0}, n_differing_{0},
      n_metadata_{0}, n_extra_{0}, n_failed_{0};
  Workers workers_;  // last: its threads use all of the above
};

Verifier::Verifier(Repository& repository, const SnapshotRef& ref, std::string target,
                   const VerifyOptions& options, Progress& progress)
    : repository_(repository),
      ref_(ref),
      options_(options),
      progress_(progress),
      selection_{options.includes, options.excludes},
      workers_(repository.context().threads(), size_t{2} * repository.context().threads()) {
  if (target.empty()) {
    origin_.emplace(repository, ref);
    target = origin_->folder();
    for (const std::string& pattern : ref.snapshot.excludes) left_out_.add(pattern);
  }
  target_.emplace(std::move(target), false);
}

void Verifier::run() {
  progress_.phase(SAPDR_PHASE_VERIFY);
  visit_selection(repository_, ref_.tree, selection_, *this, progress_);
  workers_.finish();
}

// In place, folders above what was backed up are the system's.
bool Verifier::is_ours(const std::string& path) const {
  return !origin_ || origin_->is_backed_up(path);
}

bool Verifier::open(Folder, const std::string& path, const std::vector<Node>& nodes) {
  open_dir_ = nullptr;
  try {
    open_dir_ = std::make_shared<const Fd>(target_->open_dir(relative_path(path)));
    if (!is_ours(path)) return true;
    std::unordered_set<std::string_view> known;
    for (const Node& node : nodes) known.insert(node.name);
    find_extra(*open_dir_, path, known);
  } catch (const Error& error) {
    // Missing, or no folder: that was told, what is in it is told next.
    if (error.code() == Code::not_found || error.code() == Code::invalid_state) return true;
    if (is_fatal(error)) throw;
    failed(path, error);
    return false;
  }
  return true;
}

void Verifier::find_extra(const Fd& dir, const std::string& path,
                          const std::unordered_set<std::string_view>& known) {
  for (const DirEntry& entry : list_folder(Fd(::fcntl(dir.get(), F_DUPFD_CLOEXEC, 0)), path)) {
    if (!known.contains(entry.name)) extra_entry(dir, join_path(path, entry.name), entry);
  }
}

void Verifier::extra_entry(const Fd& dir, const std::string& path, const DirEntry& entry) {
  progress_.checkpoint();
  struct stat st;
  if (::fstatat(dir.get(), entry.name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0) return;  // gone
  const bool is_dir = S_ISDIR(st.st_mode);
  if (origin_ && left_out_.matches(origin_->original(path), is_dir)) return;
  if (selection_.is_selected(path, is_dir)) {
    ++n_extra_;
    const uint64_t size = S_ISREG(st.st_mode) ? static_cast<uint64_t>(st.st_size) : 0;
    return progress_.item({.action = SAPDR_ITEM_EXTRA, .path = path, .size = size});
  }
  if (!is_dir || !selection_.may_hold_selected(path)) return;
  constexpr int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  const Fd below = open_fd_at(dir.get(), entry.name.c_str(), flags);
  if (!below) throw system_error(errno, "open the folder", path);
  find_extra(below, path, {});
}

std::optional<SelectionVisitor::Folder> Verifier::enter(Folder, const std::string& path, Node& node,
                                                        bool is_selected) {
  if (is_selected && is_ours(path)) {
    progress_.expect(1, 0);
    compare(std::make_shared<const Subject>(Subject{open_dir_, path, std::move(node)}));
  }
  return Folder{0};
}

void Verifier::item(Folder, const std::string& path, Node& node) {
  // No restore brings these back.
  if (node.type == NodeType::socket || node.type == NodeType::irregular) return;
  progress_.expect(1, node.size);
  auto subject = std::make_shared<const Subject>(Subject{open_dir_, path, std::move(node)});
  workers_.submit([this, subject = std::move(subject)] { compare(subject); });
}

void Verifier::compare(const SharedSubject& subject) {
  progress_.checkpoint();
  const Node& node = subject->node;
  if (node.type == NodeType::file) ++n_files_;
  struct stat st;
  if (!subject->dir ||
      ::fstatat(subject->dir->get(), node.name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0) {
    if (!subject->dir || errno == ENOENT) {
      tell(n_missing_, SAPDR_ITEM_MISSING, *subject, {});
    } else {
      failed(subject->path, system_error(errno, "look at", subject->path));
    }
    return done(*subject);
  }
  try {
    if (const std::string difference = difference_in_kind(subject->dir->get(), node, st);
        !difference.empty()) {
      tell(n_differing_, SAPDR_ITEM_DIFFERS, *subject, difference);
    } else if (node.type == NodeType::file) {
      return compare_file(subject, st);
    } else {
      compare_metadata(*subject, st, -1);
    }
  } catch (const Error& error) {
    if (is_fatal(error)) throw;
    failed(subject->path, error);
  }
  done(*subject);
}

void Verifier::compare_file(const SharedSubject& subject, const struct stat& st) {
  uint64_t size = 0;
  std::vector<ExpectedBlob> blobs = expected_blobs(*subject, size);
  if (static_cast<uint64_t>(st.st_size) != size) {
    tell(n_differing_, SAPDR_ITEM_DIFFERS, *subject,
         "its size is " + std::to_string(st.st_size) + ", not " + std::to_string(size));
    return done(*subject);
  }
  auto fd =
      std::make_shared<const Fd>(open_unnoticed(subject->dir->get(), subject->node.name.c_str()));
  if (!*fd) throw system_error(errno, "open", subject->path);
  compare_content(workers_, fd, subject->path, std::move(blobs), progress_,
                  [this, subject, st, fd](const Comparison& comparison) {
                    n_bytes_ += comparison.bytes_read;
                    if (comparison.difference) {
                      tell(n_differing_, SAPDR_ITEM_DIFFERS, *subject,
                           "its content differs in the part that begins at byte " +
                               std::to_string(*comparison.difference));
                    } else if (comparison.failure) {
                      failed(subject->path, *comparison.failure);
                    } else {
                      compare_metadata(*subject, st, fd->get());
                    }
                    done(*subject);
                  });
}

std::vector<ExpectedBlob> Verifier::expected_blobs(const Subject& subject, uint64_t& size) const {
  std::vector<ExpectedBlob> blobs;
  blobs.reserve(subject.node.content.size());
  for (const Id& id : subject.node.content) {
    const auto place = repository_.index().find(id, BlobType::data);
    if (!place) {
      throw Error(Code::not_found, subject.path + " needs blob " + id.hex() +
                                       ", which no index knows; check the repository")
          .with("blob", id.hex());
    }
    blobs.push_back({id, place->plain_length});
    size += place->plain_length;
  }
  return blobs;
}

// `fd`: of the open file, or -1.
void Verifier::compare_metadata(const Subject& subject, const struct stat& st, int fd) {
  const bool all_names = options_.includes.empty() && options_.excludes.empty();
  const std::string difference =
      difference_in_metadata(subject.dir->get(), fd, subject.node, st, all_names);
  if (difference.empty()) {
    ++n_matching_;
  } else {
    tell(n_metadata_, SAPDR_ITEM_METADATA, subject, difference);
  }
}

void Verifier::tell(std::atomic<uint64_t>& count, int32_t action, const Subject& subject,
                    std::string message) {
  ++count;
  progress_.item({.action = action,
                  .path = subject.path,
                  .size = subject.node.size,
                  .message = std::move(message)});
}

void Verifier::done(const Subject& subject) {
  progress_.done(1, 0, subject.path);
}

void Verifier::failed(const std::string& path, const Error& error) {
  ++n_failed_;
  progress_.count_error();
  progress_.item({.action = SAPDR_ITEM_FAILED, .path = path, .error = &error});
}

void Verifier::fill_in(VerifyResult& result) const {
  result.files = n_files_;
  result.bytes = n_bytes_;
  result.matching = n_matching_;
  result.missing = n_missing_;
  result.differing = n_differing_;
  result.metadata = n_metadata_;
  result.extra = n_extra_;
  result.failed = n_failed_;
}

void Verifier::throw_problems() const {
  uint64_t problems = n_missing_ + n_differing_;
  std::string counts =
      std::to_string(n_missing_) + " missing, " + std::to_string(n_differing_) + " differ";
  if (options_.strict) {
    problems += n_metadata_ + n_extra_;
    counts += ", " + std::to_string(n_metadata_) + " have other metadata, " +
              std::to_string(n_extra_) + " extra";
  }
  if (problems != 0) {
    throw Error(Code::checksum, target_->path() + " is not as in snapshot " +
                                    ref_.snapshot.id.short_hex() + ": " + counts);
  }
  if (n_failed_ != 0) {
    throw Error(Code::incomplete,
                std::to_string(n_failed_) + " items in " + target_->path() +
                    " could not be compared; everything else is as in the snapshot");
  }
}

}  // namespace

void verify(Repository& repository, const SnapshotRef& ref, std::string target,
            const VerifyOptions& options, VerifyResult& result, Progress& progress) {
  result = {};
  Verifier verifier(repository, ref, std::move(target), options, progress);
  try {
    verifier.run();
  } catch (...) {
    verifier.fill_in(result);
    throw;
  }
  verifier.fill_in(result);
  verifier.throw_problems();
}

}  // namespace sapdr::core
