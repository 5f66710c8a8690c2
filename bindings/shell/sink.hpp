// A buffered file descriptor that never loses a failed write.
#pragma once

#include <string>
#include <string_view>

namespace sapdr::shell {

// write and flush throw a Failure when the system refuses the bytes (a full disk, a closed pipe),
// once; whatever is written after that is dropped.
class Sink {
 public:
  Sink(int descriptor, std::string name);
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;

  void write(std::string_view bytes);
  void flush();

 private:
  void write_through(std::string_view bytes);

  int descriptor_;
  std::string name_;
  std::string buffer_;
  bool broken_ = false;
};

}  // namespace sapdr::shell
