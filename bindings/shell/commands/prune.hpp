// prune, alone and as the second half of `forget --prune`.
#pragma once

#include <string>
#include <vector>

#include "report.hpp"

namespace CLI {
class App;
}

namespace sapdr::shell {

class Session;

struct PruneArguments {
  std::string max_unused, max_repack_size, grace;
  bool repack_small = false;

  void add_options(CLI::App& command);
  // Throws a usage error for values that make no sense.
  sapdr_prune_options read() const;
};

// Shows a plan and runs it, unless it is a dry run. `summary` has what was done, also if it throws.
// `without`: ids of snapshots that a dry run takes for gone.
void prune(const PruneArguments& arguments, Session& session, sapdr_repo* repo, bool dry_run,
           const std::vector<std::string>& without, Summary& summary);

}  // namespace sapdr::shell
