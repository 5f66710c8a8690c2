// From a URL to a connection on which its server listens: address, proxy, TLS.
#pragma once

#include "net/connection.hpp"
#include "net/proxy.hpp"
#include "net/tls.hpp"

namespace sapdr::core {

// `proxy` may be null. Throws Code::network (Retry::never for certificates, unknown hosts, and what
// a proxy refuses) and what Patience::wait does.
ConnectionPtr dial(const Url& url, const Proxy* proxy, const TlsContext& tls, Patience& patience);

// For a 407, which only a proxy answers.
Error proxy_refusal(const Proxy& proxy, unsigned status, const Patience& patience);

}  // namespace sapdr::core
