// What an application with a certificate signs to prove itself: a JSON Web Token of RFC 7523.
#pragma once

#include <string>
#include <string_view>

#include "base/time.hpp"
#include "net/azure/certificate_file.hpp"

namespace sapdr::core {

struct AssertionClaims {
  std::string audience;  // the token endpoint
  std::string client_id;
  std::string id;  // never the same again
  UnixNs now = 0;  // it is good for ten minutes
};

// Signed as Entra ID's documentation has it and MSAL does: PS256, the certificate named by
// x5t#S256, its chain added as x5c if that is asked for (applications that trust a subject and an
// issuer).
SecretBytes client_assertion(const SigningCertificate& certificate, const AssertionClaims& claims,
                             bool with_chain);

}  // namespace sapdr::core
