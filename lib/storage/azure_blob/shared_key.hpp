// Requests signed with the key of a storage account (Shared Key, for versions since 2015-02-21).
#pragma once

#include <string>

#include "net/http.hpp"

namespace sapdr::core {

// What is signed: method, headers and resource in their canonical form.
std::string string_to_sign(const HttpRequest& request, const std::string& account);

// The header Authorization. `key`: the account's, decoded.
std::string shared_key_authorization(const HttpRequest& request, const std::string& account,
                                     ByteView key);

}  // namespace sapdr::core
