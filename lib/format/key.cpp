#include "format/key.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <boost/json/memory_resource.hpp>
#include <boost/json/parser.hpp>
#include <new>

#include "base/json.hpp"
#include "base/json_writer.hpp"

namespace sapdr::core {

namespace {

constexpr std::string_view master_key = "the master key";

// Wipes what it gives back: the JSON of the master key must not stay in memory. The alignment is
// left to `operator new`, whose suffices for all that JSON stores: Boost 1.81 does not name the
// same one when it gives back the key of a member as when it asked for it.
class WipingResource final : public boost::json::memory_resource {
  void* do_allocate(size_t size, size_t) override { return ::operator new(size); }
  void do_deallocate(void* at, size_t size, size_t) override {
    OPENSSL_cleanse(at, size);
    ::operator delete(at);
  }
  bool do_is_equal(const boost::json::memory_resource& other) const noexcept override {
    return this == &other;
  }
};

boost::json::value parse_secret(std::string_view text, WipingResource& resource) {
  SecretBytes scratch(1024);
  boost::json::parser parser(&resource, {}, uc(scratch.data()), scratch.size());
  parser.reset(&resource);
  boost::json::error_code error;
  parser.write(text.data(), text.size(), error);
  if (error) throw Error(Code::corrupt, std::string(master_key) + " is not valid JSON");
  return parser.release();
}

// A part of zeros is no key: whoever wrote it had lost the real one.
void read_part(const JsonReader& json, std::string_view name, ByteSpan out) {
  const SecretBytes part = json.base64(name);
  const bool is_zero = std::ranges::all_of(part, [](std::byte b) { return b == std::byte{0}; });
  if (part.size() != out.size() || is_zero) json.fail(name, "is not a key");
  std::ranges::copy(part, out.begin());
}

void append(SecretBytes& out, std::string_view text) {
  const ByteView bytes = as_bytes(text);
  out.insert(out.end(), bytes.begin(), bytes.end());
}

void append_part(SecretBytes& out, ByteView part) {
  std::string text = to_base64(part);
  append(out, text);
  OPENSSL_cleanse(text.data(), text.size());
}

}  // namespace

KeyFile parse_key_file(std::string_view text, std::string_view what) {
  const auto value = parse_json(text, what);
  const JsonReader json(value, what);
  if (json.required_text("kdf") != "scrypt") {
    throw Error(Code::unsupported,
                std::string(what).append(" derives its key in another way than by scrypt"));
  }
  KeyFile key;
  key.created = json.time("created");
  key.username = json.text("username");
  key.hostname = json.text("hostname");
  key.cost.n = json.number32("N");
  key.cost.r = json.number32("r");
  key.cost.p = json.number32("p");
  key.salt = json.base64("salt");
  key.data = json.base64("data");
  return key;
}

std::string key_file_json(const KeyFile& key) {
  std::string out;
  JsonWriter json(out);
  json.time("created", key.created);
  json.text("username", key.username);
  json.text("hostname", key.hostname);
  json.text("kdf", "scrypt");
  json.number("N", key.cost.n);
  json.number("r", key.cost.r);
  json.number("p", key.cost.p);
  json.base64("salt", key.salt);
  json.base64("data", key.data);
  json.end();
  return out;
}

Key parse_master_key(ByteView text) {
  WipingResource resource;
  const boost::json::value value = parse_secret(as_text(text), resource);
  const JsonReader json(value, master_key);
  const boost::json::value* mac = json.member("mac");
  if (mac == nullptr) json.fail("mac", "is missing");
  const JsonReader mac_json(*mac, master_key);
  Key key;
  read_part(mac_json, "k", key.mac_k);
  read_part(mac_json, "r", key.mac_r);
  read_part(json, "encrypt", key.encrypt);
  return key;
}

SecretBytes master_key_json(const Key& key) {
  SecretBytes out;
  append(out, R"({"mac":{"k":")");
  append_part(out, key.mac_k);
  append(out, R"(","r":")");
  append_part(out, key.mac_r);
  append(out, R"("},"encrypt":")");
  append_part(out, key.encrypt);
  append(out, R"("})");
  return out;
}

}  // namespace sapdr::core
