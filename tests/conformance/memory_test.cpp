#include "storage/memory.hpp"

#include <doctest/doctest.h>

#include "backend_suite.hpp"

using namespace sapdr::core;

TEST_CASE("memory") {
  BackendPtr last;
  sapdr::test::test_backend([&](bool same) {
    if (!same) {
      last = open_memory();
      last->create();
    }
    return last;
  });
}
