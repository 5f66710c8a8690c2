/* Snapshots: find them, read what they say of themselves. */
#pragma once

#include <sapdr/snapshot.h>

#include <new>
#include <sapdr/cpp/error.hpp>
#include <sapdr/cpp/id.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace sapdr {

/* Snapshots of one of the hosts (of any, if there are none), with all of the tags and paths, and
 * with the tags of one of the lists. */
struct snapshot_filter {
  std::vector<std::string> hosts{};
  std::vector<std::string> tags{};
  std::vector<std::string> paths{};     /* absolute */
  std::vector<std::string> tag_lists{}; /* each "a,b": all of these */
};

/* A snapshot that someone else owns: a list, a walk, a plan. */
class snapshot_view {
 public:
  explicit snapshot_view(const sapdr_snapshot* borrowed) noexcept : snapshot_(borrowed) {}

  sapdr_id id() const { return sapdr_snapshot_id(snapshot_); }
  std::string_view hex() const { return sapdr_snapshot_hex(snapshot_); }
  std::string_view tree() const { return sapdr_snapshot_tree_hex(snapshot_); }
  /* Empty if it has no parent. */
  std::string_view parent() const { return detail::view(sapdr_snapshot_parent_hex(snapshot_)); }
  int64_t time_ns() const { return sapdr_snapshot_time_ns(snapshot_); }
  std::string_view host() const { return sapdr_snapshot_host(snapshot_); }
  std::string_view user() const { return sapdr_snapshot_user(snapshot_); }
  std::string_view program() const { return sapdr_snapshot_program(snapshot_); }
  std::vector<std::string> paths() const {
    return collect(sapdr_snapshot_n_paths(snapshot_), sapdr_snapshot_path);
  }
  std::vector<std::string> tags() const {
    return collect(sapdr_snapshot_n_tags(snapshot_), sapdr_snapshot_tag);
  }
  /* As its writer noted; 0 if it noted nothing. */
  uint64_t files() const { return sapdr_snapshot_files(snapshot_); }
  uint64_t bytes() const { return sapdr_snapshot_bytes(snapshot_); }
  /* When every pack of it was last proved right; 0: it is only written. */
  int64_t verified_ns() const { return sapdr_snapshot_verified_ns(snapshot_); }

  const sapdr_snapshot* get() const noexcept { return snapshot_; }

 private:
  std::vector<std::string> collect(std::size_t size,
                                   const char* (*at)(const sapdr_snapshot*, std::size_t)) const {
    std::vector<std::string> strings;
    strings.reserve(size);
    for (std::size_t i = 0; i < size; ++i) strings.emplace_back(at(snapshot_, i));
    return strings;
  }

  const sapdr_snapshot* snapshot_;
};

/* A snapshot of one's own. */
class snapshot : public snapshot_view {
 public:
  /* Takes it over. */
  explicit snapshot(sapdr_snapshot* owned) noexcept : snapshot_view(owned), handle_(owned) {}

 private:
  detail::handle<sapdr_snapshot, sapdr_snapshot_free> handle_;
};

/* Snapshots, oldest first: a range of views that live as long as the list. */
class snapshot_list {
 public:
  /* Takes it over. */
  explicit snapshot_list(sapdr_snapshot_list* owned) : handle_(owned) {
    const std::size_t size = sapdr_snapshot_list_size(owned);
    views_.reserve(size);
    for (std::size_t i = 0; i < size; ++i) views_.emplace_back(sapdr_snapshot_list_at(owned, i));
  }

  auto begin() const noexcept { return views_.begin(); }
  auto end() const noexcept { return views_.end(); }
  std::size_t size() const noexcept { return views_.size(); }
  bool empty() const noexcept { return views_.empty(); }
  const snapshot_view& operator[](std::size_t at) const { return views_[at]; }
  const snapshot_view& back() const { return views_.back(); }
  /* Of repository::readable_snapshots: why snapshots are not in the list. */
  std::vector<error> damaged() const {
    std::vector<error> errors;
    for (std::size_t i = 0; i < sapdr_snapshot_list_n_damaged(handle_.get()); ++i) {
      sapdr_error* copy = sapdr_error_copy(sapdr_snapshot_list_damaged_at(handle_.get(), i));
      if (copy == nullptr) throw std::bad_alloc();
      errors.emplace_back(copy);
    }
    return errors;
  }

 private:
  detail::handle<sapdr_snapshot_list, sapdr_snapshot_list_free> handle_;
  std::vector<snapshot_view> views_;
};

namespace detail {

/* A filter as the C ABI takes it; borrows the strings. */
class c_filter {
 public:
  explicit c_filter(const snapshot_filter& filter)
      : hosts_(filter.hosts),
        tags_(filter.tags),
        paths_(filter.paths),
        tag_lists_(filter.tag_lists) {
    SAPDR_INIT(&filter_);
    filter_.hosts = hosts_.data();
    filter_.n_hosts = hosts_.size();
    filter_.tags = tags_.data();
    filter_.n_tags = tags_.size();
    filter_.paths = paths_.data();
    filter_.n_paths = paths_.size();
    filter_.tag_lists = tag_lists_.data();
    filter_.n_tag_lists = tag_lists_.size();
  }
  c_filter(const c_filter&) = delete;
  c_filter& operator=(const c_filter&) = delete;

  const sapdr_snapshot_filter* get() const noexcept { return &filter_; }

 private:
  c_strings hosts_, tags_, paths_, tag_lists_;
  sapdr_snapshot_filter filter_{};
};

}  // namespace detail
}  // namespace sapdr
