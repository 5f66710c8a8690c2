// Passwords: read from a file, an environment variable, a command or a terminal, never from an
// argument, and wiped after use.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace sapdr::shell {

// Bytes in one fixed piece of memory, which is never copied or moved, and wiped at the end.
class Secret {
 public:
  static constexpr std::size_t kCapacity = 4096;

  Secret();
  Secret(Secret&&) noexcept = default;
  Secret& operator=(Secret&&) noexcept = default;

  const char* data() const { return bytes_.get() + begin_; }
  std::size_t size() const { return size_; }
  std::string_view view() const { return {data(), size_}; }

  // Reads all of a file descriptor; throws if it holds more than kCapacity bytes.
  void read_all(int descriptor, const std::string& name);
  // Reads one line, without its end.
  void read_line(int descriptor, const std::string& name);
  void append(std::string_view bytes);
  // Takes away white space at both ends and a UTF-8 byte order mark, as restic does for files.
  void trim();

 private:
  struct Wipe {
    void operator()(char* bytes) const noexcept;
  };
  std::unique_ptr<char[], Wipe> bytes_;
  std::size_t begin_ = 0;
  std::size_t size_ = 0;
};

Secret password_from_file(const std::string& path);
Secret password_from_command(const std::string& command);
// Copies the variable's value and wipes it from the environment.
Secret password_from_variable(const char* name);
// Asks on the terminal without echo, twice if `confirm`; without a terminal it throws a usage error
// with this hint.
Secret password_from_terminal(const char* prompt, bool confirm, std::string hint);

}  // namespace sapdr::shell
