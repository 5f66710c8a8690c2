// The targets for libFuzzer: SAPDR_FUZZ_TARGET names the one to run.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "targets.hpp"

using namespace sapdr::test;

namespace {

const FuzzTarget& chosen_target() {
  const char* name = std::getenv("SAPDR_FUZZ_TARGET");
  for (const FuzzTarget& target : fuzz_targets()) {
    if (name != nullptr && std::strcmp(target.name, name) == 0) return target;
  }
  std::fprintf(stderr, "SAPDR_FUZZ_TARGET must be one of:");
  for (const FuzzTarget& target : fuzz_targets()) std::fprintf(stderr, " %s", target.name);
  std::fprintf(stderr, "\n");
  std::exit(2);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, size_t size) {
  static const FuzzTarget& target = chosen_target();
  target.run({reinterpret_cast<const std::byte*>(data), size});
  return 0;
}
