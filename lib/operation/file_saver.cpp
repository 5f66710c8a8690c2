#include "operation/file_saver.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <deque>
#include <utility>

#include "checksum/sha256.hpp"
#include "checksum/sha256_lanes.hpp"
#include "chunking/tensor_edges.hpp"

namespace sapdr::core {

namespace {

constexpr size_t read_size = 1024 * 1024;
// Buffers beyond one for each reading thread: how far reading may run ahead of storing.
constexpr size_t spare_buffers = 1;
// Some chunks are stored together, as they are hashed side by side. There is always room for the
// one that is being read.
constexpr size_t chunks_at_once = sha256_lanes;
constexpr size_t buffer_size = 2 * max_chunk;

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
  Reading(FileSaver& saver, const std::shared_ptr<Job>& job, std::string_view path)
      : saver_(saver),
        job_(job),
        buffer_(saver.take_buffer(false)),
        cutter_(saver.tables_),
        edges_(saver.chunker_ == Chunker::automatic ? path : std::string_view()) {}
  ~Reading() { saver_.give_buffer(std::move(buffer_)); }
  Reading(const Reading&) = delete;
  Reading& operator=(const Reading&) = delete;

  void run(FileReader& reader, const std::string& path) {
    while (true) {
      const size_t room = std::min(read_size, buffer_.size() - filled_);
      const FileReader::Piece piece =
          reading_part([&] { return reader.read(buffer_.span().subspan(filled_, room)); });
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
    if (filled_ > begun_) end_chunk(filled_);
    if (!chunks_.empty()) saver_.store(buffer_.view(), chunks_);
  }

  uint64_t total() const { return total_; }

 private:
  // Takes `size` bytes that were put behind what is in the buffer.
  void add(size_t size) {
    edges_.update(buffer_.view().subspan(filled_, size));
    filled_ += size;
    while (const size_t chunk = next_chunk()) end_chunk(begun_ + chunk);
    if (chunks_.size() >= chunks_at_once || buffer_.size() - begun_ < max_chunk) hand_over();
  }

  // The size of the chunk that is complete now; 0 if there is none.
  size_t next_chunk() {
    const bool is_edge_there = to_edge() <= current().size();
    const ByteView data = is_edge_there ? current().first(to_edge()) : current();
    const size_t size = cutter_.scan(data);
    if (size > 0 || !is_edge_there) return size;
    cutter_.restart();
    return data.size();
  }

  uint64_t to_edge() { return edges_.after(offset_) - offset_; }

  // The chunk that is not complete yet.
  ByteView current() const { return buffer_.view().subspan(begun_, filled_ - begun_); }

  void end_chunk(size_t end) {
    chunks_.push_back({end, &job_->ids.emplace_back()});
    offset_ += end - begun_;
    begun_ = end;
  }

  // Zeros are cut at the smallest size unless an edge comes first: a hole needs no scanning, nor
  // hashing.
  void add_hole(uint64_t hole) {
    while (hole > 0) {
      if (filled_ == begun_ && std::min(hole, to_edge()) >= min_chunk) {
        edges_.update(saver_.zeros_);
        job_->ids.push_back(saver_.zeros_id_);
        saver_.progress_.checkpoint();
        saver_.writer_.save(BlobType::data, saver_.zeros_id_, saver_.zeros_);
        hole -= min_chunk;
        offset_ += min_chunk;
        continue;
      }
      const size_t part = static_cast<size_t>(
          std::min<uint64_t>(hole, std::min(read_size, buffer_.size() - filled_)));
      std::memset(buffer_.data() + filled_, 0, part);
      add(part);
      hole -= part;
    }
  }

  // Hands the complete chunks to another thread while there are buffers, else stores them here.
  void hand_over() {
    if (chunks_.empty()) return;
    const size_t rest = filled_ - begun_;
    const std::byte* const from = buffer_.data() + begun_;
    Buffer next = saver_.take_buffer(true);
    if (next.empty()) {
      saver_.store(buffer_.view(), chunks_);
      std::memmove(buffer_.data(), from, rest);
    } else {
      std::memcpy(next.data(), from, rest);
      job_->unfinished.fetch_add(1);
      auto full = std::make_shared<Buffer>(std::exchange(buffer_, std::move(next)));
      saver_.workers_.submit([&saver = saver_, job = job_, full, chunks = chunks_] {
        saver.store(full->view(), chunks);
        saver.give_buffer(std::move(*full));
        job->release();
      });
    }
    chunks_.clear();
    begun_ = 0;
    filled_ = rest;
  }

  FileSaver& saver_;
  const std::shared_ptr<Job>& job_;
  Buffer buffer_;              // complete chunks, then the one that is being read
  std::vector<Chunk> chunks_;  // the complete ones
  size_t begun_ = 0;           // where the other one begins
  size_t filled_ = 0;
  uint64_t offset_ = 0;  // in the file, of `begun_`
  uint64_t total_ = 0;
  RabinCutter cutter_;
  TensorEdges edges_;
};

FileSaver::FileSaver(Repository& repository, BlobWriter& writer, Workers& workers, unsigned readers,
                     Chunker chunker, Progress& progress)
    : writer_(writer),
      workers_(workers),
      chunker_(chunker),
      progress_(progress),
      tables_(repository.config().polynomial),
      zeros_(min_chunk, std::byte{0}),
      zeros_id_(sha256(zeros_)),
      buffer_limit_(readers + spare_buffers) {}

Buffer FileSaver::take_buffer(bool or_empty) {
  const std::lock_guard lock(mutex_);
  if (!buffers_.empty()) {
    Buffer buffer = std::move(buffers_.back());
    buffers_.pop_back();
    return buffer;
  }
  if (or_empty && buffers_made_ >= buffer_limit_) return {};
  buffers_.reserve(buffers_made_ + 1);  // giving one back must not need memory
  Buffer buffer(buffer_size);
  ++buffers_made_;
  return buffer;
}

void FileSaver::give_buffer(Buffer buffer) noexcept {
  const std::lock_guard lock(mutex_);
  buffers_.push_back(std::move(buffer));
}

void FileSaver::store(ByteView buffer, const std::vector<Chunk>& chunks) {
  progress_.checkpoint();
  std::vector<ByteView> plains;
  size_t begin = 0;
  for (const Chunk& chunk : chunks) {
    plains.push_back(buffer.subspan(begin, chunk.end - begin));
    begin = chunk.end;
  }
  std::vector<Id> ids(chunks.size());
  writer_.save_all(BlobType::data, plains, ids);
  for (size_t i = 0; i < chunks.size(); ++i) *chunks[i].id = ids[i];
}

void FileSaver::save(Node node, const std::string& path, const FileOpener& open, Done done,
                     const Failed& failed) {
  const auto job = std::make_shared<Job>();
  const uint64_t size_before = node.content.empty() ? 0 : node.size;
  job->ids.assign(node.content.begin(), node.content.end());
  job->outcome.node = std::move(node);
  job->done = std::move(done);
  try {
    const std::unique_ptr<FileReader> reader =
        reading_part([&] { return open(job->outcome.node); });
    Reading reading(*this, job, path);
    reading.run(*reader, path);
    job->outcome.changed = reading_part([&] { return reader->finish(job->outcome.node); });
    job->outcome.node.size = size_before + reading.total();
  } catch (const ReadFailure& failure) {
    return failed(failure.error);
  }
  job->release();
}

}  // namespace sapdr::core
