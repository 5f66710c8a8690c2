/* Where a file, a blob, a tree or a pack is. */
#pragma once

#include <sapdr/find.h>

#include <functional>
#include <sapdr/cpp/context.hpp>
#include <sapdr/cpp/observer.hpp>
#include <sapdr/cpp/snapshot.hpp>
#include <sapdr/cpp/tree.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace sapdr {

using find_result = sapdr_find_result;
using find_error = run_error<find_result>;

/* The fields mean what they mean in sapdr_find_options. */
struct find_options {
  std::vector<std::string> patterns{};
  bool ignore_case = false;
  int64_t oldest_ns = 0;
  int64_t newest_ns = 0;
  std::vector<std::string> blobs{};
  std::vector<std::string> trees{};
  std::vector<std::string> packs{};
  std::vector<std::string> snapshots{}; /* none: all that match the filter */
  sapdr::observer observer{};
  const cancel_source* cancel = nullptr;
};

/* One match; views are borrowed for the duration of the call. */
struct match {
  snapshot_view snapshot;
  sapdr::node node;
  std::string_view object_type; /* "blob" or "tree": it was found by that id; empty: by a pattern */
  std::string_view object_id;
  std::string_view tree_id; /* tree that the node is in; empty for the root */
};

namespace detail {

/* Options as the C ABI takes them; borrows the strings. */
class c_find_options {
 public:
  explicit c_find_options(const find_options& options)
      : patterns_(options.patterns),
        blobs_(options.blobs),
        trees_(options.trees),
        packs_(options.packs),
        snapshots_(options.snapshots),
        observer_(options.observer) {
    SAPDR_INIT(&options_);
    options_.ignore_case = options.ignore_case;
    options_.patterns = patterns_.data();
    options_.n_patterns = patterns_.size();
    options_.oldest_ns = options.oldest_ns;
    options_.newest_ns = options.newest_ns;
    options_.blobs = blobs_.data();
    options_.n_blobs = blobs_.size();
    options_.trees = trees_.data();
    options_.n_trees = trees_.size();
    options_.packs = packs_.data();
    options_.n_packs = packs_.size();
    options_.snapshots = snapshots_.data();
    options_.n_snapshots = snapshots_.size();
    options_.observer = observer_.get();
    options_.cancel = c_cancel(options.cancel);
  }
  c_find_options(const c_find_options&) = delete;
  c_find_options& operator=(const c_find_options&) = delete;

  const sapdr_find_options* get() const noexcept { return &options_; }
  parked_exception& thrown() noexcept { return observer_.thrown(); }

 private:
  c_strings patterns_, blobs_, trees_, packs_, snapshots_;
  c_observer observer_;
  sapdr_find_options options_{};
};

/* A callback for matches as the C ABI takes it. */
struct match_teller {
  const std::function<void(const match&)>* each;
  parked_exception thrown;

  static int32_t forward(void* user, const sapdr_match* m) noexcept {
    auto* self = static_cast<match_teller*>(user);
    const match told{.snapshot = snapshot_view(m->snapshot),
                     .node = to_node(*m->node),
                     .object_type = view(m->object_type),
                     .object_id = view(m->object_id),
                     .tree_id = view(m->tree_id)};
    return self->thrown.run([&] { (*self->each)(told); }) ? 0 : 1;
  }
};

}  // namespace detail
}  // namespace sapdr
