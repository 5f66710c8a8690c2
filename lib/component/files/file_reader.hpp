// The content of a local file.
#pragma once

#include <sys/stat.h>

#include <string>

#include "base/fd.hpp"
#include "base/page_cache.hpp"
#include "repository/source.hpp"

namespace sapdr::core {

// What was not in the page cache before is not there afterwards.
class LocalFileReader final : public FileReader {
 public:
  // `st` is what fstat said of `fd`.
  LocalFileReader(Fd fd, const struct stat& st, std::string path);
  ~LocalFileReader() override;

  Piece read(ByteSpan out) override;
  // Sets the size to what was read: that is what the snapshot holds.
  bool finish(Node& node) override;

 private:
  uint64_t size_now() const;
  // Finds the next data at or behind `position_`. The hole before it, if it is worth telling.
  uint64_t skip_hole();
  // Before the first read in a window, and after the last one in the window before.
  void enter_window();
  PassingPages look_at_window(uint64_t begin) const;

  Fd fd_;
  struct stat opened_;
  std::string path_;
  uint64_t position_ = 0;
  // The page cache is looked at one window ahead, since the system reads ahead as well.
  PassingPages window_, next_window_;
  uint64_t window_end_ = 0;
  uint64_t data_end_ = 0;  // bytes up to here are read without looking for holes
};

}  // namespace sapdr::core
