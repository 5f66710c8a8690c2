#include "net/azure/run_command.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/cancel.hpp"
#include "base/error.hpp"
#include "base/fd.hpp"

namespace sapdr::core {

namespace {

using Clock = std::chrono::steady_clock;

constexpr int step_ms = 20;  // how long the end of it, or a cancel, may take to be noticed

struct Pipe {
  Fd read;
  Fd write;

  Pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw system_error(errno, "make a pipe for", "a command");
    read = Fd(ends[0]);
    // Not one of the first three, which a program that closed its own has free.
    const Fd any(ends[1]);
    write = Fd(::fcntl(any.get(), F_DUPFD_CLOEXEC, 3));
    if (!write) throw system_error(errno, "make a pipe for", "a command");
    ::fcntl(read.get(), F_SETFL, O_NONBLOCK);
  }
};

// How posix_spawn is to do it.
class SpawnPlan {
 public:
  SpawnPlan(const Fd& output, const Fd& errors) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawnattr_init(&attributes_);
    posix_spawn_file_actions_addopen(&actions_, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions_, output.get(), 1);
    posix_spawn_file_actions_adddup2(&actions_, errors.get(), 2);
    posix_spawn_file_actions_addclosefrom_np(&actions_, 3);
    posix_spawn_file_actions_addchdir_np(&actions_, "/");
    // A group of its own, so that all of it can be killed, and signals as a program expects them.
    sigset_t signals;
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(&attributes_, &signals);
    for (const int signal : {SIGPIPE, SIGCHLD, SIGINT, SIGTERM, SIGHUP}) {
      sigaddset(&signals, signal);
    }
    posix_spawnattr_setsigdefault(&attributes_, &signals);
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~SpawnPlan() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  pid_t start(const Command& command) const {
    std::vector<char*> arguments{const_cast<char*>(command.program.c_str())};
    for (const std::string& each : command.arguments) {
      arguments.push_back(const_cast<char*>(each.c_str()));
    }
    arguments.push_back(nullptr);
    std::vector<char*> environment;
    for (const std::string& each : command.environment) {
      environment.push_back(const_cast<char*>(each.c_str()));
    }
    for (char** each = environ; *each != nullptr; ++each) environment.push_back(*each);
    environment.push_back(nullptr);
    pid_t child = 0;
    const int error = posix_spawn(&child, command.program.c_str(), &actions_, &attributes_,
                                  arguments.data(), environment.data());
    if (error != 0) throw system_error(error, "run", command.program);
    return child;
  }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

// A child that does not outlive this object.
class Child {
 public:
  explicit Child(pid_t pid) : pid_(pid) {}
  ~Child() {
    if (has_ended_) return;
    ::kill(-pid_, SIGKILL);
    retry_eintr([&] { return ::waitpid(pid_, nullptr, 0); });
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  bool has_ended() {
    if (has_ended_) return true;
    int status = 0;
    const pid_t pid = retry_eintr([&] { return ::waitpid(pid_, &status, WNOHANG); });
    if (pid == 0) return false;
    has_ended_ = true;
    // A program that reaps all children, or ignores SIGCHLD, has taken the status from us: then
    // what was printed has to tell.
    if (pid == pid_) exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return true;
  }
  int exit_code() const { return exit_code_; }

 private:
  const pid_t pid_;
  bool has_ended_ = false;
  int exit_code_ = 0;
};

// Reads what is there; false when there will be no more. `take` gets the pieces.
template <class Take>
bool drain(const Fd& from, Take take) {
  std::array<char, 16384> buffer;
  for (;;) {
    const ssize_t n = retry_eintr([&] { return ::read(from.get(), buffer.data(), buffer.size()); });
    if (n < 0) return true;  // EAGAIN: not yet
    if (n > 0) take(std::string_view(buffer.data(), static_cast<size_t>(n)));
    OPENSSL_cleanse(buffer.data(), buffer.size());
    if (n == 0) return false;
  }
}

// What it prints, as far as it is there.
class Reader {
 public:
  Reader(const Command& command, CommandResult& result) : command_(command), result_(result) {}

  void read(const Fd& output, const Fd& errors) {
    if (output_is_open_) {
      output_is_open_ = drain(output, [&](std::string_view piece) { take_output(piece); });
    }
    if (errors_are_open_) {
      errors_are_open_ = drain(errors, [&](std::string_view piece) {
        result_.errors.append(piece.substr(0, command_.max_errors - result_.errors.size()));
      });
    }
  }

  // Returns when there is something to read, or after a moment.
  void wait(const Fd& output, const Fd& errors) const {
    std::array<pollfd, 2> fds{{{output_is_open_ ? output.get() : -1, POLLIN, 0},
                               {errors_are_open_ ? errors.get() : -1, POLLIN, 0}}};
    ::poll(fds.data(), fds.size(), step_ms);
  }

 private:
  void take_output(std::string_view piece) {
    if (piece.size() > command_.max_output - result_.output.size()) {
      throw Error(Code::corrupt, command_.program + " printed more than " +
                                     std::to_string(command_.max_output) + " bytes");
    }
    const ByteView bytes = as_bytes(piece);
    result_.output.insert(result_.output.end(), bytes.begin(), bytes.end());
  }

  const Command& command_;
  CommandResult& result_;
  bool output_is_open_ = true;
  bool errors_are_open_ = true;
};

}  // namespace

std::optional<std::string> find_program(std::string_view name, std::string_view search_path) {
  while (!search_path.empty()) {
    const std::string_view folder = search_path.substr(0, search_path.find(':'));
    search_path.remove_prefix(std::min(search_path.size(), folder.size() + 1));
    if (!folder.starts_with('/')) continue;
    const std::string path = std::string(folder).append("/").append(name);
    struct stat st;
    if (::stat(path.c_str(), &st) == 0 && S_ISREG(st.st_mode) &&
        ::access(path.c_str(), X_OK) == 0) {
      return path;
    }
  }
  return std::nullopt;
}

CommandResult run_command(const Command& command) {
  Pipe output;
  Pipe errors;
  const auto end = Clock::now() + command.time_limit;
  Child child(SpawnPlan(output.write, errors.write).start(command));
  output.write = Fd();
  errors.write = Fd();
  CommandResult result;
  Reader reader(command, result);
  for (;;) {
    // Asked first, so that what it printed last is still read.
    const bool has_ended = child.has_ended();
    reader.read(output.read, errors.read);
    if (has_ended) break;
    const Cancel* cancel = CancelScope::current();
    if (cancel != nullptr && cancel->is_triggered()) {
      throw Error(Code::cancelled, "the operation was cancelled while " + command.program + " ran");
    }
    if (Clock::now() >= end) {
      const auto limit = std::chrono::duration_cast<std::chrono::seconds>(command.time_limit);
      throw Error(Code::timeout,
                  command.program + " did not end within " + std::to_string(limit.count()) + " s",
                  Retry::maybe);
    }
    reader.wait(output.read, errors.read);
  }
  result.exit_code = child.exit_code();
  return result;
}

}  // namespace sapdr::core
