#include "password.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "failure.hpp"
#include "text.hpp"

namespace sapdr::shell {
namespace {

// Closes at the end.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { close(); }
  int get() const { return number_; }
  void close() {
    if (number_ >= 0) ::close(number_);
    number_ = -1;
  }

 private:
  int number_;
};

// Turns echo off as long as it lives; an interrupting signal must not leave it off.
class NoEcho {
 public:
  explicit NoEcho(int terminal) : terminal_(terminal) {
    tcgetattr(terminal_, &before_);
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    tcsetattr(terminal_, TCSAFLUSH, &quiet);
  }
  NoEcho(const NoEcho&) = delete;
  NoEcho& operator=(const NoEcho&) = delete;
  ~NoEcho() { tcsetattr(terminal_, TCSAFLUSH, &before_); }

 private:
  int terminal_;
  termios before_{};
};

// Bytes read, 0 at the end. A signal during the read means that the user wants out.
std::size_t read_some(int descriptor, char* buffer, std::size_t capacity, const std::string& name) {
  const ssize_t n = ::read(descriptor, buffer, capacity);
  if (n >= 0) return static_cast<std::size_t>(n);
  if (errno == EINTR) throw Failure(SAPDR_E_CANCELLED, "reading the password was cancelled");
  throw system_failure("cannot read the password from " + name, errno);
}

bool is_space(char c) {
  return std::strchr(" \t\n\v\f\r", c) != nullptr && c != '\0';
}

void say(int terminal, std::string_view text) {
  [[maybe_unused]] const ssize_t ignored = ::write(terminal, text.data(), text.size());
}

Secret ask(int terminal, std::string_view prompt) {
  const NoEcho no_echo(terminal);
  say(terminal, prompt);
  Secret answer;
  answer.read_line(terminal, "the terminal");
  say(terminal, "\n");
  return answer;
}

// Starts `sh -c command` with its output in a pipe. Its signals are those of a fresh process.
pid_t start_shell(const std::string& command, int output) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t defaults;
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGPIPE);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  std::string text = command;
  std::string shell = "sh";
  std::string option = "-c";
  std::array<char*, 4> argv = {shell.data(), option.data(), text.data(), nullptr};
  pid_t child = -1;
  const int error = posix_spawn(&child, "/bin/sh", &actions, &attributes, argv.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw system_failure("cannot run the password command", error);
  return child;
}

int wait_for(pid_t child) {
  int state = 0;
  while (waitpid(child, &state, 0) < 0 && errno == EINTR) {
  }
  return state;
}

}  // namespace

void Secret::Wipe::operator()(char* bytes) const noexcept {
  explicit_bzero(bytes, kCapacity);
  delete[] bytes;
}

Secret::Secret() : bytes_(new char[kCapacity]) {}

void Secret::append(std::string_view bytes) {
  if (bytes.size() > kCapacity - begin_ - size_) {
    throw usage_error("the password is longer than " + std::to_string(kCapacity) + " bytes");
  }
  std::memcpy(bytes_.get() + begin_ + size_, bytes.data(), bytes.size());
  size_ += bytes.size();
}

void Secret::read_all(int descriptor, const std::string& name) {
  while (true) {
    const std::size_t room = kCapacity - size_;
    if (room == 0) throw usage_error("the password in " + name + " is too long");
    const std::size_t n = read_some(descriptor, bytes_.get() + size_, room, name);
    if (n == 0) return;
    size_ += n;
  }
}

void Secret::read_line(int descriptor, const std::string& name) {
  while (size_ < kCapacity) {
    char* next = bytes_.get() + size_;
    if (read_some(descriptor, next, 1, name) == 0 || *next == '\n') return;
    ++size_;
  }
  throw usage_error("the password from " + name + " is too long");
}

void Secret::trim() {
  static constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  const auto skip = [this](std::size_t n) {
    begin_ += n;
    size_ -= n;
  };
  if (view().starts_with(kByteOrderMark)) skip(kByteOrderMark.size());
  while (size_ > 0 && is_space(*data())) skip(1);
  while (size_ > 0 && is_space(view().back())) --size_;
}

Secret password_from_file(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) throw system_failure("cannot open the password file " + shown(path), errno);
  Secret password;
  password.read_all(file.get(), "the password file " + shown(path));
  password.trim();
  return password;
}

Secret password_from_command(const std::string& command) {
  std::array<int, 2> ends;
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    throw system_failure("cannot make a pipe for the password command", errno);
  }
  const Descriptor output(ends[0]);
  Descriptor input(ends[1]);
  const pid_t child = start_shell(command, input.get());
  input.close();
  Secret password;
  password.read_all(output.get(), "the password command");
  const int state = wait_for(child);
  if (!WIFEXITED(state) || WEXITSTATUS(state) != 0) {
    const std::string how = WIFEXITED(state) ? "exit code " + std::to_string(WEXITSTATUS(state))
                                             : "signal " + std::to_string(WTERMSIG(state));
    throw usage_error("the password command failed with " + how);
  }
  password.trim();
  return password;
}

Secret password_from_variable(const char* name) {
  Secret password;
  char* value = std::getenv(name);
  if (value == nullptr) return password;
  password.append(value);
  explicit_bzero(value, password.size());
  ::unsetenv(name);
  return password;
}

Secret password_from_terminal(const char* prompt, bool confirm, std::string hint) {
  const Descriptor terminal(::open("/dev/tty", O_RDWR | O_CLOEXEC));
  if (terminal.get() < 0) {
    throw usage_error("no password was given and there is no terminal to ask for it")
        .hinted(std::move(hint));
  }
  Secret password = ask(terminal.get(), prompt);
  if (confirm && ask(terminal.get(), "enter password again: ").view() != password.view()) {
    throw usage_error("the two passwords are not the same");
  }
  return password;
}

}  // namespace sapdr::shell
