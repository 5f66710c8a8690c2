#include "base/context.hpp"

#include <openssl/rand.h>

#include <algorithm>
#include <thread>

#include "base/openssl.hpp"

namespace sapdr::core {

Context::Context(Settings settings) : settings_(std::move(settings)), pid_(getpid()) {
  if (settings_.threads == 0) settings_.threads = std::max(1U, std::thread::hardware_concurrency());
  settings_.threads = std::min(settings_.threads, 256U);
}

UnixNs Context::now() const {
  return settings_.clock ? settings_.clock() : now_ns();
}

void Context::random(ByteSpan out) const {
  if (settings_.random) return settings_.random(out);
  require_openssl(RAND_bytes(uc(out.data()), static_cast<int>(out.size())) == 1,
                  "get random bytes");
}

void Context::log(LogLevel level, const char* component, std::string_view message) const {
  if (!settings_.on_log || level > settings_.log_level) return;
  const std::lock_guard lock(log_mutex_);
  settings_.on_log(LogRecord{level, now(), component, message});
}

void Context::check_process() const {
  if (getpid() != pid_) {
    throw Error(Code::invalid_state,
                "this handle was made before fork(); open the repository in the child process");
  }
}

}  // namespace sapdr::core
