#include "storage/memory.hpp"

#include <doctest/doctest.h>

#include "backend_suite.hpp"

using namespace sapdr::core;

TEST_CASE("load_all refuses an object that is bigger than its limit") {
  const BackendPtr backend = open_memory();
  const FileName file{FileType::key, std::string(64, 'a')};
  backend->save(file, as_bytes("12345"));
  CHECK_THROWS_AS(backend->load_all(file, 4), Error);
  CHECK(backend->load_all(file, 5).size() == 5);
}

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
