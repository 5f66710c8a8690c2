#include <sapdr/repository.h>

#include "capi/run.hpp"
#include "operation/cat.hpp"

namespace capi = sapdr::capi;
namespace core = sapdr::core;
using core::Code;
using core::Error;

namespace {

constexpr size_t mib = 1024 * 1024;

core::InitSettings read_init(const sapdr_repo_init_options& given) {
  core::InitSettings settings;
  if (given.version != 0) settings.version = given.version;
  settings.password = capi::read_secret(given.password, given.password_size, "password");
  settings.cost = capi::read_cost(given.scrypt_n, given.scrypt_r, given.scrypt_p);
  settings.codec = capi::read_choice<core::BlobCodec>(given.codec, SAPDR_CODEC_TENSOR, "codec");
  if (given.copy_chunker_params != nullptr) {
    settings.polynomial = capi::use(given.copy_chunker_params)->config().polynomial;
  }
  return settings;
}

core::OpenSettings read_open(const sapdr_repo_open_options& given) {
  capi::require_unused(given.reserved);
  core::OpenSettings settings;
  settings.password = capi::read_secret(given.password, given.password_size, "password");
  if (given.key_hint != nullptr) settings.key_hint = given.key_hint;
  settings.compression = capi::read_choice<core::Compression>(
      given.compression, SAPDR_COMPRESSION_BETTER, "compression");
  if (given.pack_size_mib != 0) {
    capi::require_range(given.pack_size_mib, 4, 128, "pack_size_mib");
    settings.pack_size = given.pack_size_mib * mib;
  }
  settings.use_locks = given.no_lock == 0;
  settings.verify_blobs = given.no_verify_blobs == 0;
  settings.retry_lock_ns = capi::read_duration(given.retry_lock_ns, "retry_lock_ns");
  return settings;
}

std::unique_ptr<sapdr_repo> new_handle(core::RepositoryPtr repository) {
  std::string location = repository->backend().location();
  return std::make_unique<sapdr_repo>(sapdr_repo{std::move(repository), std::move(location)});
}

// Looking at locks takes none: it would tell itself, and has to work where locking does not.
class LockUnlessLocks {
 public:
  LockUnlessLocks(core::Repository& repository, std::string_view type, core::Progress& progress) {
    if (type != "lock") lock_.emplace(repository, core::LockMode::shared, progress);
  }

 private:
  std::optional<core::RepositoryLock> lock_;
};

}  // namespace

sapdr_status sapdr_repo_init(sapdr_repo** out, sapdr_ctx* ctx, sapdr_backend* backend,
                             const sapdr_repo_init_options* options, sapdr_error** err) {
  return capi::guard_new(out, err, [&] {
    const core::InitSettings settings = read_init(capi::read_options(options, "options"));
    return new_handle(core::Repository::init(capi::use(ctx), capi::use(backend), settings));
  });
}

sapdr_status sapdr_repo_open(sapdr_repo** out, sapdr_ctx* ctx, sapdr_backend* backend,
                             const sapdr_repo_open_options* options, sapdr_error** err) {
  return capi::guard_new(out, err, [&] {
    const core::OpenSettings settings = read_open(capi::read_options(options, "options"));
    return new_handle(core::Repository::open(capi::use(ctx), capi::use(backend), settings));
  });
}

const char* sapdr_repo_id(const sapdr_repo* repo) {
  return repo == nullptr ? "" : repo->repository->config().id.c_str();
}

uint32_t sapdr_repo_version(const sapdr_repo* repo) {
  return repo == nullptr ? 0 : repo->repository->config().version;
}

int32_t sapdr_repo_codec(const sapdr_repo* repo) {
  return repo == nullptr ? SAPDR_CODEC_ZSTD
                         : static_cast<int32_t>(repo->repository->config().codec);
}

const char* sapdr_repo_location(const sapdr_repo* repo) {
  return repo == nullptr ? "" : repo->location.c_str();
}

void sapdr_repo_free(sapdr_repo* repo) {
  delete repo;
}

sapdr_status sapdr_repo_unlock(sapdr_repo* repo, int32_t all, uint64_t* removed,
                               sapdr_error** err) {
  return capi::guard(err, [&] {
    if (removed != nullptr) *removed = 0;
    const uint64_t n = core::remove_locks(*capi::use(repo), all != 0);
    if (removed != nullptr) *removed = n;
  });
}

const void* sapdr_buffer_data(const sapdr_buffer* buffer) {
  return buffer == nullptr ? nullptr : buffer->bytes.data();
}

size_t sapdr_buffer_size(const sapdr_buffer* buffer) {
  return buffer == nullptr ? 0 : buffer->bytes.size();
}

void sapdr_buffer_free(sapdr_buffer* buffer) {
  delete buffer;
}

sapdr_status sapdr_repo_cat(sapdr_buffer** out, sapdr_repo* repo, const char* type, const char* id,
                            sapdr_error** err) {
  return capi::guard_new(out, err, [&] {
    core::Repository& repository = *capi::use(repo);
    const std::string_view wanted = &capi::require(type, "type");
    capi::RunProgress progress;
    const LockUnlessLocks lock(repository, wanted, progress);
    return std::make_unique<sapdr_buffer>(
        sapdr_buffer{core::cat(repository, wanted, id == nullptr ? "" : id, progress)});
  });
}

sapdr_status sapdr_repo_list(sapdr_repo* repo, const char* type,
                             int32_t (*each)(void* user, const char* id, uint64_t size), void* user,
                             sapdr_error** err) {
  return capi::guard(err, [&] {
    core::Repository& repository = *capi::use(repo);
    const std::string_view wanted = &capi::require(type, "type");
    capi::require(each, "each");
    capi::RunProgress progress;
    const LockUnlessLocks lock(repository, wanted, progress);
    const auto tell = [&](std::string_view id, uint64_t size) {
      if (each(user, std::string(id).c_str(), size) != 0) {
        throw Error(Code::callback, "the callback \"each\" asked to stop the listing");
      }
    };
    core::list_objects(repository, wanted, tell, progress);
  });
}
