// Failures of OpenSSL.
#pragma once

#include <openssl/err.h>

#include <new>

#include "base/error.hpp"

namespace sapdr::core {

// Throws unless `succeeded`: what a call of OpenSSL returned. `what` is what it could not do. It
// says why it failed unless there is not even memory for that. What it said is taken from the
// thread's list, where nobody else would look for it.
inline void require_openssl(bool succeeded, const char* what) {
  if (succeeded) return;
  bool says_why = false;
  while (const unsigned long error = ERR_get_error()) {
    if (ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE) throw std::bad_alloc();
    says_why = true;
  }
  if (!says_why) throw std::bad_alloc();
  throw Error(Code::internal, std::string("OpenSSL could not ") + what);
}

// The same for calls in which nothing but memory can be missing.
inline void require_memory(bool succeeded) {
  if (succeeded) return;
  ERR_clear_error();
  throw std::bad_alloc();
}

}  // namespace sapdr::core
