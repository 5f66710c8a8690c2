// Real folders and files for tests.
#pragma once

#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>

namespace sapdr::test {

// A fresh folder that goes away with everything in it.
class TempDir {
 public:
  explicit TempDir(const std::string& parent = std::filesystem::temp_directory_path())
      : path_(parent + "/sapdr-test-XXXXXX") {
    if (::mkdtemp(path_.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    path_ = std::filesystem::canonical(path_).string();
  }
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::string& path() const { return path_; }
  std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }

 private:
  std::string path_;
};

// Where files cost no disk accesses: for tests that sync often.
inline std::string memory_folder() {
  const char* shm = "/dev/shm";
  return ::access(shm, W_OK) == 0 ? shm : std::filesystem::temp_directory_path().string();
}

inline void write_file(const std::string& path, std::string_view content) {
  std::ofstream file(path, std::ios::binary);
  file << content;
  file.close();
  if (!file) throw std::runtime_error("could not write " + path);
}

inline std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("could not read " + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void make_folder(const std::string& path) {
  std::filesystem::create_directories(path);
}

inline struct stat stat_of(const std::string& path) {
  struct stat st;
  if (::lstat(path.c_str(), &st) != 0) throw std::runtime_error("could not stat " + path);
  return st;
}

// What `check` says in a child process that is not root (or in this user's, if the tests are not
// run by root).
template <class Check>
bool holds_without_privilege(Check check) {
  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error("fork failed");
  if (child == 0) {
    const uid_t nobody = 65534;
    bool good = ::geteuid() != 0 ||
                (::setgroups(0, nullptr) == 0 && ::setgid(nobody) == 0 && ::setuid(nobody) == 0);
    try {
      good = good && check();
    } catch (...) {
      good = false;
    }
    ::_exit(good ? 0 : 1);
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace sapdr::test
