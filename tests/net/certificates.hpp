// Certificates for servers of the tests, and the CA that signs them.
#pragma once

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

namespace sapdr::test {

template <auto free>
struct Freed {
  template <class T>
  void operator()(T* object) const {
    free(object);
  }
};
using SslContextPtr = std::unique_ptr<SSL_CTX, Freed<SSL_CTX_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using CertificatePtr = std::unique_ptr<X509, Freed<X509_free>>;

class TestCa {
 public:
  TestCa();

  std::string pem() const;
  // A server whose certificate is for `names` ("DNS:localhost,IP:127.0.0.1") and ends so many
  // seconds from now; `max_version` of TLS, 0: the newest.
  SslContextPtr server(const std::string& names, long seconds = 3600, int max_version = 0) const;

 private:
  CertificatePtr sign(EVP_PKEY* key, const std::string& names, long seconds) const;

  KeyPtr key_;
  CertificatePtr certificate_;
};

}  // namespace sapdr::test
