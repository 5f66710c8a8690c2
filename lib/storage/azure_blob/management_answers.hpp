// What Azure Resource Manager answers about storage accounts. From outside: hostile.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "storage/facts.hpp"

namespace sapdr::core {

// All of these throw Code::corrupt for what is no such answer.

// Of Microsoft.Storage/storageAccounts/NAME: "Standard_RAGRS".
std::string parse_account_sku(std::string_view json);

// Of …/blobServices/default.
struct BlobServiceAnswer {
  bool has_versions = false;
  uint32_t soft_delete_days = 0;  // 0: off
  uint32_t container_soft_delete_days = 0;
};
BlobServiceAnswer parse_blob_service(std::string_view json);

// Of …/managementPolicies/default: the rules that act, enabled, on block blobs without tags, which
// is what a repository consists of.
std::vector<LifecycleRule> parse_lifecycle(std::string_view json);

// A page of a list: the ids of what it names, "/subscriptions/S", and the URL of the next page,
// empty behind the last one.
struct ResourcePage {
  std::vector<std::string> ids;
  std::string next;
};
ResourcePage parse_resources(std::string_view json);

// The code of a refusal; empty if there is none.
std::string parse_management_error(std::string_view json);

}  // namespace sapdr::core
