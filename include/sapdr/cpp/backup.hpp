/* Options of a backup; streams that become files of a snapshot, all at once or one by one. */
#pragma once

#include <sapdr/ext/source.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <sapdr/cpp/context.hpp>
#include <sapdr/cpp/observer.hpp>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace sapdr {

using backup_result = sapdr_backup_result;
using backup_error = run_error<backup_result>;

/* The fields mean what they mean in sapdr_backup_options. */
struct backup_options {
  sapdr::observer observer{};
  const cancel_source* cancel = nullptr;
  std::optional<std::string> host{}; /* nothing: this host's name */
  std::vector<std::string> tags{};
  int64_t time_ns = 0; /* 0: now */
  std::optional<std::string> parent{};
  std::vector<std::string> excludes{};
  std::vector<std::string> iexcludes{};
  std::vector<std::string> exclude_files{};
  std::vector<std::string> exclude_if_present{};
  uint64_t exclude_larger_than = 0;
  bool exclude_caches = false;
  bool one_file_system = false;
  bool ignore_inode = false;
  bool ignore_ctime = false;
  bool with_atime = false;
  bool dry_run = false;
  bool verify = false;
  std::chrono::nanoseconds verify_max_age{}; /* 0: 30 days */
  int32_t chunker = SAPDR_CHUNKER_AUTO;
};

/* A named stream that becomes one file of a snapshot. */
struct stream {
  std::string path; /* absolute in the snapshot, "/dump/orders.bson" */
  /* Fills the buffer as far as it can and returns how many bytes that were; 0 is the end. Called
   * from a worker thread; different streams at once. Throwing fails the run. */
  std::function<std::size_t(std::span<std::byte>)> read;
  uint32_t mode = 0;      /* permission bits; 0: 0600 */
  int64_t mtime_ns = 0;   /* 0: the time of the snapshot */
  uint64_t size_hint = 0; /* for progress; 0: unknown */
};

/* Streams that are made one after the other; the fields mean what they mean in
 * sapdr_source_table. */
struct stream_source {
  /* The next stream; nothing at the end. Throwing fails the run. A stream is destroyed when it was
   * read, maybe on another thread. */
  std::function<std::optional<stream>()> next;
  std::vector<std::string> paths{}; /* empty: "/" */
  uint32_t max_open = 0;            /* streams at once; 0: the threads of the context */
};

namespace detail {

/* Options as the C ABI takes them; borrows the strings. */
class c_backup_options {
 public:
  explicit c_backup_options(const backup_options& o)
      : observer_(o.observer),
        tags_(o.tags),
        excludes_(o.excludes),
        iexcludes_(o.iexcludes),
        exclude_files_(o.exclude_files),
        exclude_if_present_(o.exclude_if_present) {
    SAPDR_INIT(&c_);
    c_.observer = observer_.get();
    c_.cancel = c_cancel(o.cancel);
    c_.host = c_string(o.host);
    c_.tags = tags_.data();
    c_.n_tags = tags_.size();
    c_.time_ns = o.time_ns;
    c_.parent = c_string(o.parent);
    c_.excludes = excludes_.data();
    c_.n_excludes = excludes_.size();
    c_.iexcludes = iexcludes_.data();
    c_.n_iexcludes = iexcludes_.size();
    c_.exclude_files = exclude_files_.data();
    c_.n_exclude_files = exclude_files_.size();
    c_.exclude_if_present = exclude_if_present_.data();
    c_.n_exclude_if_present = exclude_if_present_.size();
    c_.exclude_larger_than = o.exclude_larger_than;
    c_.exclude_caches = o.exclude_caches;
    c_.one_file_system = o.one_file_system;
    c_.ignore_inode = o.ignore_inode;
    c_.ignore_ctime = o.ignore_ctime;
    c_.with_atime = o.with_atime;
    c_.dry_run = o.dry_run;
    c_.verify = o.verify;
    c_.verify_max_age_ns = o.verify_max_age.count();
    c_.chunker = o.chunker;
  }

  const sapdr_backup_options* get() const noexcept { return &c_; }
  parked_exception& thrown() noexcept { return observer_.thrown(); }

 private:
  c_observer observer_;
  c_strings tags_, excludes_, iexcludes_, exclude_files_, exclude_if_present_;
  sapdr_backup_options c_{};
};

/* A stream as the C ABI takes it; borrows it. What it throws is parked. */
class c_stream {
 public:
  c_stream(const stream& from, parked_exception& thrown) : from_(&from), thrown_(&thrown) {}

  /* `user` of what is returned points to this object. */
  sapdr_stream get() {
    auto c = initialized<sapdr_stream>();
    c.mode = from_->mode;
    c.path = c_string(from_->path);
    c.mtime_ns = from_->mtime_ns;
    c.size_hint = from_->size_hint;
    c.user = this;
    c.read = forward_read;
    return c;
  }

 private:
  static sapdr_status forward_read(void* user, void* buffer, std::size_t capacity,
                                   std::size_t* size, sapdr_error**) noexcept {
    const auto* self = static_cast<const c_stream*>(user);
    const bool read = self->thrown_->run([&] {
      *size = self->from_->read({static_cast<std::byte*>(buffer), capacity});
    });
    return read ? SAPDR_OK : SAPDR_E_CALLBACK;
  }

  const stream* from_;
  parked_exception* thrown_;
};

/* Streams as the C ABI takes them; borrows them. */
class c_streams {
 public:
  c_streams(const std::vector<stream>& streams, parked_exception& thrown) {
    users_.reserve(streams.size());
    for (const stream& each : streams) users_.emplace_back(each, thrown);
    for (c_stream& each : users_) streams_.push_back(each.get());
  }
  c_streams(const c_streams&) = delete;
  c_streams& operator=(const c_streams&) = delete;

  const sapdr_stream* data() const noexcept { return streams_.data(); }
  std::size_t size() const noexcept { return streams_.size(); }

 private:
  std::vector<c_stream> users_;
  std::vector<sapdr_stream> streams_;
};

/* A source as the C ABI takes it; borrows it. Each stream is owned until it is closed. */
class c_source {
 public:
  c_source(const stream_source& from, parked_exception& thrown)
      : from_(from), thrown_(thrown), paths_(from.paths) {
    SAPDR_INIT(&table_);
    table_.max_open = from.max_open;
    table_.user = this;
    table_.paths = paths_.data();
    table_.n_paths = paths_.size();
    table_.next = forward_next;
  }
  c_source(const c_source&) = delete;
  c_source& operator=(const c_source&) = delete;

  const sapdr_source_table* get() const noexcept { return &table_; }

 private:
  struct owned : c_stream {
    owned(stream made, parked_exception& thrown) : c_stream(from, thrown), from(std::move(made)) {}
    stream from;
  };

  static sapdr_status forward_next(void* user, sapdr_stream* out, sapdr_error**) noexcept {
    auto* self = static_cast<c_source*>(user);
    const bool went_well = self->thrown_.run([&] {
      auto next = self->from_.next();
      if (!next) return;
      auto made = std::make_unique<owned>(*std::move(next), self->thrown_);
      *out = made->get();
      out->close = close;
      static_cast<void>(made.release());
    });
    return went_well ? SAPDR_OK : SAPDR_E_CALLBACK;
  }
  static void close(void* user) noexcept {
    delete static_cast<owned*>(static_cast<c_stream*>(user));
  }

  const stream_source& from_;
  parked_exception& thrown_;
  c_strings paths_;
  sapdr_source_table table_{};
};

}  // namespace detail
}  // namespace sapdr
