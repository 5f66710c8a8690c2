// What random input is made from.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>

namespace sapdr::test {

// A new one for each run, never 0; printed when it is first asked for. SAPDR_TEST_SEED repeats one.
inline uint64_t seed() {
  static const uint64_t chosen = [] {
    const char* const given = std::getenv("SAPDR_TEST_SEED");
    const uint64_t value =
        given != nullptr ? std::strtoull(given, nullptr, 0) : std::random_device{}() + 1ULL;
    std::printf("seed %llu (SAPDR_TEST_SEED repeats it)\n", static_cast<unsigned long long>(value));
    std::fflush(stdout);  // before anything ends the process
    return value;
  }();
  return chosen;
}

}  // namespace sapdr::test
