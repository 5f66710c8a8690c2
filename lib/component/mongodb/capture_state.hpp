// What the files of one capture share while they are read on their threads.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>

#include "base/token_bucket.hpp"
#include "component/mongodb/deployment.hpp"

namespace sapdr::core::mongodb {

// Any thread.
class CaptureState {
 public:
  // `bytes_per_second`: of all readers together; 0: no limit.
  CaptureState(DeploymentPtr deployment, int64_t batch_documents, uint64_t bytes_per_second);

  // A file on its way: there is one for each, from when it is pushed until it was read or dropped.
  class Part {
   public:
    explicit Part(std::shared_ptr<CaptureState> state);
    ~Part();
    Part(const Part&) = delete;
    Part& operator=(const Part&) = delete;

   private:
    const std::shared_ptr<CaptureState> state_;
  };

  Deployment& deployment() const { return *deployment_; }
  int64_t batch_documents() const { return batch_documents_; }

  // What a reader read: waits as long as the limit asks for, and remembers of what time it was.
  void note(size_t bytes, OplogTime seen);
  // The latest of these times.
  OplogTime seen() const;

  // Waits until no more than so many parts are left. Throws Code::cancelled.
  void wait_for_parts(size_t left);
  // Ends what waits, since the capture failed elsewhere.
  void stop() noexcept;
  // For whoever waits for the server: throws Code::cancelled if that makes no sense any more.
  void check() const;

 private:
  const DeploymentPtr deployment_;
  const int64_t batch_documents_;
  std::unique_ptr<TokenBucket> limit_;
  mutable std::mutex mutex_;
  std::condition_variable part_is_gone_;
  size_t parts_ = 0;
  bool is_stopped_ = false;
  OplogTime seen_;
};

using CaptureStatePtr = std::shared_ptr<CaptureState>;

}  // namespace sapdr::core::mongodb
