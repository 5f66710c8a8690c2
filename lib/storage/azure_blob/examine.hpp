// What can be found out about a storage account, a container in it and our rights there, without
// changing anything.
#pragma once

#include "net/http.hpp"
#include "storage/azure_blob/blob_client.hpp"
#include "storage/azure_blob/options.hpp"
#include "storage/facts.hpp"

namespace sapdr::core {

struct ManagementOptions {
  std::string account_id;  // as in AzureBlobOptions, and so is `endpoint`
  std::string endpoint;
  // Who asks. nullptr: the identity of the blob client, if it has one.
  TokenCredentialPtr identity;
};

// Rights are probed by requests that the service can only refuse or find to be about nothing: there
// is no blob of the name, which is random. Throws what may pass, and Code::not_found if there is no
// container.
StorageFacts examine_account(const ContextPtr& context, const HttpClientPtr& http,
                             const BlobClient& client, const ManagementOptions& management);

}  // namespace sapdr::core
