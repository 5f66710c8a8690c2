// What the opaque handles of the ABI hold.
#pragma once

#include <sapdr/repository.h>
#include <sapdr/snapshot.h>

#include <string>
#include <vector>

#include "base/cancel.hpp"
#include "capi/guard.hpp"
#include "capi/id.hpp"
#include "repository/repository.hpp"
#include "repository/snapshots.hpp"
#include "repository/verified.hpp"

struct sapdr_ctx {
  sapdr::core::ContextPtr context;
};

struct sapdr_cancel {
  sapdr::core::Cancel flag;
};

struct sapdr_backend {
  sapdr::core::ContextPtr context;
  sapdr::core::BackendPtr backend;
  std::string location;
};

struct sapdr_repo {
  sapdr::core::RepositoryPtr repository;
  std::string location;
};

struct sapdr_buffer {
  sapdr::core::SecretBytes bytes;
};

// With the strings that the getters lend.
struct sapdr_snapshot {
  sapdr_snapshot(sapdr::core::Snapshot from, const sapdr::core::VerifiedTimes& verified);

  sapdr::core::Snapshot snapshot;
  std::string hex;
  std::string tree_hex;
  std::string parent_hex;  // empty: none
  sapdr::core::UnixNs verified_ns = 0;
};

struct sapdr_snapshot_list {
  std::vector<sapdr_snapshot> snapshots;
  std::vector<std::unique_ptr<const sapdr_error>> damaged;
};

namespace sapdr::capi {

// What a handle stands for. Throws Code::invalid_argument for NULL, Code::invalid_state in a
// process that was forked off after the handle was made.
inline const core::ContextPtr& use(const sapdr_ctx* ctx) {
  const core::ContextPtr& context = require(ctx, "ctx").context;
  context->check_process();
  return context;
}

inline const core::BackendPtr& use(const sapdr_backend* backend) {
  require(backend, "backend").context->check_process();
  return backend->backend;
}

inline const core::RepositoryPtr& use(const sapdr_repo* repo) {
  const core::RepositoryPtr& repository = require(repo, "repo").repository;
  repository->context().check_process();
  return repository;
}

inline std::unique_ptr<sapdr_backend> new_backend(core::ContextPtr context,
                                                  core::BackendPtr backend) {
  std::string location = backend->location();
  return std::make_unique<sapdr_backend>(
      sapdr_backend{std::move(context), std::move(backend), std::move(location)});
}

// Whether this process was forked off after the context was made. What holds a lock must not even
// be destroyed there: the thread that refreshes the lock is gone, and the lock is the parent's.
inline bool is_forked(const core::Context& context) noexcept {
  try {
    context.check_process();
    return false;
  } catch (const Error&) {
    return true;
  }
}

}  // namespace sapdr::capi
