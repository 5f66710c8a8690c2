#include "base/context.hpp"

#include <algorithm>
#include <exception>
#include <thread>

#include "base/random.hpp"
#include "base/thread.hpp"

namespace sapdr::core {

Context::Context(Settings settings) : settings_(std::move(settings)), pid_(getpid()) {
  if (settings_.threads == 0) settings_.threads = std::max(1U, std::thread::hardware_concurrency());
  settings_.threads = std::min(settings_.threads, 256U);
  if (settings_.pace.is_given()) pace_ = std::make_unique<Pace>(settings_.pace);
}

UnixNs Context::now() const {
  return settings_.clock ? settings_.clock() : now_ns();
}

void Context::random(ByteSpan out) const {
  if (settings_.random) return settings_.random(out);
  random_bytes(out);
}

void Context::log(LogLevel level, const char* component, std::string_view message) const {
  if (!settings_.on_log || level > settings_.log_level) return;
  const std::lock_guard lock(log_mutex_);
  settings_.on_log(LogRecord{level, now(), component, message});
}

void Context::at_pace(const std::function<void()>& work) const {
  // A thread that keeps the pace already is one of ours.
  if (!pace_ || PaceScope::current() == pace_.get()) return work();
  std::exception_ptr failure;
  start_thread([&] {
    try {
      work_apart(work);
    } catch (...) {
      failure = std::current_exception();
    }
  }).join();
  if (failure) std::rethrow_exception(failure);
}

void Context::work_apart(const std::function<void()>& work) const {
  // Better a backup that is less gentle than none.
  if (const std::string refused = pace_->step_back(); !refused.empty()) {
    log(LogLevel::warning, "context", refused);
  }
  const PaceScope scope(pace_.get());
  work();
}

void Context::check_process() const {
  if (getpid() != pid_) {
    throw Error(Code::invalid_state,
                "this handle was made before fork(); open the repository in the child process");
  }
}

}  // namespace sapdr::core
