// JSON: read with Boost.JSON, written as Go's encoding/json writes it, because trees are named by
// the hash of their JSON.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/id.hpp"
#include "base/time.hpp"

namespace sapdr::core {

// Parses one JSON value. `what` names the object in the error: "index 0123abcd". Nesting is
// limited. Throws Code::corrupt.
boost::json::value parse_json(std::string_view text, std::string_view what);
// The same for text with secrets in it: the memory of the value is wiped when it is freed.
boost::json::value parse_secret_json(std::string_view text, std::string_view what);

// Typed access to the members of an object. A member that is missing or null gives the fallback;
// one of another type throws Code::corrupt and names `what`.
class JsonReader {
 public:
  JsonReader(const boost::json::value& value, std::string_view what);

  std::string_view text(std::string_view key, std::string_view fallback = {}) const;
  uint64_t number(std::string_view key, uint64_t fallback = 0) const;
  uint32_t number32(std::string_view key, uint32_t fallback = 0) const;
  bool boolean(std::string_view key, bool fallback = false) const;
  // nullptr if missing or null.
  const boost::json::array* array(std::string_view key) const;
  const boost::json::value* member(std::string_view key) const;
  // A point in time; 0 if missing.
  UnixNs time(std::string_view key) const;
  // Bytes; none if missing.
  SecretBytes base64(std::string_view key) const;
  // Throws if missing.
  Id id(std::string_view key) const;
  std::optional<Id> optional_id(std::string_view key) const;
  std::string_view required_text(std::string_view key) const;

  [[noreturn]] void fail(std::string_view key, std::string_view problem) const;

 private:
  const boost::json::object* object_;
  std::string_view what_;
};

// Typed access to an element of an array.
std::string_view json_text(const boost::json::value& value, std::string_view what);
Id json_id(const boost::json::value& value, std::string_view what);

// Appends `text` as a JSON string with its quotes, byte for byte as Go does with HTML escaping on:
// <, >, &, U+2028 and U+2029 escaped, every invalid UTF-8 byte as \ufffd.
void append_json_string(std::string& out, std::string_view text);

}  // namespace sapdr::core
