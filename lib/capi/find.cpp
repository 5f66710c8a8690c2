#include "operation/find.hpp"

#include <sapdr/find.h>

#include "capi/node.hpp"
#include "capi/patterns.hpp"
#include "capi/run.hpp"

namespace capi = sapdr::capi;
namespace core = sapdr::core;
using core::Code;
using core::Error;

namespace {

std::optional<core::UnixNs> time_if_any(int64_t ns) {
  return ns == 0 ? std::nullopt : std::optional<core::UnixNs>(ns);
}

core::FindOptions read_find(const sapdr_find_options& given) {
  core::FindOptions options;
  options.patterns =
      capi::read_patterns(given.patterns, given.n_patterns, "patterns", given.ignore_case != 0);
  options.oldest = time_if_any(given.oldest_ns);
  options.newest = time_if_any(given.newest_ns);
  options.blobs = capi::read_strings(given.blobs, given.n_blobs, "blobs");
  options.trees = capi::read_strings(given.trees, given.n_trees, "trees");
  options.packs = capi::read_strings(given.packs, given.n_packs, "packs");
  return options;
}

// The snapshots that are named, or else all that match.
std::vector<core::SnapshotRef> choose(const capi::Session& session,
                                      const std::vector<std::string>& names,
                                      const core::SnapshotFilter& filter) {
  std::vector<core::SnapshotRef> chosen;
  for (const std::string& name : names) chosen.push_back(session.find({name, filter}));
  if (!names.empty()) return chosen;
  for (core::Snapshot& snapshot : core::list_snapshots(session.repository(), filter)) {
    const core::Id tree = snapshot.tree;
    chosen.push_back({std::move(snapshot), "/", tree});
  }
  session.catch_up();
  return chosen;
}

sapdr_find_result to_c(const core::FindResult& from, uint64_t elapsed_ns) {
  sapdr_find_result result{};
  result.snapshots = from.snapshots;
  result.trees = from.trees;
  result.matches = from.matches;
  result.failed = from.failed;
  result.elapsed_ns = elapsed_ns;
  return result;
}

// Hands a match to the caller's callback.
class Teller {
 public:
  Teller(int32_t (*each)(void*, const sapdr_match*), void* user, core::VerifiedTimes verified)
      : each_(each), user_(user), verified_(std::move(verified)) {}

  void operator()(const core::FindMatch& from) {
    if (each_ == nullptr) return;
    if (!snapshot_ || snapshot_->snapshot.id != from.snapshot.id) {
      snapshot_.emplace(from.snapshot, verified_);
    }
    sapdr_node node = capi::to_c(from.path, from.node);
    node.n_blobs = from.n_blobs;
    const std::string object = from.object == nullptr ? "" : from.object->hex();
    const std::string tree = from.tree == nullptr ? "" : from.tree->hex();
    sapdr_match told{};
    told.struct_size = sizeof told;
    told.snapshot = &*snapshot_;
    told.node = &node;
    told.object_type = from.object_type;
    told.object_id = from.object == nullptr ? nullptr : object.c_str();
    told.tree_id = from.tree == nullptr ? nullptr : tree.c_str();
    if (each_(user_, &told) != 0) {
      throw Error(Code::callback, "the callback \"each\" asked to stop the search");
    }
  }

 private:
  int32_t (*each_)(void*, const sapdr_match*);
  void* user_;
  core::VerifiedTimes verified_;
  std::optional<sapdr_snapshot> snapshot_;
};

}  // namespace

sapdr_status sapdr_find_run(sapdr_find_result* result, sapdr_repo* repo,
                            const sapdr_snapshot_filter* filter,
                            int32_t (*each)(void* user, const sapdr_match* match), void* user,
                            const sapdr_find_options* options, sapdr_error** err) {
  return capi::guard(err, [&] {
    const capi::Result<sapdr_find_result> told(result);
    const core::RepositoryPtr& repository = capi::use(repo);
    const core::SnapshotFilter wanted = capi::read_filter(filter);
    const sapdr_find_options given = capi::read_options(options, "options");
    const core::FindOptions read = read_find(given);
    const std::vector<std::string> names =
        capi::read_strings(given.snapshots, given.n_snapshots, "snapshots");
    capi::at_pace(repository->context(), [&] {
      capi::RunProgress progress(given.observer, given.cancel);
      core::FindResult done;
      const capi::AtEnd tell([&] { told.write(to_c(done, progress.elapsed_ns())); });
      const capi::Session session(repository, capi::Index::load, progress);
      Teller teller(each, user, core::load_verified(*repository));
      core::find(*repository, choose(session, names, wanted), read, std::ref(teller), done,
                 progress);
    });
  });
}
