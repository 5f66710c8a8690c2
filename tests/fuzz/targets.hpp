// What is fuzzed: every parser of input from outside, and what has to hold of it.
#pragma once

#include <span>

#include "base/bytes.hpp"

namespace sapdr::test {

struct FuzzTarget {
  const char* name;  // of its folder in corpus/, too
  // Ends the process, loudly, if something does not hold. Any thread.
  void (*run)(core::ByteView input);
};

std::span<const FuzzTarget> fuzz_targets();

}  // namespace sapdr::test
