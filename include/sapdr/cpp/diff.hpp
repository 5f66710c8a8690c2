/* What changed from one snapshot to another. */
#pragma once

#include <sapdr/diff.h>

#include <functional>
#include <optional>
#include <sapdr/cpp/context.hpp>
#include <sapdr/cpp/observer.hpp>
#include <sapdr/cpp/tree.hpp>
#include <string_view>

namespace sapdr {

using diff_result = sapdr_diff_result;
using diff_error = run_error<diff_result>;

/* The fields mean what they mean in sapdr_diff_options. */
struct diff_options {
  bool metadata = false;
  bool no_blobs = false;
  sapdr::observer observer{};
  const cancel_source* cancel = nullptr;
};

/* One difference; views are borrowed for the duration of the call. */
struct difference {
  uint32_t change = 0; /* bits SAPDR_DIFF_* */
  std::string_view path;
  std::optional<node> before{}; /* nothing: added */
  std::optional<node> after{};  /* nothing: removed */

  /* restic's letters: "+", "-", "M", "U", "T", "TU". */
  std::string_view modifier() const noexcept { return sapdr_diff_modifier(change); }
};

namespace detail {

/* A callback for differences as the C ABI takes it. */
struct diff_teller {
  const std::function<void(const difference&)>* each;
  parked_exception thrown;

  static int32_t forward(void* user, const sapdr_difference* d) noexcept {
    auto* self = static_cast<diff_teller*>(user);
    return self->thrown.run([&] {
      difference told{.change = d->change, .path = view(d->path, d->path_size)};
      if (d->before != nullptr) told.before = to_node(*d->before);
      if (d->after != nullptr) told.after = to_node(*d->after);
      (*self->each)(told);
    })
               ? 0
               : 1;
  }
};

}  // namespace detail
}  // namespace sapdr
