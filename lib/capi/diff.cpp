#include "operation/diff.hpp"

#include "capi/node.hpp"
#include "capi/run.hpp"

namespace capi = sapdr::capi;
namespace core = sapdr::core;
using core::Code;
using core::Error;

namespace {

core::DiffOptions read_diff(const sapdr_diff_options& given) {
  capi::require_unused(given.reserved);
  core::DiffOptions options;
  options.metadata = given.metadata != 0;
  options.count_blobs = given.no_blobs == 0;
  return options;
}

sapdr_diff_result to_c(const core::DiffResult& from, uint64_t elapsed_ns) {
  sapdr_diff_result result{};
  result.before_id = capi::to_c(from.before);
  result.after_id = capi::to_c(from.after);
  result.files_new = from.added.files;
  result.files_removed = from.removed.files;
  result.files_changed = from.files_changed;
  result.dirs_new = from.added.dirs;
  result.dirs_removed = from.removed.dirs;
  result.others_new = from.added.others;
  result.others_removed = from.removed.others;
  result.data_blobs_new = from.added.data_blobs;
  result.data_blobs_removed = from.removed.data_blobs;
  result.tree_blobs_new = from.added.tree_blobs;
  result.tree_blobs_removed = from.removed.tree_blobs;
  result.bytes_new = from.added.bytes;
  result.bytes_removed = from.removed.bytes;
  result.failed = from.failed;
  result.elapsed_ns = elapsed_ns;
  return result;
}

// Hands a difference to the caller's callback.
class Teller {
 public:
  Teller(int32_t (*each)(void*, const sapdr_difference*), void* user) : each_(each), user_(user) {}

  void operator()(const core::Difference& from) const {
    if (each_ == nullptr) return;
    sapdr_node before, after;
    sapdr_difference told{};
    told.struct_size = sizeof told;
    told.change = from.change;
    told.path = from.path.c_str();
    told.path_size = from.path.size();
    told.before = to_c(from.path, from.before, before);
    told.after = to_c(from.path, from.after, after);
    if (each_(user_, &told) != 0) {
      throw Error(Code::callback, "the callback \"each\" asked to stop the comparison");
    }
  }

 private:
  static const sapdr_node* to_c(const std::string& path, const core::Node* from, sapdr_node& node) {
    if (from == nullptr) return nullptr;
    node = capi::to_c(path, *from);
    return &node;
  }

  int32_t (*each_)(void*, const sapdr_difference*);
  void* user_;
};

}  // namespace

const char* sapdr_diff_modifier(uint32_t change) {
  switch (change) {
    case SAPDR_DIFF_ADDED:
      return "+";
    case SAPDR_DIFF_REMOVED:
      return "-";
    case SAPDR_DIFF_MODIFIED:
      return "M";
    case SAPDR_DIFF_METADATA:
      return "U";
    case SAPDR_DIFF_TYPE:
      return "T";
    case SAPDR_DIFF_TYPE | SAPDR_DIFF_METADATA:
      return "TU";
    default:
      return "?";
  }
}

sapdr_status sapdr_diff_run(sapdr_diff_result* result, sapdr_repo* repo, const char* before,
                            const char* after, const sapdr_snapshot_filter* filter,
                            int32_t (*each)(void* user, const sapdr_difference* difference),
                            void* user, const sapdr_diff_options* options, sapdr_error** err) {
  return capi::guard(err, [&] {
    const capi::Result<sapdr_diff_result> told(result);
    const core::RepositoryPtr& repository = capi::use(repo);
    const core::SnapshotFilter latest_of = capi::read_filter(filter);
    const capi::SnapshotName first{&capi::require(before, "before"), latest_of};
    const capi::SnapshotName second{&capi::require(after, "after"), latest_of};
    const sapdr_diff_options given = capi::read_options(options, "options");
    const core::DiffOptions read = read_diff(given);
    capi::at_pace(repository->context(), [&] {
      capi::RunProgress progress(given.observer, given.cancel);
      core::DiffResult done;
      const capi::AtEnd tell([&] { told.write(to_c(done, progress.elapsed_ns())); });
      const capi::Session session(repository, capi::Index::load, progress);
      core::diff(*repository, session.find(first), session.find(second), read, Teller(each, user),
                 done, progress);
    });
  });
}
