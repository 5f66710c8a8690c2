#include "storage/azure_blob/credential.hpp"

#include <utility>

#include "base/encoding.hpp"
#include "base/error.hpp"
#include "storage/azure_blob/shared_key.hpp"

namespace sapdr::core {

namespace {

constexpr const char* scope = "https://storage.azure.com/.default";
constexpr std::string_view bearer = "Bearer ";

std::string_view value_of(const std::vector<std::pair<std::string, std::string>>& query,
                          std::string_view name) {
  for (const auto& [key, value] : query) {
    if (key == name) return value;
  }
  return {};
}

class SharedKeyCredential final : public BlobCredential {
 public:
  SharedKeyCredential(std::string account, SecretBytes key)
      : account_(std::move(account)), key_(std::move(key)) {}

  std::string name() const override { return "the key of the account " + account_; }
  void authorize(HttpRequest& request) override {
    request.headers.set("Authorization", shared_key_authorization(request, account_, key_));
  }
  std::string explain(UnixNs) const override {
    return "is the key that of the account " + account_ + "?";
  }

 private:
  const std::string account_;
  const SecretBytes key_;
};

class SasCredential final : public BlobCredential {
 public:
  explicit SasCredential(std::string_view text)
      : text_(as_bytes(text).begin(), as_bytes(text).end()) {
    const auto query = split_query(text);
    if (value_of(query, "sig").empty()) {
      throw Error(Code::invalid_argument,
                  "the SAS of the storage account has no signature (sig=…); copy it as a whole");
    }
    permissions_ = value_of(query, "sp");
    expires_ = value_of(query, "se");
    try {
      // A day may stand for its beginning.
      expiry_ = expires_.empty() ? 0 : parse_time(expires_ + (has_time() ? "" : "T00:00:00Z"));
    } catch (const Error&) {
      expiry_ = 0;  // it is the service that decides; this is for messages
    }
  }

  std::string name() const override { return "the SAS"; }
  void authorize(HttpRequest& request) override {
    std::string& query = request.url.query;
    query.reserve(query.size() + 1 + text_.size());
    if (!query.empty()) query += '&';
    query += as_text(text_);
  }
  std::string explain(UnixNs now) const override {
    if (expiry_ != 0 && expiry_ <= now) {
      return "the SAS expired at " + expires_ + ": make a new one";
    }
    if (permissions_.empty()) return {};
    return "the SAS has the permissions \"" + permissions_ + "\" of \"rwdl\"";
  }
  UnixNs expires() const override { return expiry_; }

 private:
  bool has_time() const { return expires_.find('T') != std::string::npos; }

  const SecretBytes text_;
  std::string permissions_;
  std::string expires_;
  UnixNs expiry_ = 0;  // 0: not known
};

class TokenBlobCredential final : public BlobCredential {
 public:
  explicit TokenBlobCredential(TokenCredentialPtr tokens) : tokens_(std::move(tokens)) {}

  std::string name() const override { return tokens_->name(); }
  void authorize(HttpRequest& request) override {
    const AccessToken token = tokens_->token(scope);
    request.headers.set("Authorization", std::string(bearer) + token.secret);
  }
  bool renew(const HttpRequest& refused) override {
    const std::string* header = refused.headers.find("Authorization");
    if (header == nullptr || header->size() <= bearer.size()) return false;
    std::string token = header->substr(bearer.size());
    const bool has_new = tokens_->token(scope, token).secret != token;
    OPENSSL_cleanse(token.data(), token.size());
    return has_new;
  }
  std::string explain(UnixNs) const override {
    return "the identity needs the role \"Storage Blob Data Contributor\" on the container";
  }
  TokenCredentialPtr identity() const override { return tokens_; }

 private:
  const TokenCredentialPtr tokens_;
};

}  // namespace

bool BlobCredential::renew(const HttpRequest&) {
  return false;
}

std::string BlobCredential::explain(UnixNs) const {
  return {};
}

BlobCredentialPtr shared_key_credential(const std::string& account, ByteView key) {
  SecretBytes decoded;
  try {
    decoded = from_base64(as_text(key));
  } catch (const Error&) {
    // Reported below, without what is wrong with it.
  }
  if (decoded.empty()) {
    throw Error(Code::invalid_argument,
                "the key of the storage account " + account + " is not base64; copy it as a whole");
  }
  return std::make_shared<SharedKeyCredential>(account, std::move(decoded));
}

BlobCredentialPtr sas_credential(ByteView sas) {
  std::string_view text = as_text(sas);
  if (text.starts_with('?')) text.remove_prefix(1);
  return std::make_shared<SasCredential>(text);
}

BlobCredentialPtr token_blob_credential(TokenCredentialPtr credential) {
  return std::make_shared<TokenBlobCredential>(std::move(credential));
}

void wipe_authorization(HttpRequest& request) {
  if (const std::string* header = request.headers.find("Authorization")) {
    // Ours: headers only lend what they hold.
    OPENSSL_cleanse(const_cast<char*>(header->data()), header->size());
    request.headers.set("Authorization", {});
  }
  OPENSSL_cleanse(request.url.query.data(), request.url.query.size());
  request.url.query.clear();
}

}  // namespace sapdr::core
