#include "base/json.hpp"

#include <openssl/crypto.h>

#include <boost/json/memory_resource.hpp>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/parser.hpp>
#include <limits>
#include <new>

#include "base/utf8.hpp"

namespace sapdr::core {

namespace json = boost::json;

namespace {

// What Boost limits the nesting to; restic's objects need five levels.
constexpr size_t max_depth = 32;

// True for what stands in a JSON string as it is.
constexpr bool is_plain(char c) {
  return c >= 0x20 && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&';
}

void append_escaped_ascii(std::string& out, char c) {
  switch (c) {
    case '"':
    case '\\':
      out.push_back('\\');
      out.push_back(c);
      return;
    case '\b':
      out.append("\\b");
      return;
    case '\f':
      out.append("\\f");
      return;
    case '\n':
      out.append("\\n");
      return;
    case '\r':
      out.append("\\r");
      return;
    case '\t':
      out.append("\\t");
      return;
    default: {
      constexpr char digits[] = "0123456789abcdef";
      out.append("\\u00");
      out.push_back(digits[c >> 4]);
      out.push_back(digits[c & 15]);
    }
  }
}

// Appends one rune that is not ASCII and returns its size.
size_t append_multibyte(std::string& out, std::string_view text) {
  const Rune rune = decode_rune(text);
  if (rune.is_invalid()) {
    out.append("\\ufffd");
  } else if (rune.value == 0x2028) {
    out.append("\\u2028");
  } else if (rune.value == 0x2029) {
    out.append("\\u2029");
  } else {
    out.append(text.substr(0, rune.size));
  }
  return rune.size;
}

// Takes every alignment as the greatest that Boost asks for: it gives the name of a member back
// with another one than it asked for.
class WipingResource final : public json::memory_resource {
  void* do_allocate(size_t size, size_t) override { return ::operator new(size); }
  void do_deallocate(void* at, size_t size, size_t) override {
    OPENSSL_cleanse(at, size);
    ::operator delete(at);
  }
  bool do_is_equal(const json::memory_resource& other) const noexcept override {
    return this == &other;
  }
};

[[noreturn]] void fail_value(std::string_view what, std::string_view problem) {
  throw Error(Code::corrupt, std::string(what).append(" ").append(problem));
}

}  // namespace

json::value parse_json(std::string_view text, std::string_view what) {
  json::parse_options options;
  options.max_depth = max_depth;
  json::error_code error;
  // One pool for all of the value: it is built once, read and dropped as a whole.
  json::value value =
      json::parse(text, error, json::make_shared_resource<json::monotonic_resource>(), options);
  if (error) fail_value(what, "is not valid JSON: " + error.message());
  return value;
}

json::value parse_secret_json(std::string_view text, std::string_view what) {
  json::parse_options options;
  options.max_depth = max_depth;
  const json::storage_ptr memory = json::make_shared_resource<WipingResource>();
  json::parser parser(memory, options);
  parser.reset(memory);
  json::error_code error;
  parser.write(text, error);
  if (error) fail_value(what, "is not valid JSON: " + error.message());
  return parser.release();
}

JsonReader::JsonReader(const json::value& value, std::string_view what)
    : object_(value.if_object()), what_(what) {
  if (object_ == nullptr) fail_value(what, "is not a JSON object where it must be one");
}

void JsonReader::fail(std::string_view key, std::string_view problem) const {
  fail_value(what_, std::string("is damaged: \"").append(key).append("\" ").append(problem));
}

const json::value* JsonReader::member(std::string_view key) const {
  const json::value* value = object_->if_contains(key);
  return value == nullptr || value->is_null() ? nullptr : value;
}

std::string_view JsonReader::text(std::string_view key, std::string_view fallback) const {
  const json::value* value = member(key);
  if (value == nullptr) return fallback;
  const json::string* text = value->if_string();
  if (text == nullptr) fail(key, "is not a string");
  return {text->data(), text->size()};
}

uint64_t JsonReader::number(std::string_view key, uint64_t fallback) const {
  const json::value* value = member(key);
  if (value == nullptr) return fallback;
  if (const uint64_t* n = value->if_uint64()) return *n;
  const int64_t* n = value->if_int64();
  if (n == nullptr || *n < 0) fail(key, "is not a whole number of at most 64 bits");
  return static_cast<uint64_t>(*n);
}

uint32_t JsonReader::number32(std::string_view key, uint32_t fallback) const {
  const uint64_t n = number(key, fallback);
  if (n > std::numeric_limits<uint32_t>::max()) fail(key, "is larger than 32 bits");
  return static_cast<uint32_t>(n);
}

bool JsonReader::boolean(std::string_view key, bool fallback) const {
  const json::value* value = member(key);
  if (value == nullptr) return fallback;
  const bool* b = value->if_bool();
  if (b == nullptr) fail(key, "is neither true nor false");
  return *b;
}

const json::array* JsonReader::array(std::string_view key) const {
  const json::value* value = member(key);
  if (value == nullptr) return nullptr;
  const json::array* array = value->if_array();
  if (array == nullptr) fail(key, "is not an array");
  return array;
}

UnixNs JsonReader::time(std::string_view key) const {
  if (member(key) == nullptr) return 0;
  const std::string_view value = text(key);
  try {
    return parse_time(value);
  } catch (const Error&) {
    fail(key, "is not a time of RFC 3339");
  }
}

SecretBytes JsonReader::base64(std::string_view key) const {
  const std::string_view value = text(key);
  try {
    return from_base64(value);
  } catch (const Error&) {
    fail(key, "is not base64");
  }
}

Id JsonReader::id(std::string_view key) const {
  const std::optional<Id> id = optional_id(key);
  if (!id) fail(key, "is missing");
  return *id;
}

std::optional<Id> JsonReader::optional_id(std::string_view key) const {
  if (member(key) == nullptr) return std::nullopt;
  const std::optional<Id> id = Id::parse(text(key));
  if (!id) fail(key, "is not an id of 64 hexadecimal digits");
  return id;
}

std::string_view JsonReader::required_text(std::string_view key) const {
  if (member(key) == nullptr) fail(key, "is missing");
  return text(key);
}

std::string_view json_text(const json::value& value, std::string_view what) {
  const json::string* text = value.if_string();
  if (text == nullptr) fail_value(what, "is damaged: an element of a list is not a string");
  return {text->data(), text->size()};
}

Id json_id(const json::value& value, std::string_view what) {
  const std::optional<Id> id = Id::parse(json_text(value, what));
  if (!id) fail_value(what, "is damaged: an id does not have 64 hexadecimal digits");
  return *id;
}

void append_json_string(std::string& out, std::string_view text) {
  out.push_back('"');
  while (!text.empty()) {
    size_t run = 0;
    while (run < text.size() && is_plain(text[run])) ++run;
    out.append(text.substr(0, run));
    text.remove_prefix(run);
    if (text.empty()) break;
    if (static_cast<signed char>(text.front()) < 0) {
      text.remove_prefix(append_multibyte(out, text));
    } else {
      append_escaped_ascii(out, text.front());
      text.remove_prefix(1);
    }
  }
  out.push_back('"');
}

}  // namespace sapdr::core
