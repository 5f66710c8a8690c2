// Check: is everything there that the snapshots need, and is it right?
#pragma once

#include <chrono>
#include <string>

#include "observe/progress.hpp"
#include "repository/repository.hpp"

namespace sapdr::core {

struct CheckOptions {
  bool read_data = false;
  std::string subset;  // "2/10", "5%", "10G"; empty: all
  // Packs that were proven longest ago first, until so much was read or so much time is over; not
  // those that were proven within max_age. 0: no such limit.
  uint64_t budget_bytes = 0;
  std::chrono::nanoseconds budget_time = {};
  std::chrono::nanoseconds max_age = {};
};

struct CheckResult {
  uint64_t snapshots = 0;
  uint64_t trees = 0;
  uint64_t packs = 0;
  uint64_t packs_read = 0;
  uint64_t bytes_read = 0;
  uint64_t packs_unreferenced = 0;
  uint64_t problems = 0;
  uint64_t snapshots_affected = 0;
  uint64_t files_affected = 0;
  uint64_t packs_never_verified = 0;                // after this run
  std::chrono::nanoseconds oldest_unverified = {};  // how long no pack goes without a proof
};

// Tells each damaged object, then each file that the damage reaches. Fills in `result` as far as it
// gets, then throws Code::corrupt if there was damage, Code::invalid_argument for a subset that
// cannot be understood.
void check(Repository& repository, const CheckOptions& options, CheckResult& result,
           Progress& progress);

}  // namespace sapdr::core
