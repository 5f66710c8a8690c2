// Check: is everything there that the snapshots need, and is it right?
#pragma once

#include <string>

#include "observe/progress.hpp"
#include "repository/repository.hpp"

namespace sapdr::core {

struct CheckOptions {
  bool read_data = false;
  std::string subset;  // "2/10", "5%", "10G"; empty: all
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
};

// Tells each damaged object, then each file that the damage reaches. Fills in `result` as far as it
// gets, then throws Code::corrupt if there was damage, Code::invalid_argument for a subset that
// cannot be understood.
void check(Repository& repository, const CheckOptions& options, CheckResult& result,
           Progress& progress);

}  // namespace sapdr::core
