#include "format/config.hpp"

#include "base/json.hpp"
#include "base/json_writer.hpp"
#include "base/number.hpp"

namespace sapdr::core {

namespace {

constexpr std::string_view what = "the config of the repository";

Polynomial parse_polynomial(const JsonReader& json) {
  constexpr std::string_view key = "chunker_polynomial";
  const std::string_view text = json.required_text(key);
  const auto polynomial = parse_number<Polynomial>(text, 16);
  if (!polynomial || degree(*polynomial) != 53 || !is_irreducible(*polynomial)) {
    json.fail(key, "is not an irreducible polynomial of degree 53");
  }
  return *polynomial;
}

}  // namespace

Config parse_config(std::string_view text) {
  const auto value = parse_json(text, what);
  const JsonReader json(value, what);
  Config config;
  config.version = json.number32("version");
  if (config.version == tensor_version) {
    config.version = 2;
    config.codec = BlobCodec::tensor;
  }
  if (config.version != 1 && config.version != 2) {
    throw Error(Code::unsupported, "the repository has version " + std::to_string(config.version) +
                                       "; this library knows versions 1 and 2");
  }
  config.id = json.id("id").hex();
  config.polynomial = parse_polynomial(json);
  return config;
}

std::string config_json(const Config& config) {
  char polynomial[16];
  const auto end =
      std::to_chars(polynomial, polynomial + sizeof polynomial, config.polynomial, 16).ptr;
  std::string out;
  JsonWriter json(out);
  json.number("version", config.codec == BlobCodec::tensor ? tensor_version : config.version);
  json.text("id", config.id);
  json.text("chunker_polynomial", std::string_view(polynomial, end));
  json.end();
  return out;
}

}  // namespace sapdr::core
