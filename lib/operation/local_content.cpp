#include "operation/local_content.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <mutex>

#include "checksum/sha256.hpp"

namespace sapdr::core {

namespace {

constexpr uint64_t part_size = 32 * 1024 * 1024;

struct Part {
  uint64_t offset;
  size_t first;  // number of its first blob
  size_t end;
};

// One file, shared by the threads that read its parts.
class ComparedFile {
 public:
  ComparedFile(std::shared_ptr<const Fd> file, std::string path, std::vector<ExpectedBlob> blobs,
               Progress& progress, std::function<void(const Comparison&)> done)
      : file_(std::move(file)),
        path_(std::move(path)),
        blobs_(std::move(blobs)),
        progress_(progress),
        done_(std::move(done)) {}

  std::vector<Part> parts() {
    std::vector<Part> parts;
    Part part{0, 0, 0};
    uint64_t offset = 0;
    for (size_t i = 0; i < blobs_.size(); ++i) {
      offset += blobs_[i].length;
      part.end = i + 1;
      if (offset - part.offset < part_size && i + 1 < blobs_.size()) continue;
      parts.push_back(part);
      part = {offset, i + 1, i + 1};
    }
    if (parts.empty()) parts.push_back(part);  // an empty file has one empty part
    n_left_ = parts.size();
    return parts;
  }

  void compare(const Part& part) {
    Comparison found;
    try {
      read_part(part, found);
    } catch (const Error& error) {
      if (is_fatal(error)) throw;
      found.failure = error;
    }
    const std::lock_guard lock(mutex_);
    result_.bytes_read += found.bytes_read;
    if (found.failure) result_.failure = found.failure;
    if (found.difference && found.difference < result_.difference.value_or(UINT64_MAX)) {
      result_.difference = found.difference;
    }
    if (--n_left_ == 0) done_(result_);
  }

 private:
  void read_part(const Part& part, Comparison& found) {
    Bytes buffer;
    uint64_t offset = part.offset;
    for (size_t i = part.first; i < part.end && !found.difference; ++i) {
      progress_.checkpoint();
      const ExpectedBlob& blob = blobs_[i];
      buffer.resize(blob.length);
      const size_t size = read_at(offset, buffer);
      found.bytes_read += size;
      progress_.done(0, size, path_);
      if (size < blob.length || sha256(buffer) != blob.id) found.difference = offset;
      offset += blob.length;
    }
  }

  size_t read_at(uint64_t offset, ByteSpan out) const {
    size_t size = 0;
    while (size < out.size()) {
      const ssize_t n = ::pread(file_->get(), out.data() + size, out.size() - size,
                                static_cast<off_t>(offset + size));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) throw system_error(errno, "read", path_);
      if (n == 0) break;
      size += static_cast<size_t>(n);
    }
    return size;
  }

  const std::shared_ptr<const Fd> file_;
  const std::string path_;
  const std::vector<ExpectedBlob> blobs_;
  Progress& progress_;
  const std::function<void(const Comparison&)> done_;
  std::mutex mutex_;
  Comparison result_;
  size_t n_left_ = 0;
};

}  // namespace

void compare_content(Workers& workers, std::shared_ptr<const Fd> file, std::string path,
                     std::vector<ExpectedBlob> blobs, Progress& progress,
                     std::function<void(const Comparison&)> done) {
  auto compared = std::make_shared<ComparedFile>(std::move(file), std::move(path), std::move(blobs),
                                                 progress, std::move(done));
  const std::vector<Part> parts = compared->parts();
  for (size_t i = 1; i < parts.size(); ++i) {
    workers.submit([compared, part = parts[i]] { compared->compare(part); });
  }
  compared->compare(parts.front());
}

}  // namespace sapdr::core
