#include "operation/snapshot_file.hpp"

#include <algorithm>
#include <cstring>

#include "operation/snapshot_path.hpp"

namespace sapdr::core {

namespace {

// Who jumps about in a file, jumps about in a few places.
constexpr size_t max_kept = 8;
constexpr size_t max_kept_bytes = 32 * 1024 * 1024;

}  // namespace

SnapshotFile::SnapshotFile(RepositoryPtr repository, SnapshotRef ref, std::string_view path)
    : repository_(std::move(repository)),
      ref_(std::move(ref)),
      path_(snapshot_path(path)),
      node_(find_file(*repository_, ref_.tree, path_)) {
  find_ends();
}

void SnapshotFile::find_ends() {
  uint64_t end = 0;
  ends_.reserve(node_.content.size());
  for (const Id& id : node_.content) {
    const auto place = repository_->index().find(id, BlobType::data);
    if (!place) {
      throw Error(Code::corrupt, path_ + " needs blob " + id.hex() +
                                     ", which no index knows; check the repository")
          .with("path", path_)
          .with("blob", id.hex());
    }
    end += place->plain_length;
    ends_.push_back(end);
  }
  if (end != node_.size) {
    throw Error(Code::corrupt, path_ + " should have " + std::to_string(node_.size) +
                                   " bytes, but its blobs have " + std::to_string(end) +
                                   "; dump it to get what there is")
        .with("path", path_);
  }
}

// The blob that holds `offset`, which lies in the file; empty blobs hold nothing.
size_t SnapshotFile::blob_at(uint64_t offset) const {
  return static_cast<size_t>(std::upper_bound(ends_.begin(), ends_.end(), offset) - ends_.begin());
}

uint64_t SnapshotFile::blob_end(uint64_t offset) const {
  return offset < size() ? ends_[blob_at(offset)] : size();
}

size_t SnapshotFile::read(uint64_t offset, ByteSpan out, Progress& progress) {
  if (offset >= size() || out.empty()) return 0;
  out = out.first(static_cast<size_t>(std::min<uint64_t>(out.size(), size() - offset)));
  const size_t last = blob_at(offset + out.size() - 1);
  is_sequential_ = offset == next_;
  size_t done = 0;
  for (size_t blob = blob_at(offset); blob <= last; ++blob) {
    progress.checkpoint();
    const ByteView content = content_of(blob, last);
    const auto from = static_cast<size_t>(offset + done - begin_of(blob));
    const size_t n = std::min(content.size() - from, out.size() - done);
    std::memcpy(out.data() + done, content.data() + from, n);
    done += n;
  }
  next_ = offset + done;
  return done;
}

// `last`: the last blob of the same read. The content lives until the next call.
const Bytes& SnapshotFile::content_of(size_t blob, size_t last) {
  const Id& id = node_.content[blob];
  const auto at =
      std::find_if(kept_.begin(), kept_.end(), [&](const Kept& kept) { return kept.id == id; });
  if (at != kept_.end()) {
    kept_.splice(kept_.begin(), kept_, at);
  } else {
    const size_t most = size_t{2} * repository_->reads_at_once();
    window_ = is_sequential_ ? std::clamp<size_t>(2 * window_, 1, most) : 0;
    Bytes content = load(blob, std::clamp(last - blob, window_, most));
    keep(id, std::move(content));
  }
  return kept_.front().content;
}

// Loads a blob, and begins to load up to `n_ahead` of those behind it.
Bytes SnapshotFile::load(size_t blob, size_t n_ahead) {
  const bool is_ahead = blob >= ahead_from_ && blob - ahead_from_ < ahead_.size();
  Ahead<Bytes> own;
  if (is_ahead) {
    own = std::move(ahead_[blob - ahead_from_]);
    ahead_.erase(ahead_.begin(), ahead_.begin() + static_cast<ptrdiff_t>(blob - ahead_from_) + 1);
  } else {
    ahead_.clear();
  }
  ahead_from_ = blob + 1;
  load_ahead(n_ahead);
  Bytes content =
      is_ahead ? own.take() : repository_->load_blob(BlobType::data, node_.content[blob]);
  // The index may name a blob twice, and lie about it once.
  if (content.size() != ends_[blob] - begin_of(blob)) {
    throw Error(Code::corrupt, "blob " + node_.content[blob].hex() +
                                   " has another size than the index says; check the repository")
        .with("path", path_);
  }
  return content;
}

void SnapshotFile::load_ahead(size_t n) {
  const unsigned threads = repository_->reads_at_once();
  if (n > 0 && !workers_) workers_.emplace(threads, size_t{2} * threads);
  while (ahead_.size() < n && ahead_from_ + ahead_.size() < node_.content.size()) {
    const Id& id = node_.content[ahead_from_ + ahead_.size()];
    ahead_.push_back(Ahead<Bytes>::start(*workers_, [&repository = *repository_, id] {
      return repository.load_blob(BlobType::data, id);
    }));
  }
}

void SnapshotFile::keep(const Id& id, Bytes content) {
  kept_bytes_ += content.size();
  kept_.push_front({id, std::move(content)});
  while (kept_.size() > max_kept || (kept_.size() > 1 && kept_bytes_ > max_kept_bytes)) {
    kept_bytes_ -= kept_.back().content.size();
    kept_.pop_back();
  }
}

}  // namespace sapdr::core
