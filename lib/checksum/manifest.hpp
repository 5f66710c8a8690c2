// Manifests: lists of SHA-256 as `sha256sum` of GNU coreutils writes and checks them. Names are
// bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/id.hpp"

namespace sapdr::core {

struct ManifestEntry {
  Id id;
  std::string name;  // never empty, without NUL
};

// With its newline. A name that begins a line anew, or is no file for `sha256sum`, is written so
// that it is read back as the same file.
std::string manifest_line(const Id& id, std::string_view name);

// Without its newline: "HASH  NAME", "HASH *NAME", "HASH NAME", or "SHA256 (NAME) = HASH" as of
// `--tag`. Throws Code::corrupt; the message goes on after "line 7 ".
ManifestEntry parse_manifest_line(std::string_view line);

// Reads a manifest line by line; takes the memory of one line, however long the file is.
class ManifestReader {
 public:
  // `fd` stays the caller's; `path` is for messages.
  ManifestReader(int fd, std::string path);

  struct Line {
    uint64_t number;
    std::optional<ManifestEntry> entry;
    std::string problem = {};  // without an entry: what is wrong, in one line
  };
  // The next line, but for comments and empty ones; nothing at the end. Throws if reading fails.
  std::optional<Line> next();

 private:
  bool read_line();  // false at the end
  bool fill();

  int fd_;
  std::string path_;
  Bytes buffer_;
  size_t begin_ = 0;  // what is read but not used yet
  size_t end_ = 0;
  uint64_t number_ = 0;
  std::string line_;
  bool is_too_long_ = false;
};

}  // namespace sapdr::core
