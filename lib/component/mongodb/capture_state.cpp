#include "component/mongodb/capture_state.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/cancel.hpp"

namespace sapdr::core::mongodb {

namespace {

// How long a cancelled capture may take to notice it.
constexpr std::chrono::milliseconds look_around(100);

Error cancelled() {
  return Error(Code::cancelled, "the capture of MongoDB was cancelled");
}

}  // namespace

CaptureState::CaptureState(DeploymentPtr deployment, int64_t batch_documents,
                           uint64_t bytes_per_second)
    : deployment_(std::move(deployment)), batch_documents_(batch_documents) {
  if (bytes_per_second != 0) limit_ = std::make_unique<TokenBucket>(bytes_per_second);
}

CaptureState::Part::Part(std::shared_ptr<CaptureState> state) : state_(std::move(state)) {
  const std::lock_guard lock(state_->mutex_);
  ++state_->parts_;
}

CaptureState::Part::~Part() {
  const std::lock_guard lock(state_->mutex_);
  --state_->parts_;
  state_->part_is_gone_.notify_all();
}

void CaptureState::note(size_t bytes, OplogTime seen) {
  if (limit_ && !limit_->take(bytes)) throw cancelled();
  const std::lock_guard lock(mutex_);
  seen_ = std::max(seen_, seen);
}

OplogTime CaptureState::seen() const {
  const std::lock_guard lock(mutex_);
  return seen_;
}

void CaptureState::wait_for_parts(size_t left) {
  std::unique_lock lock(mutex_);
  while (parts_ > left) {
    part_is_gone_.wait_for(lock, look_around);
    const Cancel* const cancel = CancelScope::current();
    if (cancel != nullptr && cancel->is_triggered()) throw cancelled();
  }
}

void CaptureState::stop() noexcept {
  const std::lock_guard lock(mutex_);
  is_stopped_ = true;
}

void CaptureState::check() const {
  const Cancel* const cancel = CancelScope::current();
  const std::lock_guard lock(mutex_);
  if (is_stopped_ || (cancel != nullptr && cancel->is_triggered())) throw cancelled();
}

}  // namespace sapdr::core::mongodb
