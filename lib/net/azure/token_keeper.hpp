// Keeps the tokens that an issuer gives, and renews them in time.
#pragma once

#include "base/context.hpp"
#include "net/azure/issuer.hpp"

namespace sapdr::core {

// A credential with one token for each scope. A renewal is the work of one thread: others go on
// with the old token while it is good, and wait otherwise; if it fails they get its error, and the
// next call tries anew. While the old token is good, a failed renewal is logged and tried again
// half a minute later. Tokens that were refused are known by their hash.
TokenCredentialPtr keep_tokens(ContextPtr context, TokenIssuerPtr issuer);

}  // namespace sapdr::core
