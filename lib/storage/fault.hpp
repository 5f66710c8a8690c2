// Storage that fails on purpose, to test what is built on it.
#pragma once

#include "storage/backend.hpp"

namespace sapdr::core {

// Which calls are meant: bits.
enum FaultCall : uint32_t {
  call_create = 1,
  call_exists = 2,
  call_size = 4,
  call_load = 8,
  call_save = 16,
  call_list = 32,
  call_erase = 64,
  call_any = 127,
};

struct FaultOptions {
  uint32_t calls = call_any;  // the others are neither counted nor do they fail
  uint64_t fail_at = 0;       // the number of the first call that fails, from 1 on; 0: none
  uint64_t fail_count = 1;    // so many fail from there on
  double probability = 0;     // of each call, 0 to 1
  uint64_t seed = 0;          // decides which; 0: a new one, told to the log
  Code code = Code::network;
  Retry retry = Retry::maybe;
  bool lose_answer = false;  // the call is made, then it fails
};

// Which calls fail depends on the seed and on their number alone. Errors name both.
BackendPtr with_fault(const ContextPtr& context, BackendPtr inner, const FaultOptions& options);

}  // namespace sapdr::core
