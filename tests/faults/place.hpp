// What an operation works on: a repository with two snapshots, another one, and local files. Made
// once; each attempt gets a copy of what it may change.
#pragma once

#include <sapdr/sapdr.hpp>
#include <string>
#include <vector>

#include "support/files.hpp"

namespace sapdr::test {

inline const std::string password = "correct horse";
inline const std::string next_password = "battery staple";
inline const sapdr::init_options cheap{
    .password = password, .scrypt_n = 2, .scrypt_r = 1, .scrypt_p = 1};

class Place {
 public:
  Place();

  // A fresh copy.
  void reset() const;

  // What does not change.
  const std::string& source() const { return source_; }
  const std::string& restored() const { return restored_; }  // what `second` holds
  const std::string& first() const { return first_; }        // an id; has /gone, and not /new
  const std::string& second() const { return second_; }      // an id

  // What an attempt may change.
  std::string repository() const { return work_ + "/repository"; }
  std::string other() const { return work_ + "/other"; }
  std::string fresh() const { return work_ + "/fresh"; }  // nothing is there
  std::string target() const { return work_ + "/target"; }
  std::string manifest() const { return work_ + "/SHA256SUMS"; }
  // Where something restored into `target` lies.
  std::string in_target(const std::string& name) const { return target() + source_ + "/" + name; }

  // The names of all files below what an attempt may change that contain `part`; and where one is.
  std::vector<std::string> files_with(const std::string& part) const;
  std::string path_of(const std::string& name) const { return work_ + "/" + name; }
  // Whether no object of either repository came or went, but for locks.
  bool is_untouched() const;
  void remove_locks() const;
  // A fresh repository without a config, whose key file nobody could remove.
  void remove_half_made() const;

 private:
  void write_first() const;
  void write_second() const;
  void write_third() const;

  TempDir folder_{memory_folder()};
  const std::string template_ = folder_ / "template";
  const std::string work_ = folder_ / "work";
  const std::string source_ = folder_ / "source";
  const std::string restored_ = template_ + "-restored";
  std::string first_, second_;
};

// Bytes that do not compress, always the same.
std::string noise(size_t size, uint32_t seed);

// A context whose log goes to a callback, and a repository opened with it.
sapdr::repository open_repository(const std::string& location);

// Progress and items go to callbacks, progress every millisecond (thread_calls.c makes 50 of one).
sapdr::observer watch();

// What has to hold whatever failed: nothing of what was acknowledged is lost, and the next backup
// succeeds.
void require_sound(const Place& place);

// Every file of `second` in the target is right; all of them are there if it is `whole`.
void require_restored(const Place& place, bool whole);

}  // namespace sapdr::test
