#include "storage/azure_blob/management_answers.hpp"

#include <algorithm>
#include <boost/json/array.hpp>

#include "base/json.hpp"

namespace sapdr::core {

namespace {

constexpr uint32_t most_days = 365;
constexpr size_t most_rules = 1000;  // Azure takes 100
constexpr const char* policy_answer = "the lifecycle policy";
constexpr const char* list_answer = "the list of resources";

const boost::json::value& member(const JsonReader& of, std::string_view key) {
  const boost::json::value* value = of.member(key);
  if (value == nullptr) of.fail(key, "is missing");
  return *value;
}

// 0 for a policy that is off or not there.
uint32_t days_of(const JsonReader& properties, std::string_view key) {
  const boost::json::value* value = properties.member(key);
  if (value == nullptr) return 0;
  const JsonReader policy(*value, key);
  if (!policy.boolean("enabled")) return 0;
  const uint32_t days = policy.number32("days");
  if (days == 0 || days > most_days) policy.fail("days", "is no number of days");
  return days;
}

bool has_elements(const boost::json::array* array) {
  return array != nullptr && !array->empty();
}

bool is_for_block_blobs(const JsonReader& filters) {
  const boost::json::array* types = filters.array("blobTypes");
  return !has_elements(types) || std::ranges::any_of(*types, [](const boost::json::value& type) {
    return json_text(type, policy_answer) == "blockBlob";
  });
}

// Whether it is for blobs like ours; `rule` gets the prefixes.
bool read_filters(const JsonReader& definition, LifecycleRule& rule) {
  const boost::json::value* value = definition.member("filters");
  if (value == nullptr) return true;
  const JsonReader filters(*value, policy_answer);
  if (const boost::json::array* prefixes = filters.array("prefixMatch")) {
    for (const boost::json::value& prefix : *prefixes) {
      rule.prefixes.emplace_back(json_text(prefix, policy_answer));
    }
  }
  return is_for_block_blobs(filters) && !has_elements(filters.array("blobIndexMatch"));
}

// Whether it acts on blobs as ours are; `rule` is filled in.
bool read_rule(const boost::json::value& value, LifecycleRule& rule) {
  const JsonReader reader(value, policy_answer);
  rule.name = reader.text("name");
  const JsonReader definition(member(reader, "definition"), policy_answer);
  const bool is_ours = read_filters(definition, rule);
  const JsonReader actions(member(definition, "actions"), policy_answer);
  if (const boost::json::value* base = actions.member("baseBlob")) {
    const JsonReader on_blobs(*base, policy_answer);
    rule.deletes = on_blobs.member("delete") != nullptr;
    rule.archives = on_blobs.member("tierToArchive") != nullptr;
  }
  return reader.boolean("enabled", true) && is_ours && (rule.deletes || rule.archives);
}

}  // namespace

std::string parse_account_sku(std::string_view json) {
  constexpr const char* what = "the storage account";
  const boost::json::value value = parse_json(json, what);
  const JsonReader account(value, what);
  return std::string(JsonReader(member(account, "sku"), what).required_text("name"));
}

BlobServiceAnswer parse_blob_service(std::string_view json) {
  constexpr const char* what = "the blob service";
  const boost::json::value value = parse_json(json, what);
  const JsonReader service(value, what);
  const JsonReader properties(member(service, "properties"), what);
  return {properties.boolean("isVersioningEnabled"), days_of(properties, "deleteRetentionPolicy"),
          days_of(properties, "containerDeleteRetentionPolicy")};
}

std::vector<LifecycleRule> parse_lifecycle(std::string_view json) {
  const boost::json::value value = parse_json(json, policy_answer);
  const JsonReader answer(value, policy_answer);
  const JsonReader properties(member(answer, "properties"), policy_answer);
  const JsonReader policy(member(properties, "policy"), policy_answer);
  const boost::json::array* rules = policy.array("rules");
  if (rules == nullptr || rules->size() > most_rules) policy.fail("rules", "is no list of rules");
  std::vector<LifecycleRule> acting;
  for (const boost::json::value& each : *rules) {
    LifecycleRule rule;
    if (read_rule(each, rule)) acting.push_back(std::move(rule));
  }
  return acting;
}

ResourcePage parse_resources(std::string_view json) {
  const boost::json::value value = parse_json(json, list_answer);
  const JsonReader answer(value, list_answer);
  const boost::json::array* resources = answer.array("value");
  if (resources == nullptr) answer.fail("value", "is missing");
  ResourcePage page;
  for (const boost::json::value& each : *resources) {
    page.ids.emplace_back(JsonReader(each, list_answer).required_text("id"));
  }
  page.next = answer.text("nextLink");
  return page;
}

std::string parse_management_error(std::string_view json) {
  try {
    const boost::json::value value = parse_json(json, "a refusal");
    const JsonReader answer(value, "a refusal");
    return std::string(JsonReader(member(answer, "error"), "a refusal").text("code"));
  } catch (const Error&) {
    return {};
  }
}

}  // namespace sapdr::core
