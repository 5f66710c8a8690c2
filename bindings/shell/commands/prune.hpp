// prune, alone and as the second half of `forget --prune`.
#pragma once

#include <string>
#include <vector>

#include "handles.hpp"
#include "report.hpp"
#include "watch.hpp"

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

class Prune {
 public:
  // Plans it. `forget`: ids of snapshots that its run removes.
  Prune(const PruneArguments& arguments, Session& session, sapdr_repo* repo,
        std::vector<std::string> forget);

  // Shows the plan and runs it, unless it is a dry run; plans it anew if another prune came
  // between. `summary` has what was done, also if it throws.
  void run(bool dry_run, Summary& summary);
  std::uint64_t snapshots_removed() const { return snapshots_removed_; }

 private:
  void make_plan();
  void run_plan(bool dry_run, Summary& summary);

  const PruneArguments arguments_;
  Session& session_;
  sapdr_repo* const repo_;
  const std::vector<std::string> forget_;
  Watch watch_;
  PrunePlan plan_;  // NULL if it is to be made anew
  std::uint64_t snapshots_removed_ = 0;
};

}  // namespace sapdr::shell
