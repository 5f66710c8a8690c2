/* Options and results of repairs. */
#pragma once

#include <sapdr/repair.h>

#include <sapdr/cpp/context.hpp>
#include <sapdr/cpp/observer.hpp>
#include <string>
#include <vector>

namespace sapdr {

using repair_index_result = sapdr_repair_index_result;
using repair_index_error = run_error<repair_index_result>;
using repair_packs_result = sapdr_repair_packs_result;
using repair_packs_error = run_error<repair_packs_result>;
using repair_snapshots_result = sapdr_repair_snapshots_result;
using repair_snapshots_error = run_error<repair_snapshots_result>;

/* The fields mean what they mean in sapdr_repair_options. */
struct repair_options {
  bool dry_run = false;
  sapdr::observer observer{};
  const cancel_source* cancel = nullptr;
  bool read_all_packs = false;      /* index */
  bool forget = false;              /* snapshots */
  std::vector<std::string> names{}; /* packs, snapshots */
};

}  // namespace sapdr
