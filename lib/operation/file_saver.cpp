#include "operation/file_saver.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <deque>
#include <utility>

#include "checksum/sha256.hpp"

namespace sapdr::core {

namespace {

constexpr size_t read_size = 1024 * 1024;
// Buffers beyond one for each reading thread: how far reading may run ahead of storing.
constexpr size_t spare_buffers = 4;

// What the reader throws costs one file; what storing throws ends the run. This tells them apart.
struct ReadFailure {
  Error error;
};

template <class Part>
auto reading_part(Part part) {
  try {
    return part();
  } catch (const Error& error) {
    throw ReadFailure{error};
  }
}

}  // namespace

// One file on its way; freed by whoever finishes last, the reader or a chunk.
struct FileSaver::Job {
  Outcome outcome;
  Done done;
  std::deque<Id> ids;  // of the chunks, in order; a deque keeps its elements where they are
  std::atomic<size_t> unfinished{1};

  void release() {
    if (unfinished.fetch_sub(1) != 1) return;
    outcome.node.content.assign(ids.begin(), ids.end());
    done(std::move(outcome));
  }
};

// The reading side of one file.
class FileSaver::Reading {
 public:
  Reading(FileSaver& saver, const std::shared_ptr<Job>& job)
      : saver_(saver), job_(job), buffer_(saver.take_buffer(false)), cutter_(saver.tables_) {}
  ~Reading() { saver_.give_buffer(std::move(buffer_)); }
  Reading(const Reading&) = delete;
  Reading& operator=(const Reading&) = delete;

  void run(FileReader& reader, const std::string& path) {
    while (true) {
      const size_t room = std::min(read_size, buffer_.size() - filled_);
      const FileReader::Piece piece =
          reading_part([&] { return reader.read(ByteSpan(buffer_).subspan(filled_, room)); });
      if (piece.size == 0 && piece.hole == 0) break;
      if (piece.hole > 0) {
        add_hole(piece.hole);
      } else {
        add(piece.size);
        job_->outcome.bytes_read += piece.size;
      }
      total_ += piece.size + piece.hole;
      saver_.progress_.done(0, piece.size + piece.hole, path);
    }
    if (filled_ > 0) saver_.store(ByteView(buffer_).first(filled_), job_->ids.emplace_back());
  }

  uint64_t total() const { return total_; }

 private:
  // Takes `size` bytes that were put behind what is in the buffer.
  void add(size_t size) {
    filled_ += size;
    while (const size_t end = cutter_.scan(ByteView(buffer_).first(filled_))) emit(end);
  }

  // Zeros are cut at the smallest size, always: a hole needs no scanning, nor hashing.
  void add_hole(uint64_t hole) {
    while (hole > 0) {
      if (filled_ == 0 && hole >= min_chunk) {
        job_->ids.push_back(saver_.zeros_id_);
        saver_.progress_.checkpoint();
        saver_.writer_.save(BlobType::data, saver_.zeros_id_, saver_.zeros_);
        hole -= min_chunk;
        continue;
      }
      const size_t part = static_cast<size_t>(
          std::min<uint64_t>(hole, std::min(read_size, buffer_.size() - filled_)));
      std::memset(buffer_.data() + filled_, 0, part);
      add(part);
      hole -= part;
    }
  }

  // The chunk at the start of the buffer is complete: hands it to another thread while there are
  // buffers, else stores it here.
  void emit(size_t size) {
    Id& id = job_->ids.emplace_back();
    const size_t rest = filled_ - size;
    Bytes next = saver_.take_buffer(true);
    if (next.empty()) {
      saver_.store(ByteView(buffer_).first(size), id);
      std::memmove(buffer_.data(), buffer_.data() + size, rest);
    } else {
      std::memcpy(next.data(), buffer_.data() + size, rest);
      job_->unfinished.fetch_add(1);
      auto chunk = std::make_shared<Bytes>(std::exchange(buffer_, std::move(next)));
      saver_.workers_.submit([&saver = saver_, job = job_, chunk, size, &id] {
        saver.store(ByteView(*chunk).first(size), id);
        saver.give_buffer(std::move(*chunk));
        job->release();
      });
    }
    filled_ = rest;
  }

  FileSaver& saver_;
  const std::shared_ptr<Job>& job_;
  Bytes buffer_;
  size_t filled_ = 0;
  uint64_t total_ = 0;
  RabinCutter cutter_;
};

FileSaver::FileSaver(Repository& repository, BlobWriter& writer, Workers& workers,
                     Progress& progress)
    : writer_(writer),
      workers_(workers),
      progress_(progress),
      tables_(repository.config().polynomial),
      zeros_(min_chunk, std::byte{0}),
      zeros_id_(sha256(zeros_)),
      buffer_limit_(repository.context().threads() + spare_buffers) {}

Bytes FileSaver::take_buffer(bool or_empty) {
  const std::lock_guard lock(mutex_);
  if (!buffers_.empty()) {
    Bytes buffer = std::move(buffers_.back());
    buffers_.pop_back();
    return buffer;
  }
  if (or_empty && buffers_made_ >= buffer_limit_) return {};
  ++buffers_made_;
  return Bytes(max_chunk);
}

void FileSaver::give_buffer(Bytes buffer) {
  const std::lock_guard lock(mutex_);
  buffers_.push_back(std::move(buffer));
}

void FileSaver::store(ByteView chunk, Id& id) {
  progress_.checkpoint();
  id = sha256(chunk);
  writer_.save(BlobType::data, id, chunk);
}

void FileSaver::save(Node node, const std::string& path, const FileOpener& open, Done done,
                     const Failed& failed) {
  const auto job = std::make_shared<Job>();
  job->outcome.node = std::move(node);
  job->done = std::move(done);
  try {
    const std::unique_ptr<FileReader> reader =
        reading_part([&] { return open(job->outcome.node); });
    Reading reading(*this, job);
    reading.run(*reader, path);
    job->outcome.changed = reading_part([&] { return reader->finish(job->outcome.node); });
    job->outcome.node.size = reading.total();
  } catch (const ReadFailure& failure) {
    return failed(failure.error);
  }
  job->release();
}

}  // namespace sapdr::core
