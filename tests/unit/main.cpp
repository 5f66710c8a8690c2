#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>

#include "support.hpp"

int main(int argc, char** argv) {
  setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);  // expected texts hold local times
  std::printf("seed %llu (SAPDR_TEST_SEED repeats it)\n",
              static_cast<unsigned long long>(sapdr::test::seed()));
  return doctest::Context(argc, argv).run();
}
