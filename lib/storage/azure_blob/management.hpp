// Azure Resource Manager: what only those know of a storage account who manage it. Read only; the
// role "Reader" on the account is enough.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "net/http.hpp"
#include "net/token_credential.hpp"

namespace sapdr::core {

struct ManagementPlace {
  Url endpoint;            // https://management.azure.com; its path is empty
  std::string scope;       // of tokens for it
  std::string account;     // its name
  std::string account_id;  // "/subscriptions/…/storageAccounts/NAME"; empty: it is looked for
};

// The manager of the cloud that `blob_host` is in, unless `given` names another one. Throws
// Code::invalid_argument for an endpoint or a resource that is none.
ManagementPlace find_management(std::string_view given, std::string_view blob_host,
                                std::string account, std::string account_id);

class AccountManager {
 public:
  AccountManager(HttpClientPtr http, TokenCredentialPtr identity, ManagementPlace place);

  // Looks for the account among all that the identity may see, unless the place names it. Throws
  // Code::not_found, Code::ambiguous, and what get() throws.
  void find_account();
  // The JSON that describes the account, or what is below it ("/blobServices/default"). Throws
  // Code::not_found if there is no such thing, Code::permission if it may not be read.
  Bytes get(std::string_view below) const;

 private:
  Bytes get(const Url& url) const;
  Url url_of(std::string_view path, std::string_view version) const;
  std::vector<std::string> all_ids(Url first) const;

  const HttpClientPtr http_;
  const TokenCredentialPtr identity_;
  ManagementPlace place_;
};

}  // namespace sapdr::core
