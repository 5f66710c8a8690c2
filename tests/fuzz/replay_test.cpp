// Replays what the fuzzers found worth keeping, and some random damage of it.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "../support/seed.hpp"
#include "targets.hpp"

using namespace sapdr::test;
namespace fs = std::filesystem;

namespace {

// Of each input, so many are made.
constexpr int damaged_inputs = 50;

std::vector<std::string> inputs_of(const FuzzTarget& target) {
  std::vector<std::string> inputs;
  for (const auto& entry : fs::directory_iterator(fs::path(SAPDR_FUZZ_CORPUS) / target.name)) {
    std::ifstream file(entry.path(), std::ios::binary);
    inputs.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return inputs;
}

void run(const FuzzTarget& target, const std::string& input) {
  target.run({reinterpret_cast<const std::byte*>(input.data()), input.size()});
}

std::string damaged(std::string input, const std::vector<std::string>& all, std::mt19937& random) {
  const auto below = [&](size_t n) { return n == 0 ? 0 : random() % n; };
  for (size_t changes = 1 + below(4); changes > 0; --changes) {
    const size_t at = below(input.size());
    switch (random() % 5) {
      case 0:
        if (!input.empty()) input[at] = static_cast<char>(input[at] ^ (1 << random() % 8));
        break;
      case 1:
        input.insert(at, 1, static_cast<char>(random()));
        break;
      case 2:
        input.erase(at, below(16));
        break;
      case 3:
        input.resize(at);
        break;
      default: {
        const std::string& other = all[below(all.size())];
        input.insert(at, other.substr(below(other.size()), below(64)));
      }
    }
  }
  return input;
}

}  // namespace

TEST_CASE("corpus: every input, and what becomes of it by random damage") {
  std::mt19937 random(static_cast<std::mt19937::result_type>(seed()));
  for (const FuzzTarget& target : fuzz_targets()) {
    CAPTURE(target.name);
    const std::vector<std::string> inputs = inputs_of(target);
    CHECK(inputs.size() > 0);
    for (const std::string& input : inputs) {
      run(target, input);
      for (int i = 0; i < damaged_inputs; ++i) run(target, damaged(input, inputs, random));
    }
  }
}
