/* Checksums and manifests of local files: no repository is needed. */
#pragma once

#include <sapdr/checksum.h>

#include <cstddef>
#include <functional>
#include <sapdr/cpp/context.hpp>
#include <sapdr/cpp/id.hpp>
#include <sapdr/cpp/observer.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sapdr {

using checksum_result = sapdr_checksum_result;
using checksum_error = run_error<checksum_result>;
using manifest_verify_result = sapdr_manifest_verify_result;
using manifest_verify_error = run_error<manifest_verify_result>;

/* The SHA-256 of bytes in memory. */
inline sapdr_id sha256(std::span<const std::byte> data) {
  sapdr_id id{};
  detail::error_out err;
  err.check(sapdr_sha256(&id, data.data(), data.size(), err));
  return id;
}

/* The SHA-256 of a stream, piece by piece. */
class hasher {
 public:
  hasher() {
    detail::error_out err;
    sapdr_hasher* made = nullptr;
    err.check(sapdr_hasher_new(&made, err));
    handle_.reset(made);
  }

  void update(std::span<const std::byte> data) {
    detail::error_out err;
    err.check(sapdr_hasher_update(handle_.get(), data.data(), data.size(), err));
  }
  /* Of all that was given since the last call; begins anew. */
  sapdr_id final() {
    sapdr_id id{};
    detail::error_out err;
    err.check(sapdr_hasher_final(&id, handle_.get(), err));
    return id;
  }

 private:
  detail::handle<sapdr_hasher, sapdr_hasher_free> handle_;
};

/* One file; views are borrowed for the duration of the call. */
struct file_checksum {
  std::string_view path; /* as it was found below the paths, any bytes */
  uint64_t size = 0;
  sapdr_id sha256{};
  std::string_view line; /* as it stands in a manifest, with its newline */
};

/* The fields mean what they mean in sapdr_checksum_options. */
struct checksum_options {
  sapdr::observer observer{};
  const cancel_source* cancel = nullptr;
  std::vector<std::string> paths{}; /* none: the whole folder */
  std::vector<std::string> excludes{};
};

/* The fields mean what they mean in sapdr_manifest_verify_options. */
struct manifest_verify_options {
  bool strict = false;
  sapdr::observer observer{};
  const cancel_source* cancel = nullptr;
  std::vector<std::string> paths{}; /* where extra files are looked for */
  std::vector<std::string> excludes{};
  bool ignore_missing = false;
};

namespace detail {

/* The options as the C ABI takes them, with all that they point to. */
class c_checksum_options {
 public:
  explicit c_checksum_options(const checksum_options& options)
      : observer_(options.observer), paths_(options.paths), excludes_(options.excludes) {
    SAPDR_INIT(&options_);
    options_.observer = observer_.get();
    options_.cancel = c_cancel(options.cancel);
    options_.paths = paths_.data();
    options_.n_paths = paths_.size();
    options_.excludes = excludes_.data();
    options_.n_excludes = excludes_.size();
  }
  const sapdr_checksum_options* get() const noexcept { return &options_; }
  parked_exception& thrown() noexcept { return observer_.thrown(); }

 private:
  c_observer observer_;
  c_strings paths_;
  c_strings excludes_;
  sapdr_checksum_options options_;
};

struct file_checksum_sink {
  const std::function<void(const file_checksum&)>* on_file;
  parked_exception* thrown;

  static int32_t forward(void* user, const sapdr_file_checksum* f) noexcept {
    auto* self = static_cast<file_checksum_sink*>(user);
    const file_checksum file{.path = view(f->path, f->path_size),
                             .size = f->size,
                             .sha256 = f->sha256,
                             .line = view(f->line, f->line_size)};
    return self->thrown->run([&] { (*self->on_file)(file); }) ? 0 : 1;
  }
};

}  // namespace detail

/* The SHA-256 of one local file; a link is followed. */
inline sapdr_id checksum_file(const std::string& path, const observer& watch = {},
                              const cancel_source* cancel = nullptr) {
  detail::c_observer c_watch(watch);
  sapdr_id id{};
  detail::error_out err;
  const sapdr_status status = sapdr_checksum_file(&id, detail::c_string(path), c_watch.get(),
                                                  detail::c_cancel(cancel), err);
  c_watch.thrown().rethrow();
  err.check(status);
  return id;
}

/* Tells `on_file` the SHA-256 of each regular file in the folder, in the byte order of their paths;
 * what it throws comes out unchanged. Throws checksum_error. */
inline checksum_result checksum_tree(const context& ctx, const std::string& folder,
                                     const std::function<void(const file_checksum&)>& on_file,
                                     const checksum_options& options = {}) {
  detail::c_checksum_options c(options);
  detail::file_checksum_sink out{&on_file, &c.thrown()};
  auto result = detail::initialized<checksum_result>();
  detail::error_out err;
  const sapdr_status status =
      sapdr_checksum_tree(&result, ctx.get(), detail::c_string(folder),
                          detail::file_checksum_sink::forward, &out, c.get(), err);
  c.thrown().rethrow();
  err.check(status, result);
  return result;
}

/* Writes the same into a file that `sha256sum -c` accepts in `folder`. Throws checksum_error. */
inline checksum_result manifest_write(const context& ctx, const std::string& folder,
                                      const std::string& manifest,
                                      const checksum_options& options = {}) {
  detail::c_checksum_options c(options);
  auto result = detail::initialized<checksum_result>();
  detail::error_out err;
  const sapdr_status status = sapdr_manifest_write(&result, ctx.get(), detail::c_string(folder),
                                                   detail::c_string(manifest), c.get(), err);
  c.thrown().rethrow();
  err.check(status, result);
  return result;
}

/* Are the files that the manifest names, seen from `folder`, what it says? Throws
 * manifest_verify_error. */
inline manifest_verify_result manifest_verify(const context& ctx, const std::string& folder,
                                              const std::string& manifest,
                                              const manifest_verify_options& options = {}) {
  detail::c_observer observer(options.observer);
  const detail::c_strings paths(options.paths), excludes(options.excludes);
  auto c = detail::initialized<sapdr_manifest_verify_options>();
  c.strict = options.strict;
  c.observer = observer.get();
  c.cancel = detail::c_cancel(options.cancel);
  c.paths = paths.data();
  c.n_paths = paths.size();
  c.excludes = excludes.data();
  c.n_excludes = excludes.size();
  c.ignore_missing = options.ignore_missing;
  auto result = detail::initialized<manifest_verify_result>();
  detail::error_out err;
  const sapdr_status status = sapdr_manifest_verify(&result, ctx.get(), detail::c_string(folder),
                                                    detail::c_string(manifest), &c, err);
  observer.thrown().rethrow();
  err.check(status, result);
  return result;
}

}  // namespace sapdr
