// A file that appears under its name when it is whole and durable, or not at all.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/fd.hpp"

namespace sapdr::core {

class AtomicFile {
 public:
  enum class Existing { keep, replace };
  // `no`: after a power cut there may be a file under its name that is not whole.
  enum class Durable { yes, no };

  // Makes a temporary file in the open folder `folder`, which must stay open. `path` is the whole
  // path of the file, for messages.
  AtomicFile(int folder, std::string name, std::string path, mode_t mode);
  ~AtomicFile();  // removes the temporary file unless it was published
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  int fd() const { return fd_.get(); }
  void write(ByteView data);
  // Leaves nothing of it in the page cache once it is published.
  void drop_from_cache() { is_to_drop_ = true; }
  // Gives the file its name, once. Throws Code::exists if something has that name and is to be
  // kept.
  void publish(Existing existing, Durable durable = Durable::yes);

 private:
  int folder_;
  std::string name_;
  std::string path_;
  std::string temporary_;  // empty once published
  bool is_to_drop_ = false;
  Fd fd_;
};

// Whether `entry` is what an AtomicFile called `name` is called until it is published, or what is
// left of one whose process was killed.
bool is_temporary_of(std::string_view entry, std::string_view name);

// Makes a file or folder durable; a filesystem that cannot sync is as durable as it gets.
void sync(int fd, const std::string& path);

}  // namespace sapdr::core
