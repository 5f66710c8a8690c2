#include "selection.hpp"

#include <CLI/CLI.hpp>

#include "command_line.hpp"

namespace sapdr::shell {

void Selection::add_options(CLI::App& command, const char* host) {
  static constexpr const char* kGroup = "Which snapshots";
  add_list(command, host, hosts, "HOST", "only snapshots of this host (can be repeated)")
      ->group(kGroup);
  add_list(command, "--tag", tag_lists, "TAG[,TAG...]",
           "only snapshots with all of these tags (can be repeated: any list)")
      ->group(kGroup);
  add_list(command, "--path", paths, "PATH",
           "only snapshots of this absolute path (can be repeated: all)")
      ->group(kGroup);
}

Filter::Filter(const Selection& selection)
    : hosts_(selection.hosts), tag_lists_(selection.tag_lists), paths_(selection.paths) {
  SAPDR_INIT(&filter_);
  filter_.hosts = hosts_.data();
  filter_.n_hosts = hosts_.size();
  filter_.tag_lists = tag_lists_.data();
  filter_.n_tag_lists = tag_lists_.size();
  filter_.paths = paths_.data();
  filter_.n_paths = paths_.size();
}

}  // namespace sapdr::shell
