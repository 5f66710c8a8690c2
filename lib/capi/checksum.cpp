#include "operation/checksum.hpp"

#include <sapdr/checksum.h>

#include "capi/id.hpp"
#include "capi/patterns.hpp"
#include "capi/run.hpp"
#include "checksum/manifest.hpp"
#include "checksum/sha256.hpp"
#include "operation/verify_manifest.hpp"

namespace capi = sapdr::capi;
namespace core = sapdr::core;
using core::Code;
using core::Error;

struct sapdr_hasher {
  core::Sha256 hash;
};

namespace {

core::ByteView read_data(const void* data, size_t size) {
  if (size == 0) return {};
  capi::require(static_cast<const std::byte*>(data), "data");
  return {static_cast<const std::byte*>(data), size};
}

core::ChecksumOptions read_checksum(const sapdr_checksum_options& given) {
  capi::require_unused(given.reserved);
  return {.paths = capi::read_strings(given.paths, given.n_paths, "paths"),
          .excludes = capi::read_patterns(given.excludes, given.n_excludes, "excludes")};
}

core::ManifestOptions read_verify(const sapdr_manifest_verify_options& given) {
  capi::require_unused(given.reserved);
  return {.paths = capi::read_strings(given.paths, given.n_paths, "paths"),
          .excludes = capi::read_patterns(given.excludes, given.n_excludes, "excludes"),
          .ignore_missing = given.ignore_missing != 0,
          .strict = given.strict != 0};
}

sapdr_checksum_result to_c(const core::ChecksumResult& from, uint64_t elapsed_ns) {
  sapdr_checksum_result result{};
  result.files = from.files;
  result.bytes = from.bytes;
  result.skipped = from.skipped;
  result.failed = from.failed;
  result.elapsed_ns = elapsed_ns;
  return result;
}

sapdr_manifest_verify_result to_c(const core::ManifestResult& from, uint64_t elapsed_ns) {
  sapdr_manifest_verify_result result{};
  result.files = from.files;
  result.bytes = from.bytes;
  result.matching = from.matching;
  result.missing = from.missing;
  result.differing = from.differing;
  result.extra = from.extra;
  result.failed = from.failed;
  result.malformed = from.malformed;
  result.elapsed_ns = elapsed_ns;
  return result;
}

// Borrows from all its arguments.
sapdr_file_checksum to_c(const std::string& path, uint64_t size, const core::Id& id,
                         const std::string& line) {
  sapdr_file_checksum file{};
  file.struct_size = sizeof file;
  file.path = path.c_str();
  file.path_size = path.size();
  file.size = size;
  file.sha256 = capi::to_c(id);
  file.line = line.c_str();
  file.line_size = line.size();
  return file;
}

}  // namespace

sapdr_status sapdr_sha256(sapdr_id* out, const void* data, size_t size, sapdr_error** err) {
  return capi::guard(err, [&] {
    capi::require(out, "out") = {};
    *out = capi::to_c(core::sha256(read_data(data, size)));
  });
}

sapdr_status sapdr_hasher_new(sapdr_hasher** out, sapdr_error** err) {
  return capi::guard_new(out, err, [] { return std::make_unique<sapdr_hasher>(); });
}

sapdr_status sapdr_hasher_update(sapdr_hasher* hasher, const void* data, size_t size,
                                 sapdr_error** err) {
  return capi::guard(err,
                     [&] { capi::require(hasher, "hasher").hash.update(read_data(data, size)); });
}

sapdr_status sapdr_hasher_final(sapdr_id* out, sapdr_hasher* hasher, sapdr_error** err) {
  return capi::guard(err, [&] {
    capi::require(out, "out") = {};
    *out = capi::to_c(capi::require(hasher, "hasher").hash.finish());
  });
}

void sapdr_hasher_free(sapdr_hasher* hasher) {
  delete hasher;
}

sapdr_status sapdr_checksum_file(sapdr_id* out, const char* path, const sapdr_observer* observer,
                                 sapdr_cancel* cancel, sapdr_error** err) {
  return capi::guard(err, [&] {
    capi::require(out, "out") = {};
    const std::string file = &capi::require(path, "path");
    capi::RunProgress progress(observer, cancel);
    *out = capi::to_c(core::checksum_file(file, progress));
  });
}

sapdr_status sapdr_checksum_tree(sapdr_checksum_result* result, sapdr_ctx* ctx, const char* folder,
                                 int32_t (*on_file)(void* user, const sapdr_file_checksum* file),
                                 void* user, const sapdr_checksum_options* options,
                                 sapdr_error** err) {
  return capi::guard(err, [&] {
    const capi::Result<sapdr_checksum_result> told(result);
    const core::ContextPtr& context = capi::use(ctx);
    const std::string root = &capi::require(folder, "folder");
    capi::require(on_file, "on_file");
    const sapdr_checksum_options given = capi::read_options(options, "options");
    const core::ChecksumOptions read = read_checksum(given);
    capi::at_pace(*context, [&] {
      capi::RunProgress progress(given.observer, given.cancel);
      core::ChecksumResult done;
      const capi::AtEnd tell([&] { told.write(to_c(done, progress.elapsed_ns())); });
      const auto each = [&](const std::string& path, uint64_t size, const core::Id& id) {
        const std::string line = core::manifest_line(id, path);
        const sapdr_file_checksum file = to_c(path, size, id, line);
        if (on_file(user, &file) == 0) return;
        throw Error(Code::callback, "the callback \"on_file\" asked to stop");
      };
      core::checksum_tree(*context, root, read, each, done, progress);
    });
  });
}

sapdr_status sapdr_manifest_write(sapdr_checksum_result* result, sapdr_ctx* ctx, const char* folder,
                                  const char* manifest, const sapdr_checksum_options* options,
                                  sapdr_error** err) {
  return capi::guard(err, [&] {
    const capi::Result<sapdr_checksum_result> told(result);
    const core::ContextPtr& context = capi::use(ctx);
    const std::string root = &capi::require(folder, "folder");
    const std::string file = &capi::require(manifest, "manifest");
    const sapdr_checksum_options given = capi::read_options(options, "options");
    const core::ChecksumOptions read = read_checksum(given);
    capi::at_pace(*context, [&] {
      capi::RunProgress progress(given.observer, given.cancel);
      core::ChecksumResult done;
      const capi::AtEnd tell([&] { told.write(to_c(done, progress.elapsed_ns())); });
      core::write_manifest(*context, root, file, read, done, progress);
    });
  });
}

sapdr_status sapdr_manifest_verify(sapdr_manifest_verify_result* result, sapdr_ctx* ctx,
                                   const char* folder, const char* manifest,
                                   const sapdr_manifest_verify_options* options,
                                   sapdr_error** err) {
  return capi::guard(err, [&] {
    const capi::Result<sapdr_manifest_verify_result> told(result);
    const core::ContextPtr& context = capi::use(ctx);
    const std::string root = &capi::require(folder, "folder");
    const std::string file = &capi::require(manifest, "manifest");
    const sapdr_manifest_verify_options given = capi::read_options(options, "options");
    const core::ManifestOptions read = read_verify(given);
    capi::at_pace(*context, [&] {
      capi::RunProgress progress(given.observer, given.cancel);
      core::ManifestResult done;
      const capi::AtEnd tell([&] { told.write(to_c(done, progress.elapsed_ns())); });
      core::verify_manifest(*context, root, file, read, done, progress);
    });
  });
}
