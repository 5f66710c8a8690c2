#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cstdlib>

#include "support.hpp"

int main(int argc, char** argv) {
  setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);  // expected texts hold local times
  sapdr::test::seed();
  return doctest::Context(argc, argv).run();
}
