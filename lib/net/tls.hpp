// TLS over another stream, with the server's certificate and name verified.
#pragma once

#include <memory>
#include <string>

#include "net/patience.hpp"
#include "net/stream.hpp"

namespace sapdr::core {

// What is trusted, and the sessions that can be taken up again. Any thread.
class TlsContext {
 public:
  // `ca_file` (PEM) is trusted beside what the system trusts. Throws Code::invalid_argument if it
  // is none.
  explicit TlsContext(const std::string& ca_file);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  // Throws Code::network (Retry::never if the certificate is not right) and what Patience::wait
  // does. The stream must not outlive the context.
  StreamPtr handshake(StreamPtr under, const Url& url, Patience& patience) const;

  struct Shared;

 private:
  const std::unique_ptr<Shared> shared_;
};

}  // namespace sapdr::core
