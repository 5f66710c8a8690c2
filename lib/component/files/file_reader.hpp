// The content of a local file.
#pragma once

#include <sys/stat.h>

#include <string>

#include "base/fd.hpp"
#include "repository/source.hpp"

namespace sapdr::core {

class LocalFileReader final : public FileReader {
 public:
  // `st` is what fstat said of `fd`.
  LocalFileReader(Fd fd, const struct stat& st, std::string path);

  Piece read(ByteSpan out) override;
  // Sets the size to what was read: that is what the snapshot holds.
  bool finish(Node& node) override;

 private:
  uint64_t size_now() const;
  // Finds the next data at or behind `position_`. The hole before it, if it is worth telling.
  uint64_t skip_hole();

  Fd fd_;
  struct stat opened_;
  std::string path_;
  uint64_t position_ = 0;
  uint64_t data_end_ = 0;  // bytes up to here are read without looking for holes
};

}  // namespace sapdr::core
