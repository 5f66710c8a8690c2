// Connection strings of storage accounts, as the portal and the SDKs have them.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace sapdr::core {

struct ConnectionString {
  std::string account;        // empty if it does not say
  std::string blob_endpoint;  // a URL: of the account, not of a container
  SecretBytes account_key;    // base64
  SecretBytes sas;

  // Settings of other services and unknown ones are left out. Throws Code::invalid_argument without
  // showing any of it.
  static ConnectionString parse(std::string_view text);
};

}  // namespace sapdr::core
