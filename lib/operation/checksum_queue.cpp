#include "operation/checksum_queue.hpp"

#include <algorithm>

#include "checksum/sha256.hpp"
#include "component/files/file_reader.hpp"

namespace sapdr::core {

namespace {

// Files that wait or are done while an earlier one is being read: so many small ones go on beside a
// large one, and so far ahead progress knows what comes.
constexpr size_t max_pending = 4096;

constexpr uint64_t min_buffer = 64 * 1024;
constexpr uint64_t max_buffer = 1024 * 1024;

void add_zeros(Sha256& hash, uint64_t size, Bytes& buffer, const std::string& path,
               Progress& progress) {
  std::fill(buffer.begin(), buffer.end(), std::byte{0});
  while (size != 0) {
    const size_t part = static_cast<size_t>(std::min<uint64_t>(size, buffer.size()));
    hash.update(ByteView(buffer).first(part));
    progress.done(0, part, path);
    size -= part;
  }
}

ChecksumQueue::Outcome outcome_of(const RegularFile& file, Progress& progress) {
  ChecksumQueue::Outcome outcome{file, {}, {}};
  try {
    outcome.checksum = checksum_of(file, progress);
  } catch (const Error& error) {
    if (is_fatal(error)) throw;
    outcome.failure = error;
  }
  progress.done(1, 0, file.path);
  return outcome;
}

}  // namespace

FileChecksum checksum_of(const RegularFile& file, Progress& progress) {
  progress.checkpoint();
  RegularFile::Opened opened = file.open();
  const auto size = static_cast<uint64_t>(opened.st.st_size);
  Bytes buffer(std::clamp(size, min_buffer, max_buffer));
  LocalFileReader reader(std::move(opened.fd), opened.st, file.path);
  Sha256 hash;
  for (;;) {
    const FileReader::Piece piece = reader.read(buffer);
    if (piece.size == 0 && piece.hole == 0) break;
    hash.update(ByteView(buffer).first(piece.size));
    progress.done(0, piece.size, file.path);
    if (piece.hole != 0) add_zeros(hash, piece.hole, buffer, file.path, progress);
  }
  Node read;
  const bool changed = reader.finish(read);
  return {hash.finish(), read.size, changed};
}

ChecksumQueue::ChecksumQueue(unsigned threads, Progress& progress, Told told)
    : progress_(progress), told_(std::move(told)), workers_(threads, max_pending) {}

void ChecksumQueue::add(RegularFile file) {
  while (!pending_.empty() && (pending_.size() == max_pending || pending_.front().is_ready())) {
    tell_next();
  }
  progress_.expect(1, file.size);
  pending_.push_back(Ahead<Outcome>::start(
      workers_,
      [&progress = progress_, file = std::move(file)] { return outcome_of(file, progress); }));
}

void ChecksumQueue::finish() {
  while (!pending_.empty()) tell_next();
}

void ChecksumQueue::tell_next() {
  Ahead<Outcome> next = std::move(pending_.front());
  pending_.pop_front();
  const Outcome outcome = next.take();
  progress_.checkpoint();
  told_(outcome);
}

}  // namespace sapdr::core
