// Connections over TCP.
#pragma once

#include <cstdint>
#include <string>

#include "net/patience.hpp"
#include "net/stream.hpp"

namespace sapdr::core {

// Tries all addresses of `host`, in their order, each for its share of the time that is left.
// `shown` names what is connected to in messages. Throws Code::network (Retry::yes; Retry::never if
// there is no such host), and what Patience::wait does.
StreamPtr connect_tcp(const std::string& host, uint16_t port, const std::string& shown,
                      Patience& patience);

}  // namespace sapdr::core
