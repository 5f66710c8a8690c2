#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>
#include <execinfo.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <random>

#include "faults.h"
#include "seed.hpp"

namespace sapdr::test {

uint64_t seed() {
  static const uint64_t chosen = [] {
    const char* const given = std::getenv("SAPDR_TEST_SEED");
    return given == nullptr ? std::random_device{}() : std::strtoull(given, nullptr, 10);
  }();
  return chosen;
}

}  // namespace sapdr::test

namespace {

// Where it was. doctest tells which test, for which it needs memory.
void end_of_terminate() {
  fault_disarm();
  std::array<void*, 64> trace;
  backtrace_symbols_fd(trace.data(), backtrace(trace.data(), trace.size()), STDERR_FILENO);
  std::abort();
}

void end_of_alarm(int) {
  fault_disarm();
  std::fputs("it hangs\n", stderr);
  std::abort();
}

}  // namespace

int main(int argc, char** argv) {
  std::set_terminate(end_of_terminate);
  signal(SIGALRM, end_of_alarm);
  std::printf("seed %llu (SAPDR_TEST_SEED repeats it)\n",
              static_cast<unsigned long long>(sapdr::test::seed()));
  return doctest::Context(argc, argv).run();
}
