#include "storage/azure_blob/service_properties.hpp"

#include <pugixml.hpp>
#include <string_view>

#include "base/error.hpp"
#include "base/number.hpp"

namespace sapdr::core {

namespace {

constexpr unsigned parts = pugi::parse_escapes | pugi::parse_cdata;  // nothing grows
constexpr uint32_t most_days = 365;

Error not_understood(const char* why) {
  return Error(Code::network, std::string("the properties of the service are not understood (") +
                                  why + "): what is in between?");
}

}  // namespace

uint32_t parse_soft_delete_days(ByteView xml) {
  pugi::xml_document document;
  const pugi::xml_parse_result parsed = document.load_buffer(xml.data(), xml.size(), parts);
  if (!parsed) throw not_understood(parsed.description());
  const pugi::xml_node root = document.child("StorageServiceProperties");
  if (!root) throw not_understood("no StorageServiceProperties");
  const pugi::xml_node policy = root.child("DeleteRetentionPolicy");
  const std::string_view enabled = policy.child_value("Enabled");
  if (!policy || enabled == "false") return 0;
  const auto days = parse_number<uint32_t>(policy.child_value("Days"));
  if (enabled != "true" || !days || *days == 0 || *days > most_days) {
    throw not_understood("a DeleteRetentionPolicy without days");
  }
  return *days;
}

}  // namespace sapdr::core
