/* A repository: everything one can do with it. */
#pragma once

#include <sapdr/repository.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <sapdr/cpp/backend.hpp>
#include <sapdr/cpp/backup.hpp>
#include <sapdr/cpp/check.hpp>
#include <sapdr/cpp/context.hpp>
#include <sapdr/cpp/copy.hpp>
#include <sapdr/cpp/diff.hpp>
#include <sapdr/cpp/file.hpp>
#include <sapdr/cpp/find.hpp>
#include <sapdr/cpp/forget.hpp>
#include <sapdr/cpp/key.hpp>
#include <sapdr/cpp/mongodb.hpp>
#include <sapdr/cpp/prune.hpp>
#include <sapdr/cpp/repair.hpp>
#include <sapdr/cpp/restore.hpp>
#include <sapdr/cpp/snapshot.hpp>
#include <sapdr/cpp/tag.hpp>
#include <sapdr/cpp/tree.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sapdr {

class repository;

struct init_options {
  std::string password{};
  uint32_t version = 0;  /* repository version, 1 or 2; 0: 2 */
  uint32_t scrypt_n = 0; /* cost of the key derivation; 0: 32768, 8, 6 */
  uint32_t scrypt_r = 0;
  uint32_t scrypt_p = 0;
  int32_t codec = SAPDR_CODEC_ZSTD;
  const repository* copy_chunker_params = nullptr; /* files are cut as for this one */
  const cancel_source* cancel = nullptr;
};

/* The fields mean what they mean in sapdr_repo_open_options. */
struct open_options {
  std::string password{};
  int32_t compression = SAPDR_COMPRESSION_AUTO;
  std::optional<std::string> key_hint{};
  uint32_t pack_size_mib = 0; /* 4 to 128; 0: 16 */
  bool no_lock = false;
  bool no_verify_blobs = false;
  std::chrono::nanoseconds retry_lock{};  /* how long to wait for a lock of others */
  std::optional<std::string> cache_dir{}; /* of remote repositories; nothing: no cache */
  uint64_t cache_size = 0;                /* bytes; 0: 10 GiB */
  const cancel_source* cancel = nullptr;  /* of the opening, not of what follows */
};

/* Memory owned by the library. */
class buffer {
 public:
  /* Takes it over. */
  explicit buffer(sapdr_buffer* owned) noexcept : handle_(owned) {}
  std::span<const std::byte> bytes() const {
    return {static_cast<const std::byte*>(sapdr_buffer_data(handle_.get())),
            sapdr_buffer_size(handle_.get())};
  }
  std::string_view text() const {
    return {static_cast<const char*>(sapdr_buffer_data(handle_.get())),
            sapdr_buffer_size(handle_.get())};
  }

 private:
  detail::handle<sapdr_buffer, sapdr_buffer_free> handle_;
};

/* Getters may be called from any thread, operations from one thread at a time. A snapshot is
 * named as in the C ABI: "latest" (of those that match the filter), an id or a unique prefix, each
 * maybe with ":PATH" behind it. A moved-from repository can only be assigned to or destroyed. */
class repository {
 public:
  /* Creates a repository and opens it. */
  static repository init(const context& ctx, const backend& storage, const init_options& options) {
    auto c = detail::initialized<sapdr_repo_init_options>();
    c.version = options.version;
    c.password = options.password.data();
    c.password_size = options.password.size();
    c.scrypt_n = options.scrypt_n;
    c.scrypt_r = options.scrypt_r;
    c.scrypt_p = options.scrypt_p;
    c.codec = options.codec;
    if (options.copy_chunker_params != nullptr)
      c.copy_chunker_params = options.copy_chunker_params->get();
    c.cancel = detail::c_cancel(options.cancel);
    detail::error_out err;
    sapdr_repo* repo = nullptr;
    err.check(sapdr_repo_init(&repo, ctx.get(), storage.get(), &c, err));
    return repository(repo, ctx);
  }

  static repository open(const context& ctx, const backend& storage, const open_options& options) {
    auto c = detail::initialized<sapdr_repo_open_options>();
    c.compression = options.compression;
    c.password = options.password.data();
    c.password_size = options.password.size();
    c.key_hint = detail::c_string(options.key_hint);
    c.pack_size_mib = options.pack_size_mib;
    c.no_lock = options.no_lock;
    c.no_verify_blobs = options.no_verify_blobs;
    c.retry_lock_ns = options.retry_lock.count();
    c.cache_dir = detail::c_string(options.cache_dir);
    c.cache_size = options.cache_size;
    c.cancel = detail::c_cancel(options.cancel);
    detail::error_out err;
    sapdr_repo* repo = nullptr;
    err.check(sapdr_repo_open(&repo, ctx.get(), storage.get(), &c, err));
    return repository(repo, ctx);
  }

  std::string_view id() const { return sapdr_repo_id(handle_.get()); }
  uint32_t version() const { return sapdr_repo_version(handle_.get()); }
  int32_t codec() const { return sapdr_repo_codec(handle_.get()); } /* SAPDR_CODEC_* */
  std::string_view location() const { return sapdr_repo_location(handle_.get()); }
  sapdr_repo* get() const noexcept { return handle_.get(); }

  /* Backs up local paths into one snapshot. Throws backup_error. */
  backup_result backup(const std::vector<std::string>& paths, const backup_options& options = {}) {
    const detail::c_strings c_paths(paths);
    return run_backup(options, [&](auto* result, auto& c, sapdr_error** err) {
      return sapdr_backup_run(result, handle_.get(), c_paths.data(), c_paths.size(), c.get(), err);
    });
  }

  /* Backs up streams into one snapshot, without temporary files. Throws backup_error. */
  backup_result backup_streams(const std::vector<stream>& streams,
                               const backup_options& options = {}) {
    return run_backup(options, [&](auto* result, auto& c, sapdr_error** err) {
      const detail::c_streams sources(streams, c.thrown());
      return sapdr_backup_streams(result, handle_.get(), sources.data(), sources.size(), c.get(),
                                  err);
    });
  }

  /* The same with streams that are made one after the other. */
  backup_result backup_source(const stream_source& source, const backup_options& options = {}) {
    return run_backup(options, [&](auto* result, auto& c, sapdr_error** err) {
      const detail::c_source c_source(source, c.thrown());
      return sapdr_backup_source(result, handle_.get(), c_source.get(), c.get(), err);
    });
  }

  /* Backs up the MongoDB deployment of a connection string: see mongodb.h. Throws
   * mongodb_backup_error. */
  mongodb_backup_result backup_mongodb(const std::string& uri, const mongodb_options& mongodb = {},
                                       const backup_options& options = {}) {
    const detail::c_strings includes(mongodb.includes), excludes(mongodb.excludes);
    auto m = detail::initialized<sapdr_mongodb_options>();
    m.full = mongodb.full;
    m.includes = includes.data();
    m.n_includes = includes.size();
    m.excludes = excludes.data();
    m.n_excludes = excludes.size();
    m.limit_read = mongodb.limit_read;
    m.batch_documents = mongodb.batch_documents;
    detail::c_backup_options c(options);
    mongodb_backup_result result{detail::initialized<sapdr_mongodb_capture>(),
                                 detail::initialized<sapdr_backup_result>()};
    detail::error_out err;
    const sapdr_status status = sapdr_mongodb_backup(&result.capture, &result.backup, handle_.get(),
                                                     uri.c_str(), &m, c.get(), err);
    c.thrown().rethrow();
    err.check(status, result);
    return result;
  }

  /* Which times of MongoDB deployments can be restored, by deployments, oldest first. */
  std::vector<mongodb_range> mongodb_timeline(const cancel_source* cancel = nullptr) {
    detail::error_out err;
    sapdr_mongodb_timeline* out = nullptr;
    err.check(sapdr_mongodb_timeline_new(&out, handle_.get(), detail::c_cancel(cancel), err));
    const detail::handle<sapdr_mongodb_timeline, sapdr_mongodb_timeline_free> timeline(out);
    std::vector<mongodb_range> ranges;
    for (std::size_t i = 0; i < sapdr_mongodb_timeline_size(out); ++i) {
      ranges.push_back(detail::to_cpp(*sapdr_mongodb_timeline_at(out, i)));
    }
    return ranges;
  }

  /* The snapshots that match, oldest first. */
  snapshot_list snapshots(const snapshot_filter& filter = {}) {
    const detail::c_filter c_filter(filter);
    detail::error_out err;
    sapdr_snapshot_list* list = nullptr;
    err.check(sapdr_snapshot_list_new(&list, handle_.get(), c_filter.get(), err));
    return snapshot_list(list);
  }

  /* The same of a repository with damage: what cannot be read is told by damaged() of the list. */
  snapshot_list readable_snapshots(const snapshot_filter& filter = {}) {
    const detail::c_filter c_filter(filter);
    detail::error_out err;
    sapdr_snapshot_list* list = nullptr;
    err.check(sapdr_snapshot_list_readable(&list, handle_.get(), c_filter.get(), err));
    return snapshot_list(list);
  }

  sapdr::snapshot snapshot(const std::string& name, const snapshot_filter& filter = {}) {
    const detail::c_filter c_filter(filter);
    detail::error_out err;
    sapdr_snapshot* found = nullptr;
    err.check(
        sapdr_snapshot_get(&found, handle_.get(), detail::c_string(name), c_filter.get(), err));
    return sapdr::snapshot(found);
  }

  /* The files of a snapshot, folders before what is in them. */
  sapdr::walk walk(const std::string& snapshot, const walk_options& options = {},
                   const snapshot_filter& filter = {}) {
    const detail::c_strings paths(options.paths);
    const detail::c_filter c_filter(filter);
    auto c = detail::initialized<sapdr_walk_options>();
    c.not_recursive = options.not_recursive;
    c.paths = paths.data();
    c.n_paths = paths.size();
    detail::error_out err;
    sapdr_walk* begun = nullptr;
    err.check(
        sapdr_walk_new(&begun, handle_.get(), detail::c_string(snapshot), c_filter.get(), &c, err));
    return sapdr::walk(begun);
  }

  /* Tells `each` (which may be empty) what changed from one snapshot to another. Throws
   * diff_error; what `each` throws stops it. `filter`: which snapshots "latest" is the latest of.
   */
  diff_result diff(const std::string& before, const std::string& after,
                   const std::function<void(const difference&)>& each,
                   const diff_options& options = {}, const snapshot_filter& filter = {}) {
    detail::c_observer observer(options.observer);
    const detail::c_filter c_filter(filter);
    auto c = detail::initialized<sapdr_diff_options>();
    c.metadata = options.metadata;
    c.no_blobs = options.no_blobs;
    c.observer = observer.get();
    c.cancel = detail::c_cancel(options.cancel);
    detail::diff_teller teller{&each, {}};
    auto result = detail::initialized<sapdr_diff_result>();
    detail::error_out err;
    const sapdr_status status = sapdr_diff_run(
        &result, handle_.get(), detail::c_string(before), detail::c_string(after), c_filter.get(),
        each ? detail::diff_teller::forward : nullptr, &teller, &c, err);
    observer.thrown().rethrow();
    teller.thrown.rethrow();
    err.check(status, result);
    return result;
  }

  /* Tells `each` (which may be empty) where what is looked for is, in the snapshots that match the
   * filter or in those that the options name. Throws find_error; what `each` throws stops it. */
  find_result find(const find_options& options, const std::function<void(const match&)>& each,
                   const snapshot_filter& filter = {}) {
    detail::c_find_options c(options);
    const detail::c_filter c_filter(filter);
    detail::match_teller teller{&each, {}};
    auto result = detail::initialized<sapdr_find_result>();
    detail::error_out err;
    const sapdr_status status =
        sapdr_find_run(&result, handle_.get(), c_filter.get(),
                       each ? detail::match_teller::forward : nullptr, &teller, c.get(), err);
    c.thrown().rethrow();
    teller.thrown.rethrow();
    err.check(status, result);
    return result;
  }

  /* Hands the content of one file to `write`, in order. What `write` throws stops the dump. */
  void dump(const std::string& snapshot, const std::string& path,
            const std::function<void(std::span<const std::byte>)>& write,
            const cancel_source* cancel = nullptr, const snapshot_filter& filter = {}) {
    sink out{&write, {}};
    const detail::c_filter c_filter(filter);
    detail::error_out err;
    const sapdr_status status =
        sapdr_dump_run(handle_.get(), detail::c_string(snapshot), c_filter.get(),
                       detail::c_string(path), sink::forward, &out, detail::c_cancel(cancel), err);
    out.thrown.rethrow();
    err.check(status);
  }

  /* Opens one file, to be read from anywhere. */
  file open_file(const std::string& snapshot, const std::string& path,
                 const file_options& options = {}, const snapshot_filter& filter = {}) {
    const detail::c_filter c_filter(filter);
    auto c = detail::initialized<sapdr_file_options>();
    c.cancel = detail::c_cancel(options.cancel);
    detail::error_out err;
    sapdr_file* opened = nullptr;
    err.check(sapdr_file_open(&opened, handle_.get(), detail::c_string(snapshot), c_filter.get(),
                              detail::c_string(path), &c, err));
    return file(opened);
  }

  /* Plans a restore into the folder `target`; std::nullopt: in place, where the files came from.
   * Touches nothing until the plan is run. */
  sapdr::restore_plan restore_plan(const std::string& snapshot,
                                   const std::optional<std::string>& target,
                                   const restore_options& options = {},
                                   const snapshot_filter& filter = {}) {
    return sapdr::restore_plan(handle_.get(), snapshot, filter, target, options);
  }

  /* Is everything there that the snapshots need, and right? Throws check_error. */
  check_result check(const check_options& options = {}) {
    detail::c_observer observer(options.observer);
    auto c = detail::initialized<sapdr_check_options>();
    c.read_data = options.read_data;
    c.observer = observer.get();
    c.cancel = detail::c_cancel(options.cancel);
    c.read_data_subset = detail::c_string(options.read_data_subset);
    c.budget_bytes = options.budget_bytes;
    c.budget_ns = options.budget_time.count();
    c.max_age_ns = options.max_age.count();
    auto result = detail::initialized<sapdr_check_result>();
    detail::error_out err;
    const sapdr_status status = sapdr_check_run(&result, handle_.get(), &c, err);
    observer.thrown().rethrow();
    err.check(status, result);
    return result;
  }

  /* Makes the index say what the packs in storage hold. Throws repair_index_error. */
  repair_index_result repair_index(const repair_options& options = {}) {
    return run_repair<repair_index_result>(options, [&](auto* result, auto* c, sapdr_error** err) {
      return sapdr_repair_index(result, handle_.get(), c, err);
    });
  }

  /* Moves what is right out of damaged packs. Throws repair_packs_error. */
  repair_packs_result repair_packs(const repair_options& options = {}) {
    return run_repair<repair_packs_result>(options, [&](auto* result, auto* c, sapdr_error** err) {
      return sapdr_repair_packs(result, handle_.get(), c, err);
    });
  }

  /* Stores damaged snapshots anew, without what is gone. Throws repair_snapshots_error. */
  repair_snapshots_result repair_snapshots(const repair_options& options = {},
                                           const snapshot_filter& filter = {}) {
    const detail::c_filter c_filter(filter);
    return run_repair<repair_snapshots_result>(
        options, [&](auto* result, auto* c, sapdr_error** err) {
          return sapdr_repair_snapshots(result, handle_.get(), c_filter.get(), c, err);
        });
  }

  /* Are the files in `target` (std::nullopt: where they came from) what the snapshot says?
   * Throws verify_error. */
  verify_result verify(const std::string& snapshot, const std::optional<std::string>& target,
                       const verify_options& options = {}, const snapshot_filter& filter = {}) {
    detail::c_observer observer(options.observer);
    const detail::c_strings includes(options.includes), excludes(options.excludes);
    const detail::c_filter c_filter(filter);
    auto c = detail::initialized<sapdr_verify_options>();
    c.strict = options.strict;
    c.observer = observer.get();
    c.cancel = detail::c_cancel(options.cancel);
    c.includes = includes.data();
    c.n_includes = includes.size();
    c.excludes = excludes.data();
    c.n_excludes = excludes.size();
    auto result = detail::initialized<sapdr_verify_result>();
    detail::error_out err;
    const sapdr_status status = sapdr_verify_run(&result, handle_.get(), detail::c_string(snapshot),
                                                 c_filter.get(), detail::c_string(target), &c, err);
    observer.thrown().rethrow();
    err.check(status, result);
    return result;
  }

  /* Plans which of the snapshots that match are removed; none is until the plan is run. */
  sapdr::forget_plan forget_plan(const forget_options& options,
                                 const snapshot_filter& filter = {}) {
    return sapdr::forget_plan(handle_.get(), filter, options);
  }

  /* Plans the removal of data that no snapshot needs; nothing changes until the plan is run. */
  sapdr::prune_plan prune_plan(const prune_options& options = {}) {
    return sapdr::prune_plan(handle_.get(), options);
  }

  /* Sizes of the snapshots that match, or of the one that is named. */
  stats_result stats(const std::optional<std::string>& snapshot = std::nullopt,
                     const snapshot_filter& filter = {}, const cancel_source* cancel = nullptr) {
    const detail::c_filter c_filter(filter);
    auto result = detail::initialized<sapdr_stats_result>();
    detail::error_out err;
    err.check(sapdr_stats_run(&result, handle_.get(), detail::c_string(snapshot), c_filter.get(),
                              detail::c_cancel(cancel), err));
    return result;
  }

  /* Changes the tags of the named snapshots, or if none are named of all that match. Throws
   * tag_error. */
  tag_result tag(const std::vector<std::string>& snapshots, const tag_options& options,
                 const snapshot_filter& filter = {}) {
    const detail::c_strings names(snapshots);
    const detail::c_filter c_filter(filter);
    detail::c_tag_options c(options);
    auto result = detail::initialized<sapdr_tag_result>();
    detail::error_out err;
    const sapdr_status status = sapdr_tag_run(&result, handle_.get(), names.data(), names.size(),
                                              c_filter.get(), c.get(), err);
    c.thrown().rethrow();
    err.check(status, result);
    return result;
  }

  /* Copies the named snapshots of `from` into this repository, or if none are named all that match.
   * Throws copy_error. */
  copy_result copy_from(repository& from, const std::vector<std::string>& snapshots = {},
                        const copy_options& options = {}, const snapshot_filter& filter = {}) {
    detail::c_observer observer(options.observer);
    const detail::c_strings names(snapshots);
    const detail::c_filter c_filter(filter);
    auto c = detail::initialized<sapdr_copy_options>();
    c.dry_run = options.dry_run;
    c.observer = observer.get();
    c.cancel = detail::c_cancel(options.cancel);
    auto result = detail::initialized<sapdr_copy_result>();
    detail::error_out err;
    const sapdr_status status = sapdr_copy_run(&result, handle_.get(), from.handle_.get(),
                                               names.data(), names.size(), c_filter.get(), &c, err);
    observer.thrown().rethrow();
    err.check(status, result);
    return result;
  }

  /* Removes stale locks, or all of them; returns how many. */
  uint64_t unlock(bool all = false) {
    uint64_t removed = 0;
    detail::error_out err;
    err.check(sapdr_repo_unlock(handle_.get(), all ? 1 : 0, &removed, err));
    return removed;
  }

  /* All keys, oldest first, damaged ones before all. */
  std::vector<key> key_list() {
    detail::error_out err;
    sapdr_key_list* made = nullptr;
    err.check(sapdr_key_list_new(&made, handle_.get(), err));
    const detail::handle<sapdr_key_list, sapdr_key_list_free> list(made);
    std::vector<key> keys;
    for (std::size_t i = 0; i < sapdr_key_list_size(made); ++i)
      keys.push_back(detail::to_cpp(*sapdr_key_list_at(made, i)));
    return keys;
  }

  /* Adds a key, proven to open with its password, and returns its id. */
  sapdr_id key_add(const key_options& options) {
    const sapdr_key_options c = detail::c_key_options(options);
    sapdr_id added;
    detail::error_out err;
    err.check(sapdr_key_add(&added, handle_.get(), &c, err));
    return added;
  }

  /* Removes the key whose id is or begins with `id`, and returns that; never the current one. */
  sapdr_id key_remove(const std::string& id, const cancel_source* cancel = nullptr) {
    sapdr_id removed;
    detail::error_out err;
    err.check(sapdr_key_remove(&removed, handle_.get(), detail::c_string(id),
                               detail::c_cancel(cancel), err));
    return removed;
  }

  /* Changes the password of the current key; returns the id of the key that takes its place. */
  sapdr_id key_passwd(const key_options& options) {
    const sapdr_key_options c = detail::c_key_options(options);
    sapdr_id added;
    detail::error_out err;
    err.check(sapdr_key_passwd(&added, handle_.get(), &c, err));
    return added;
  }

  /* The plaintext of one stored object; types as in sapdr_repo_cat. */
  buffer cat(const std::string& type, const std::optional<std::string>& id = std::nullopt) {
    detail::error_out err;
    sapdr_buffer* made = nullptr;
    err.check(
        sapdr_repo_cat(&made, handle_.get(), detail::c_string(type), detail::c_string(id), err));
    return buffer(made);
  }

  /* Tells id and size of every stored object of a type. What `each` throws stops it. */
  void list(const std::string& type,
            const std::function<void(std::string_view id, uint64_t size)>& each) {
    lister out{&each, {}};
    detail::error_out err;
    const sapdr_status status =
        sapdr_repo_list(handle_.get(), detail::c_string(type), lister::forward, &out, err);
    out.thrown.rethrow();
    err.check(status);
  }

 private:
  struct sink {
    const std::function<void(std::span<const std::byte>)>* write;
    detail::parked_exception thrown;

    static sapdr_status forward(void* user, const void* data, std::size_t size,
                                sapdr_error**) noexcept {
      auto* self = static_cast<sink*>(user);
      const bool written = self->thrown.run([&] {
        (*self->write)({static_cast<const std::byte*>(data), size});
      });
      return written ? SAPDR_OK : SAPDR_E_CALLBACK;
    }
  };

  struct lister {
    const std::function<void(std::string_view, uint64_t)>* each;
    detail::parked_exception thrown;

    static int32_t forward(void* user, const char* id, uint64_t size) noexcept {
      auto* self = static_cast<lister*>(user);
      return self->thrown.run([&] { (*self->each)(id, size); }) ? 0 : 1;
    }
  };

  repository(sapdr_repo* owned, const context& ctx) : log_(ctx.log_), handle_(owned) {}

  template <class Run>
  backup_result run_backup(const backup_options& options, Run&& run) {
    detail::c_backup_options c(options);
    auto result = detail::initialized<sapdr_backup_result>();
    detail::error_out err;
    const sapdr_status status = run(&result, c, static_cast<sapdr_error**>(err));
    c.thrown().rethrow();
    err.check(status, result);
    return result;
  }

  template <class Result, class Run>
  Result run_repair(const repair_options& options, Run&& run) {
    detail::c_observer observer(options.observer);
    const detail::c_strings names(options.names);
    auto c = detail::initialized<sapdr_repair_options>();
    c.dry_run = options.dry_run;
    c.observer = observer.get();
    c.cancel = detail::c_cancel(options.cancel);
    c.read_all_packs = options.read_all_packs;
    c.forget = options.forget;
    c.names = names.data();
    c.n_names = names.size();
    auto result = detail::initialized<Result>();
    detail::error_out err;
    const sapdr_status status = run(&result, &c, static_cast<sapdr_error**>(err));
    observer.thrown().rethrow();
    err.check(status, result);
    return result;
  }

  std::shared_ptr<const void> log_; /* what it says may go there until the handle is gone */
  detail::handle<sapdr_repo, sapdr_repo_free> handle_;
};

}  // namespace sapdr
