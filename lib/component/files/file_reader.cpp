#include "component/files/file_reader.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <utility>

#include "base/error.hpp"
#include "component/files/metadata.hpp"

namespace sapdr::core {

namespace {

// Shorter ones are read as the zeros they are: looking for them would cost more.
constexpr uint64_t min_hole = 512 * 1024;
constexpr uint64_t min_advised = 1024 * 1024;
// Of the page cache. Systems read ahead by up to 16 MiB, twice; it is no burden on the cache.
constexpr uint64_t window_size = 32 * 1024 * 1024;
// Looking at smaller files would cost more than they take.
constexpr uint64_t min_looked_at = 64 * 1024;
constexpr uint64_t no_window = std::numeric_limits<uint64_t>::max();

// True if fewer blocks are there than the size needs.
bool has_holes(const struct stat& st) {
  const auto size = static_cast<uint64_t>(st.st_size);
  return size >= min_hole && static_cast<uint64_t>(st.st_blocks) * 512 < size;
}

}  // namespace

LocalFileReader::LocalFileReader(Fd fd, const struct stat& st, std::string path)
    : fd_(std::move(fd)), opened_(st), path_(std::move(path)) {
  if (!has_holes(st)) data_end_ = std::numeric_limits<uint64_t>::max();
  if (static_cast<uint64_t>(st.st_size) >= min_advised) {
    ::posix_fadvise(fd_.get(), 0, 0, POSIX_FADV_SEQUENTIAL);  // only advice
  }
  if (static_cast<uint64_t>(st.st_size) < min_looked_at) {
    window_end_ = no_window;
  } else {
    next_window_ = look_at_window(0);
  }
}

LocalFileReader::~LocalFileReader() {
  window_.drop();
  next_window_.drop();  // it may have been read ahead
}

PassingPages LocalFileReader::look_at_window(uint64_t begin) const {
  const auto size = static_cast<uint64_t>(opened_.st_size);
  if (begin >= size) return {};
  return {fd_.get(), begin, std::min(window_size, size - begin)};
}

void LocalFileReader::enter_window() {
  const uint64_t begin = position_ / window_size * window_size;
  window_.drop();
  if (begin != window_end_) {  // behind a hole
    next_window_.drop();
    next_window_ = look_at_window(begin);
  }
  window_ = std::exchange(next_window_, look_at_window(begin + window_size));
  window_end_ = begin + window_size;
}

uint64_t LocalFileReader::size_now() const {
  struct stat st;
  if (::fstat(fd_.get(), &st) != 0) throw system_error(errno, "look at", path_);
  return static_cast<uint64_t>(st.st_size);
}

uint64_t LocalFileReader::skip_hole() {
  const off_t data = ::lseek(fd_.get(), static_cast<off_t>(position_), SEEK_DATA);
  uint64_t data_start = static_cast<uint64_t>(data);
  if (data < 0) {
    if (errno != ENXIO) {  // the filesystem does not know: everything is data
      data_end_ = std::numeric_limits<uint64_t>::max();
      return 0;
    }
    data_start = std::max(size_now(), position_);  // a hole up to the end
  }
  const off_t hole = data < 0 ? -1 : ::lseek(fd_.get(), data, SEEK_HOLE);
  data_end_ = hole < 0 ? data_start : static_cast<uint64_t>(hole);
  if (hole < 0) {
    // At the end of the file, or it changes right now: what comes is read until nothing comes.
    if (data_start == position_) data_end_ = std::numeric_limits<uint64_t>::max();
  }
  return data_start - position_ >= min_hole ? data_start - position_ : 0;
}

FileReader::Piece LocalFileReader::read(ByteSpan out) {
  if (position_ >= data_end_) {
    if (const uint64_t hole = skip_hole(); hole != 0) {
      position_ += hole;
      return {0, hole};
    }
  }
  if (position_ >= window_end_) enter_window();
  const uint64_t most = std::min(data_end_, window_end_) - position_;
  const size_t wanted = static_cast<size_t>(std::min<uint64_t>(out.size(), most));
  for (;;) {
    const ssize_t n = ::pread(fd_.get(), out.data(), wanted, static_cast<off_t>(position_));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw system_error(errno, "read", path_);
    position_ += static_cast<uint64_t>(n);
    return {static_cast<size_t>(n), 0};
  }
}

bool LocalFileReader::finish(Node& node) {
  node.size = position_;
  struct stat st;
  if (::fstat(fd_.get(), &st) != 0) return true;
  return st.st_size != opened_.st_size || to_ns(st.st_mtim) != to_ns(opened_.st_mtim) ||
         to_ns(st.st_ctim) != to_ns(opened_.st_ctim);
}

}  // namespace sapdr::core
