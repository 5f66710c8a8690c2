#include "certificates.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <stdexcept>

namespace sapdr::test {

namespace {

void require(bool holds) {
  if (!holds) throw std::runtime_error("OpenSSL could not make a certificate for a test");
}

void add_name(X509* to, const std::string& name) {
  X509_NAME_add_entry_by_txt(X509_get_subject_name(to), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
}

CertificatePtr new_certificate(EVP_PKEY* key, const char* name, long seconds) {
  CertificatePtr made(X509_new());
  uint64_t serial = 0;
  require(made && RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) == 1);
  X509_set_version(made.get(), X509_VERSION_3);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(made.get()), serial >> 1);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), -86'400);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), seconds);
  X509_set_pubkey(made.get(), key);
  add_name(made.get(), name);
  return made;
}

void add_extension(X509* to, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, to, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  require(extension != nullptr && X509_add_ext(to, extension, -1) == 1);
  X509_EXTENSION_free(extension);
}

}  // namespace

TestCa::TestCa()
    : key_(EVP_EC_gen("P-256")), certificate_(new_certificate(key_.get(), "a test's CA", 86'400)) {
  X509* self = certificate_.get();
  // No two have the same name.
  const std::string number = std::to_string(ASN1_INTEGER_get(X509_get_serialNumber(self)));
  add_name(self, number);
  X509_set_issuer_name(self, X509_get_subject_name(self));
  add_extension(self, self, NID_basic_constraints, "critical,CA:TRUE");
  add_extension(self, self, NID_key_usage, "critical,keyCertSign");
  add_extension(self, self, NID_subject_key_identifier, "hash");
  require(X509_sign(self, key_.get(), EVP_sha256()) != 0);
}

std::string TestCa::pem() const {
  BIO* memory = BIO_new(BIO_s_mem());
  require(PEM_write_bio_X509(memory, certificate_.get()) == 1);
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory, &data);
  std::string text(data, static_cast<size_t>(size));
  BIO_free(memory);
  return text;
}

CertificatePtr TestCa::sign(EVP_PKEY* key, const std::string& names, long seconds) const {
  CertificatePtr made = new_certificate(key, "a test's server", seconds);
  X509_set_issuer_name(made.get(), X509_get_subject_name(certificate_.get()));
  add_extension(made.get(), certificate_.get(), NID_subject_alt_name, names);
  require(X509_sign(made.get(), key_.get(), EVP_sha256()) != 0);
  return made;
}

SslContextPtr TestCa::server(const std::string& names, long seconds, int max_version) const {
  const KeyPtr key(EVP_EC_gen("P-256"));
  const CertificatePtr certificate = sign(key.get(), names, seconds);
  SslContextPtr ctx(SSL_CTX_new(TLS_server_method()));
  require(ctx && SSL_CTX_use_certificate(ctx.get(), certificate.get()) == 1 &&
          SSL_CTX_use_PrivateKey(ctx.get(), key.get()) == 1);
  if (max_version != 0) {
    SSL_CTX_set_min_proto_version(ctx.get(), max_version);
    SSL_CTX_set_max_proto_version(ctx.get(), max_version);
  }
  const std::string id = "sapdr tests";
  SSL_CTX_set_session_id_context(ctx.get(), reinterpret_cast<const unsigned char*>(id.data()),
                                 static_cast<unsigned>(id.size()));
  return ctx;
}

}  // namespace sapdr::test
