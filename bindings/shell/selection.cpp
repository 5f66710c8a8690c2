#include "selection.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "command_line.hpp"
#include "parse.hpp"

namespace sapdr::shell {

void Selection::add_options(CLI::App& command) {
  static constexpr const char* kGroup = "Which snapshots";
  add_list(command, "-H,--host", hosts, "HOST", "only snapshots of this host (can be repeated)")
      ->group(kGroup);
  add_list(command, "--tag", tag_lists, "TAG[,TAG...]",
           "only snapshots with all of these tags (can be repeated: any list)")
      ->group(kGroup);
  add_list(command, "--path", paths, "PATH",
           "only snapshots of this absolute path (can be repeated: all)")
      ->group(kGroup);
}

Filter::Filter(const Selection& selection, std::vector<std::string> tags)
    : hosts_(selection.hosts),
      tags_(std::move(tags)),
      tag_pointers_(tags_),
      paths_(selection.paths) {
  SAPDR_INIT(&filter_);
  filter_.hosts = hosts_.data();
  filter_.n_hosts = hosts_.size();
  filter_.tags = tag_pointers_.data();
  filter_.n_tags = tag_pointers_.size();
  filter_.paths = paths_.data();
  filter_.n_paths = paths_.size();
}

std::vector<std::unique_ptr<Filter>> filters_of(const Selection& selection) {
  std::vector<std::unique_ptr<Filter>> out;
  for (const std::string& list : selection.tag_lists) {
    out.push_back(std::make_unique<Filter>(selection, split_commas({list})));
  }
  if (out.empty()) out.push_back(std::make_unique<Filter>(selection, std::vector<std::string>{}));
  return out;
}

namespace {

// The latest of the snapshots that any of the filters finds.
Snapshot latest_of_any(sapdr_repo* repo, const std::vector<std::unique_ptr<Filter>>& filters) {
  Snapshot best;
  std::optional<Failure> failure;
  for (const auto& filter : filters) {
    sapdr_snapshot* found = nullptr;
    auto missed = attempt([&](sapdr_error** error) {
      return sapdr_snapshot_get(&found, repo, "latest", filter->get(), error);
    });
    Snapshot owner(found);
    if (missed && missed->status() != SAPDR_E_NOT_FOUND) throw std::move(*missed);
    if (missed) failure = std::move(missed);
    if (owner && (!best || sapdr_snapshot_time_ns(found) > sapdr_snapshot_time_ns(best.get()))) {
      best = std::move(owner);
    }
  }
  if (!best) throw std::move(*failure);
  return best;
}

}  // namespace

Choice choose(sapdr_repo* repo, const std::string& name, const Selection& selection) {
  static constexpr std::string_view kLatest = "latest";
  auto filters = filters_of(selection);
  const std::string_view rest =
      std::string_view(name).substr(std::min(name.size(), kLatest.size()));
  const bool latest = name.starts_with(kLatest) && (rest.empty() || rest[0] == ':');
  if (!latest || filters.size() == 1) return {name, std::move(filters[0])};
  const Snapshot snapshot = latest_of_any(repo, filters);
  return {sapdr_snapshot_hex(snapshot.get()) + std::string(rest),
          std::make_unique<Filter>(Selection{}, std::vector<std::string>{})};
}

void FoundSnapshots::add_named(sapdr_repo* repo, const std::string& name,
                               const Selection& selection) {
  const Choice choice = choose(repo, name, selection);
  named_.push_back(make<Snapshot>([&](auto** out, sapdr_error** error) {
    return sapdr_snapshot_get(out, repo, choice.name.c_str(), choice.filter->get(), error);
  }));
  add(named_.back().get());
}

void FoundSnapshots::add_matching(sapdr_repo* repo,
                                  const std::vector<std::unique_ptr<Filter>>& filters) {
  for (const auto& filter : filters) {
    lists_.push_back(make<SnapshotList>([&](auto** out, sapdr_error** error) {
      return sapdr_snapshot_list_new(out, repo, filter->get(), error);
    }));
    const sapdr_snapshot_list* list = lists_.back().get();
    for (std::size_t i = 0; i < sapdr_snapshot_list_size(list); ++i) {
      add(sapdr_snapshot_list_at(list, i));
    }
  }
}

FoundSnapshots::Pointers FoundSnapshots::oldest_first() const {
  Pointers out = found_;
  std::stable_sort(out.begin(), out.end(), [](const auto* a, const auto* b) {
    return sapdr_snapshot_time_ns(a) < sapdr_snapshot_time_ns(b);
  });
  return out;
}

void FoundSnapshots::add(const sapdr_snapshot* snapshot) {
  if (seen_.insert(sapdr_snapshot_hex(snapshot)).second) found_.push_back(snapshot);
}

}  // namespace sapdr::shell
