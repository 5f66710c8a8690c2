// Saving file contents: read, cut, hash, store. The work is shared out by chunks, so that one large
// file keeps all cores as busy as a thousand small ones.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/buffer.hpp"
#include "base/workers.hpp"
#include "chunking/rabin.hpp"
#include "observe/progress.hpp"
#include "operation/backup.hpp"
#include "repository/blob_writer.hpp"
#include "repository/source.hpp"

namespace sapdr::core {

class FileSaver {
 public:
  // `readers`: how many files are read at once, at the most.
  FileSaver(Repository& repository, BlobWriter& writer, Workers& workers, unsigned readers,
            Chunker chunker, Progress& progress);

  struct Outcome {
    Node node;             // with content and the size that was read
    bool changed = false;  // while it was read
    uint64_t bytes_read = 0;
  };
  using Done = std::function<void(Outcome&&)>;
  using Failed = std::function<void(const Error&)>;

  // Reads a file to its end on this thread, one of the workers, and puts what it reads behind the
  // content that the node has. Then either `done` or `failed` is
  // called once, maybe later and on another worker. Failures to store are thrown: they end the run.
  void save(Node node, const std::string& path, const FileOpener& open, Done done,
            const Failed& failed);

 private:
  struct Job;
  class Reading;

  // A chunk of a buffer: where it ends, which is where the next one begins, and where its id goes.
  struct Chunk {
    size_t end;
    Id* id;
  };

  void store(ByteView buffer, const std::vector<Chunk>& chunks);
  // A buffer for chunks; `or_empty`: an empty one instead of exceeding the bound.
  Buffer take_buffer(bool or_empty);
  void give_buffer(Buffer buffer) noexcept;

  BlobWriter& writer_;
  Workers& workers_;
  const Chunker chunker_;
  Progress& progress_;
  const RabinTables tables_;
  const Bytes zeros_;  // one smallest chunk: what a hole is cut into
  const Id zeros_id_;

  std::mutex mutex_;
  std::vector<Buffer> buffers_;  // free ones
  size_t buffers_made_ = 0;
  const size_t buffer_limit_;
};

}  // namespace sapdr::core
