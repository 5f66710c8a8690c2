#include "base/random.hpp"

#include <sys/random.h>

#include <cerrno>

#include "base/error.hpp"
#include "base/open_fd.hpp"

namespace sapdr::core {

void random_bytes(ByteSpan out) {
  while (!out.empty()) {
    const ssize_t n = retry_eintr([&] { return ::getrandom(out.data(), out.size(), 0); });
    if (n < 0) throw system_error(errno, "get", "random bytes");
    out = out.subspan(static_cast<size_t>(n));
  }
}

}  // namespace sapdr::core
