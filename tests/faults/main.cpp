#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>
#include <execinfo.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <exception>

#include "faults.h"
#include "support/seed.hpp"

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
  sapdr::test::seed();
  return doctest::Context(argc, argv).run();
}
