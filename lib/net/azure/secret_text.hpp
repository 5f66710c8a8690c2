// Secrets on their way: in forms and files. And what others say, made fit for messages.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace sapdr::core {

inline void append(SecretBytes& out, std::string_view text) {
  const ByteView bytes = as_bytes(text);
  out.insert(out.end(), bytes.begin(), bytes.end());
}

// Adds "name=value" to a body of application/x-www-form-urlencoded.
void append_field(SecretBytes& form, std::string_view name, std::string_view value);

// All of a small file, opened and read anew. Throws Code::invalid_argument if it is larger than
// `limit`, and what opening and reading it throws; `what` names it: "the federated token file".
SecretBytes read_secret_file(const std::string& path, size_t limit, std::string_view what);

// Base64 of RFC 4648, section 5, without padding.
std::string base64url(ByteView bytes);

// What somebody else says, for a message: one line of at most `limit` bytes, without any of
// `secrets`, and without anything that looks like a token.
std::string quoted(std::string_view text, size_t limit,
                   std::initializer_list<std::string_view> secrets = {});

}  // namespace sapdr::core
