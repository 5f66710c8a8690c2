#include "net/azure/client_assertion.hpp"

#include <openssl/rsa.h>
#include <openssl/sha.h>

#include <array>

#include "base/encoding.hpp"
#include "base/error.hpp"
#include "base/json.hpp"
#include "net/azure/secret_text.hpp"

namespace sapdr::core {

namespace {

constexpr int64_t lifetime_seconds = 600;
constexpr int64_t ns_per_second = 1'000'000'000;

std::string header_json(const SigningCertificate& certificate, bool with_chain) {
  const Bytes leaf = certificate.der(0);
  std::array<std::byte, SHA256_DIGEST_LENGTH> thumbprint;
  SHA256(uc(leaf.data()), leaf.size(), uc(thumbprint.data()));
  std::string json = R"({"alg":"PS256","typ":"JWT","x5t#S256":")" + base64url(thumbprint) + "\"";
  if (with_chain) {
    json += ",\"x5c\":[";
    for (size_t i = 0; i < certificate.chain.size(); ++i) {
      json.append(i == 0 ? "\"" : ",\"").append(to_base64(certificate.der(i))).append("\"");
    }
    json += "]";
  }
  return json + "}";
}

std::string claims_json(const AssertionClaims& claims) {
  const int64_t now = claims.now / ns_per_second;
  std::string json = "{\"aud\":";
  append_json_string(json, claims.audience);
  json += ",\"iss\":";
  append_json_string(json, claims.client_id);
  json += ",\"sub\":";
  append_json_string(json, claims.client_id);
  json += ",\"jti\":";
  append_json_string(json, claims.id);
  json += ",\"nbf\":" + std::to_string(now) + ",\"iat\":" + std::to_string(now) +
          ",\"exp\":" + std::to_string(now + lifetime_seconds) + "}";
  return json;
}

Bytes signature_of(ByteView text, EVP_PKEY* key) {
  struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  const std::unique_ptr<EVP_MD_CTX, Free> context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* options = nullptr;  // the context's
  size_t size = 0;
  bool good = context &&
              EVP_DigestSignInit(context.get(), &options, EVP_sha256(), nullptr, key) == 1 &&
              EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) == 1 &&
              EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST) == 1 &&
              EVP_DigestSign(context.get(), nullptr, &size, uc(text.data()), text.size()) == 1;
  Bytes signature(size);
  good = good && EVP_DigestSign(context.get(), uc(signature.data()), &size, uc(text.data()),
                                text.size()) == 1;
  if (!good) throw Error(Code::internal, "the client assertion could not be signed");
  signature.resize(size);
  return signature;
}

}  // namespace

SecretBytes client_assertion(const SigningCertificate& certificate, const AssertionClaims& claims,
                             bool with_chain) {
  SecretBytes token;
  append(token, base64url(as_bytes(header_json(certificate, with_chain))));
  append(token, ".");
  append(token, base64url(as_bytes(claims_json(claims))));
  const std::string signature = base64url(signature_of(token, certificate.key.get()));
  append(token, ".");
  append(token, signature);
  return token;
}

}  // namespace sapdr::core
