// A JSON object, written field by field in the order of the calls.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sapdr::shell {

// The result is valid JSON and valid UTF-8 whatever bytes go in. Keys are literals of this program
// and are not escaped.
class JsonObject {
 public:
  // Bytes that are not UTF-8 become U+FFFD.
  JsonObject& text(std::string_view key, std::string_view value);
  // As text; if the value is not UTF-8, `key`_base64 follows with the exact bytes.
  JsonObject& bytes(std::string_view key, std::string_view value);
  JsonObject& texts(std::string_view key, const std::vector<std::string>& values);
  JsonObject& flag(std::string_view key, bool value);
  JsonObject& seconds(std::string_view key, std::uint64_t nanoseconds);
  template <std::integral Number>
  JsonObject& number(std::string_view key, Number value) {
    return raw(key, std::to_string(value));
  }
  // One field after the other of `others`.
  JsonObject& append(const JsonObject& others);
  JsonObject& object(std::string_view key, const JsonObject& value);

  std::string str() const { return "{" + fields_ + "}"; }

 private:
  JsonObject& raw(std::string_view key, std::string_view value);

  std::string fields_;
};

std::string base64(std::string_view bytes);

}  // namespace sapdr::shell
