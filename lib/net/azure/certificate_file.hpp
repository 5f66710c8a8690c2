// A certificate with its private key, out of a file of PEM or PKCS#12.
#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"

namespace sapdr::core {

struct OpensslFree {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
};

struct SigningCertificate {
  std::unique_ptr<EVP_PKEY, OpensslFree> key;             // RSA
  std::vector<std::unique_ptr<X509, OpensslFree>> chain;  // first the one of the key

  // One of the chain, as X.509 encodes it.
  Bytes der(size_t number) const;
};

// `password` is of the key, empty if it has none; nobody is ever asked for one. `path` is for
// messages. Throws Code::invalid_argument.
SigningCertificate parse_certificate(ByteView content, std::string_view password,
                                     const std::string& path);

}  // namespace sapdr::core
