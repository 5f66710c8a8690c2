// The head of a request as it is sent.
#pragma once

#include "net/http.hpp"
#include "net/proxy.hpp"

namespace sapdr::core {

// With the headers that HttpRequest lacks; `proxy` if the request goes to one that passes it on.
// Throws Code::invalid_argument for what would be sent as something else than it says: a line feed
// in a header, a space in a path, a header that is added here. It is wiped, as it may hold secrets.
SecretBytes request_head(const HttpRequest& request, const Proxy* proxy);

// What asks a proxy for a tunnel to the host of `url`.
SecretBytes tunnel_head(const Url& url, const Proxy& proxy);

}  // namespace sapdr::core
