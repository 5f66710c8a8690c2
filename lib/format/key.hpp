// Key files: the master key of a repository, sealed with a password.
#pragma once

#include <string>
#include <string_view>

#include "base/time.hpp"
#include "crypto/scrypt.hpp"

namespace sapdr::core {

struct KeyFile {
  std::string hostname;
  std::string username;
  UnixNs created = 0;
  ScryptCost cost;
  SecretBytes salt;
  SecretBytes data;  // the sealed master key
};

// Throws Code::corrupt, or Code::unsupported for a key derivation that is not scrypt.
KeyFile parse_key_file(std::string_view json, std::string_view what);
std::string key_file_json(const KeyFile& key);

// The plaintext of KeyFile::data: {"mac":{"k":…,"r":…},"encrypt":…}.
Key parse_master_key(ByteView json);
SecretBytes master_key_json(const Key& key);

}  // namespace sapdr::core
