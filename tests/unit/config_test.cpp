#include "format/config.hpp"

#include "support.hpp"

using namespace sapdr::test;

namespace {

// From a repository that restic 0.14 wrote.
const std::string restic_config =
    R"({"version":2,"id":"26fe61e2b301a0be1f38bbfe6c7b882de401ec6872bba5e170fd992ce244eb37",)"
    R"("chunker_polynomial":"2f88a4ea20f637"})";

std::string replaced(std::string_view what, std::string_view by) {
  std::string text = restic_config;
  return text.replace(text.find(what), what.size(), by);
}

Code code_of_parse(std::string_view text) {
  return code_of([&] { parse_config(text); });
}

}  // namespace

TEST_CASE("config: what restic wrote is read and written again byte for byte") {
  const Config config = parse_config(restic_config);
  CHECK(config.version == 2);
  CHECK(config.id == "26fe61e2b301a0be1f38bbfe6c7b882de401ec6872bba5e170fd992ce244eb37");
  CHECK(config.polynomial == 0x2f88a4ea20f637);
  CHECK(config_json(config) == restic_config);
}

TEST_CASE("config: other versions are unsupported, not damaged") {
  CHECK(parse_config(replaced(":2,", ":1,")).version == 1);
  for (const char* version : {":0,", ":3,", ":4294967295,", ":null,"}) {
    CHECK(code_of_parse(replaced(":2,", version)) == Code::unsupported);
  }
  CHECK(code_of_parse(replaced(":2,", ":-2,")) == Code::corrupt);
  CHECK(code_of_parse(replaced(":2,", ":\"2\",")) == Code::corrupt);
}

TEST_CASE("config: rejects what is no polynomial of degree 53") {
  for (const char* polynomial :
       {"", "0", "1", "2f88a4ea20f636", "7", "0x2f88a4ea20f637", "2f88a4ea20f637 ", "-1", "+1",
        "12f88a4ea20f637", "ffffffffffffffff", "10000000000000000", "zz", "2f88a4ea20f637g"}) {
    CAPTURE(polynomial);
    CHECK(code_of_parse(replaced("2f88a4ea20f637", polynomial)) == Code::corrupt);
  }
}

TEST_CASE("config: survives damage") {
  survive_damage(restic_config, [](const std::string& text) { parse_config(text); });
}
