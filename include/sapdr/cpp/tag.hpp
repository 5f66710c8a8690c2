/* Options of a change of tags. */
#pragma once

#include <sapdr/tag.h>

#include <optional>
#include <sapdr/cpp/context.hpp>
#include <sapdr/cpp/observer.hpp>
#include <string>
#include <vector>

namespace sapdr {

using tag_result = sapdr_tag_result;
using tag_error = run_error<tag_result>;

/* The fields mean what they mean in sapdr_tag_options. */
struct tag_options {
  std::vector<std::string> add{};
  std::vector<std::string> remove{};
  std::optional<std::vector<std::string>> set{}; /* instead of these two; empty: no tags */
  sapdr::observer observer{};
  const cancel_source* cancel = nullptr;
};

namespace detail {

/* Options as the C ABI takes them; borrows the strings. */
class c_tag_options {
 public:
  explicit c_tag_options(const tag_options& o)
      : observer_(o.observer),
        add_(o.add),
        remove_(o.remove),
        set_words_(words_of(o)),
        set_(set_words_) {
    SAPDR_INIT(&c_);
    c_.observer = observer_.get();
    c_.cancel = c_cancel(o.cancel);
    c_.add = add_.data();
    c_.n_add = add_.size();
    c_.remove = remove_.data();
    c_.n_remove = remove_.size();
    c_.set = set_.data();
    c_.n_set = set_.size();
  }
  c_tag_options(const c_tag_options&) = delete;
  c_tag_options& operator=(const c_tag_options&) = delete;

  const sapdr_tag_options* get() const noexcept { return &c_; }
  parked_exception& thrown() noexcept { return observer_.thrown(); }

 private:
  /* One empty string says: none. */
  static std::vector<std::string> words_of(const tag_options& o) {
    if (!o.set) return {};
    return o.set->empty() ? std::vector<std::string>{""} : *o.set;
  }

  c_observer observer_;
  c_strings add_, remove_;
  std::vector<std::string> set_words_;
  c_strings set_;
  sapdr_tag_options c_{};
};

}  // namespace detail
}  // namespace sapdr
