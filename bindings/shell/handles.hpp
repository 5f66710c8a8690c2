// Owners of the handles of the C ABI.
#pragma once

#include <sapdr/sapdr.h>

#include <memory>

#include "failure.hpp"

namespace sapdr::shell {

template <auto Free>
struct Freed {
  template <class Handle>
  void operator()(Handle* handle) const noexcept {
    Free(handle);
  }
};

using Context = std::unique_ptr<sapdr_ctx, Freed<sapdr_ctx_free>>;
using Backend = std::unique_ptr<sapdr_backend, Freed<sapdr_backend_free>>;
using Repository = std::unique_ptr<sapdr_repo, Freed<sapdr_repo_free>>;
using Cancel = std::unique_ptr<sapdr_cancel, Freed<sapdr_cancel_free>>;
using Buffer = std::unique_ptr<sapdr_buffer, Freed<sapdr_buffer_free>>;
using Snapshot = std::unique_ptr<sapdr_snapshot, Freed<sapdr_snapshot_free>>;
using SnapshotList = std::unique_ptr<sapdr_snapshot_list, Freed<sapdr_snapshot_list_free>>;
using KeyList = std::unique_ptr<sapdr_key_list, Freed<sapdr_key_list_free>>;
using CacheList = std::unique_ptr<sapdr_cache_list, Freed<sapdr_cache_list_free>>;
using Walk = std::unique_ptr<sapdr_walk, Freed<sapdr_walk_free>>;
using File = std::unique_ptr<sapdr_file, Freed<sapdr_file_free>>;
using ForgetPlan = std::unique_ptr<sapdr_forget_plan, Freed<sapdr_forget_plan_free>>;
using PrunePlan = std::unique_ptr<sapdr_prune_plan, Freed<sapdr_prune_plan_free>>;
using RestorePlan = std::unique_ptr<sapdr_restore_plan, Freed<sapdr_restore_plan_free>>;

// Makes the owner of what `call(&handle, &error)` creates, or throws the Failure.
template <class Owner, class Call>
Owner make(Call&& call) {
  typename Owner::pointer handle = nullptr;
  require([&](sapdr_error** error) { return call(&handle, error); });
  return Owner(handle);
}

}  // namespace sapdr::shell
