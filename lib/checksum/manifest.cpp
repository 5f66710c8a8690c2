#include "checksum/manifest.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/error.hpp"
#include "base/fd.hpp"

namespace sapdr::core {

namespace {

constexpr size_t buffer_size = 64 * 1024;
constexpr size_t max_line =
    64 * 1024;  // the longest path the system takes, escaped, is far shorter
constexpr size_t hex_size = 64;
constexpr std::string_view blanks = " \t";

bool needs_escapes(std::string_view name) {
  return name.find_first_of("\\\n\r") != std::string_view::npos;
}

Error malformed(const char* what) {
  return Error(Code::corrupt, what);
}

void skip_blanks(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
}

Id parse_hash(std::string_view hex) {
  std::string lower(hex);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
  }
  const auto id = Id::parse(lower);
  if (!id) throw malformed("has no SHA-256 where one is to be");
  return *id;
}

std::string unescape(std::string_view text) {
  std::string name;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      name += text[i];
      continue;
    }
    const char meant = ++i < text.size() ? text[i] : '\0';
    if (meant != 'n' && meant != 'r' && meant != '\\') {
      throw malformed("has a backslash that means nothing in the name of the file");
    }
    name += meant == 'n' ? '\n' : meant == 'r' ? '\r' : '\\';
  }
  return name;
}

ManifestEntry entry_of(std::string_view hex, std::string_view name, bool is_escaped) {
  ManifestEntry entry{parse_hash(hex), is_escaped ? unescape(name) : std::string(name)};
  if (entry.name.empty()) throw malformed("names no file");
  if (entry.name.find('\0') != std::string::npos) throw malformed("has a NUL in it");
  return entry;
}

// What follows "SHA256": " (NAME) = HASH". A name may hold parentheses, a hash may not.
ManifestEntry parse_tagged(std::string_view rest, bool is_escaped) {
  if (rest.starts_with(' ')) rest.remove_prefix(1);
  const size_t close = rest.rfind(')');
  if (!rest.starts_with('(') || close == std::string_view::npos) {
    throw malformed("does not say \"SHA256 (NAME) = HASH\"");
  }
  const std::string_view name = rest.substr(1, close - 1);
  rest.remove_prefix(close + 1);
  skip_blanks(rest);
  if (!rest.starts_with('=')) throw malformed("does not say \"SHA256 (NAME) = HASH\"");
  rest.remove_prefix(1);
  skip_blanks(rest);
  return entry_of(rest, name, is_escaped);
}

}  // namespace

std::string manifest_line(const Id& id, std::string_view name) {
  std::string line;
  line.reserve(hex_size + name.size() + 6);
  if (needs_escapes(name)) line += '\\';
  line += id.hex();
  line += "  ";
  if (name == "-") line += "./";  // alone it would be the standard input
  for (const char c : name) {
    switch (c) {
      case '\n':
        line += "\\n";
        break;
      case '\r':
        line += "\\r";
        break;
      case '\\':
        line += "\\\\";
        break;
      default:
        line += c;
    }
  }
  line += '\n';
  return line;
}

ManifestEntry parse_manifest_line(std::string_view line) {
  constexpr std::string_view tag = "SHA256";
  skip_blanks(line);
  const bool is_escaped = line.starts_with('\\');
  if (is_escaped) line.remove_prefix(1);
  if (line.starts_with(tag)) return parse_tagged(line.substr(tag.size()), is_escaped);
  if (line.size() < hex_size + 2 || blanks.find(line[hex_size]) == std::string_view::npos) {
    throw malformed("does not say \"HASH  NAME\"");
  }
  std::string_view name = line.substr(hex_size + 1);
  // What the file was read as, text or binary, makes no difference here. BSD leaves it out.
  if (name.size() > 1 && (name[0] == ' ' || name[0] == '*')) name.remove_prefix(1);
  return entry_of(line.substr(0, hex_size), name, is_escaped);
}

ManifestReader::ManifestReader(int fd, std::string path)
    : fd_(fd), path_(std::move(path)), buffer_(buffer_size) {}

std::optional<ManifestReader::Line> ManifestReader::next() {
  while (read_line()) {
    ++number_;
    if (is_too_long_) {
      return Line{number_, {}, "is longer than " + std::to_string(max_line) + " bytes"};
    }
    if (line_.starts_with('#')) continue;
    if (line_.ends_with('\r')) line_.pop_back();  // of a file that went through Windows
    if (line_.empty()) continue;
    try {
      return Line{number_, parse_manifest_line(line_)};
    } catch (const Error& error) {
      return Line{number_, {}, error.message()};
    }
  }
  return std::nullopt;
}

bool ManifestReader::read_line() {
  line_.clear();
  is_too_long_ = false;
  bool has_begun = false;
  while (begin_ != end_ || fill()) {
    has_begun = true;
    const std::byte* const from = buffer_.data() + begin_;
    const void* const newline = std::memchr(from, '\n', end_ - begin_);
    const size_t size = newline == nullptr
                            ? end_ - begin_
                            : static_cast<size_t>(static_cast<const std::byte*>(newline) - from);
    is_too_long_ = is_too_long_ || line_.size() + size > max_line;
    if (!is_too_long_) line_ += as_text({from, size});
    begin_ += size;
    if (newline == nullptr) continue;
    ++begin_;
    break;
  }
  return has_begun;
}

bool ManifestReader::fill() {
  const ssize_t n = retry_eintr([&] { return ::read(fd_, buffer_.data(), buffer_.size()); });
  if (n < 0) throw system_error(errno, "read", path_);
  begin_ = 0;
  end_ = static_cast<size_t>(n);
  return n > 0;
}

}  // namespace sapdr::core
