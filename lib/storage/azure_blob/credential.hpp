// What requests to Blob Storage are authorised by: the account's key, a SAS, or a token.
#pragma once

#include <memory>
#include <string>

#include "net/http.hpp"
#include "net/token_credential.hpp"

namespace sapdr::core {

// May be called from any thread at the same time.
class BlobCredential {
 public:
  BlobCredential() = default;
  virtual ~BlobCredential() = default;
  BlobCredential(const BlobCredential&) = delete;
  BlobCredential& operator=(const BlobCredential&) = delete;

  // For messages, without secrets: "the key of account x".
  virtual std::string name() const = 0;
  // Adds to a complete request what authorises it.
  virtual void authorize(HttpRequest& request) = 0;
  // After a request was answered with 401: whether there is something new to try.
  virtual bool renew(const HttpRequest& refused);
  // Why the service may have refused at `now`, as the end of a message; empty if that is not known.
  virtual std::string explain(UnixNs now) const;
  // When it ends; 0: not known, or never.
  virtual UnixNs expires() const { return 0; }
  // The identity behind it; nullptr: it is none.
  virtual TokenCredentialPtr identity() const { return nullptr; }
};

using BlobCredentialPtr = std::shared_ptr<BlobCredential>;

// `key` in base64. Throws Code::invalid_argument, without showing it, if it is not.
BlobCredentialPtr shared_key_credential(const std::string& account, ByteView key);
// `sas` with or without "?". Throws Code::invalid_argument if it has no signature.
BlobCredentialPtr sas_credential(ByteView sas);
BlobCredentialPtr token_blob_credential(TokenCredentialPtr credential);

// Takes what authorised it out of a request again and wipes it.
void wipe_authorization(HttpRequest& request);

}  // namespace sapdr::core
