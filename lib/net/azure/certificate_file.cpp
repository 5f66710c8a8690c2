#include "net/azure/certificate_file.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>

#include <algorithm>
#include <cstring>

#include "base/error.hpp"

namespace sapdr::core {

namespace {

constexpr size_t max_chain = 16;
constexpr int min_rsa_bits = 2048;

struct BioFree {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(PKCS12* file) const { PKCS12_free(file); }
  void operator()(STACK_OF(X509) * list) const { sk_X509_pop_free(list, X509_free); }
};
using BioPtr = std::unique_ptr<BIO, BioFree>;

// What OpenSSL noted down while it tried does not concern the program that we live in.
struct ErrorMark {
  ErrorMark() { ERR_set_mark(); }
  ~ErrorMark() { ERR_pop_to_mark(); }
};

[[noreturn]] void fail(const std::string& path, std::string_view problem) {
  throw Error(Code::invalid_argument, "the client certificate " + path + " " + std::string(problem))
      .with("path", path);
}

BioPtr reader_of(ByteView content) {
  BioPtr bio(BIO_new_mem_buf(content.data(), static_cast<int>(content.size())));
  if (!bio) throw Error(Code::no_memory, "memory ran out");
  return bio;
}

// OpenSSL would ask at the terminal if there were no such function.
int give_password(char* buffer, int size, int, void* user) {
  const auto& password = *static_cast<const std::string_view*>(user);
  if (password.empty() || password.size() > static_cast<size_t>(size)) return -1;
  std::memcpy(buffer, password.data(), password.size());
  return static_cast<int>(password.size());
}

void read_pem(SigningCertificate& out, ByteView content, std::string_view password,
              const std::string& path) {
  out.key.reset(
      PEM_read_bio_PrivateKey(reader_of(content).get(), nullptr, give_password, &password));
  if (!out.key) {
    const bool is_encrypted = as_text(content).find("ENCRYPTED") != std::string_view::npos;
    if (!is_encrypted) fail(path, "holds no private key in PEM");
    fail(path, password.empty() ? "has an encrypted key; set AZURE_CLIENT_CERTIFICATE_PASSWORD"
                                : "has a key that AZURE_CLIENT_CERTIFICATE_PASSWORD does not open");
  }
  const BioPtr bio = reader_of(content);
  while (out.chain.size() < max_chain) {
    X509* next = PEM_read_bio_X509(bio.get(), nullptr, give_password, &password);
    if (next == nullptr) break;
    out.chain.emplace_back(next);
  }
}

void read_pkcs12(SigningCertificate& out, ByteView content, std::string_view password,
                 const std::string& path) {
  const std::unique_ptr<PKCS12, BioFree> file(d2i_PKCS12_bio(reader_of(content).get(), nullptr));
  if (!file) fail(path, "is neither PEM nor PKCS#12");
  // A string for C, wiped with its bytes.
  SecretBytes text(as_bytes(password).begin(), as_bytes(password).end());
  text.push_back(std::byte{0});
  EVP_PKEY* key = nullptr;
  X509* certificate = nullptr;
  STACK_OF(X509)* others = nullptr;
  const int done = PKCS12_parse(file.get(), reinterpret_cast<const char*>(text.data()), &key,
                                &certificate, &others);
  const std::unique_ptr<STACK_OF(X509), BioFree> list(others);
  out.key.reset(key);
  if (certificate != nullptr) out.chain.emplace_back(certificate);
  if (done != 1) {
    fail(path,
         "cannot be opened: AZURE_CLIENT_CERTIFICATE_PASSWORD is wrong, or it is encrypted as "
         "OpenSSL 3 no longer reads it; `openssl pkcs12 -legacy -nodes` makes PEM of it");
  }
  if (!out.key) fail(path, "holds no private key");
  while (list && sk_X509_num(list.get()) > 0 && out.chain.size() < max_chain) {
    out.chain.emplace_back(sk_X509_shift(list.get()));
  }
}

}  // namespace

Bytes SigningCertificate::der(size_t number) const {
  unsigned char* data = nullptr;
  const int size = i2d_X509(chain.at(number).get(), &data);
  if (size <= 0) throw Error(Code::internal, "a certificate could not be encoded");
  const auto* begin = reinterpret_cast<const std::byte*>(data);
  Bytes out(begin, begin + size);
  OPENSSL_free(data);
  return out;
}

SigningCertificate parse_certificate(ByteView content, std::string_view password,
                                     const std::string& path) {
  const ErrorMark mark;
  SigningCertificate out;
  if (as_text(content).find("-----BEGIN") != std::string_view::npos) {
    read_pem(out, content, password, path);
  } else {
    read_pkcs12(out, content, password, path);
  }
  if (EVP_PKEY_get_base_id(out.key.get()) != EVP_PKEY_RSA ||
      EVP_PKEY_get_bits(out.key.get()) < min_rsa_bits) {
    fail(path, "has a key that is not RSA of at least 2048 bits, which Entra ID wants");
  }
  const auto own = std::find_if(out.chain.begin(), out.chain.end(), [&](const auto& each) {
    return X509_check_private_key(each.get(), out.key.get()) == 1;
  });
  if (own == out.chain.end()) fail(path, "holds no certificate that belongs to its key");
  std::rotate(out.chain.begin(), own, own + 1);
  return out;
}

}  // namespace sapdr::core
