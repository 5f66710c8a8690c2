#include "storage/azure_blob/blob_list.hpp"

#include <pugixml.hpp>

#include "base/error.hpp"
#include "base/number.hpp"
#include "net/url.hpp"
#include "storage/azure_blob/http_date.hpp"

namespace sapdr::core {

namespace {

// Elements, text and the five entities; no document types, so nothing grows.
constexpr unsigned parts = pugi::parse_escapes | pugi::parse_cdata;
constexpr size_t longest_error = 64 * 1024;

Error not_a_page(const std::string& why) {
  return Error(Code::network,
               "the answer to List Blobs is not one of Azure Blob Storage (" + why +
                   "): is the location right, is a proxy in between?",
               Retry::maybe);
}

std::string name_of(const pugi::xml_node& name) {
  const std::string text = name.child_value();
  if (!name.attribute("Encoded").as_bool()) return text;
  try {
    return percent_decode(text);
  } catch (const Error&) {
    throw not_a_page("a name that is encoded wrongly");
  }
}

ListedBlob blob_of(const pugi::xml_node& node) {
  const pugi::xml_node properties = node.child("Properties");
  ListedBlob blob;
  blob.name = name_of(node.child("Name"));
  const auto size = parse_number<uint64_t>(properties.child_value("Content-Length"));
  if (blob.name.empty() || !size) throw not_a_page("a blob without name or size");
  blob.size = *size;
  blob.modified = parse_http_date(properties.child_value("Last-Modified")).value_or(0);
  if (std::string_view(properties.child_value("AccessTier")) == "Archive") {
    const std::string_view status = properties.child_value("ArchiveStatus");
    blob.warmth = status.starts_with("rehydrate-pending") ? Warmth::waking : Warmth::cold;
  }
  return blob;
}

}  // namespace

BlobPage parse_blob_page(ByteView xml) {
  pugi::xml_document document;
  const pugi::xml_parse_result parsed = document.load_buffer(xml.data(), xml.size(), parts);
  if (!parsed) throw not_a_page(parsed.description());
  const pugi::xml_node root = document.child("EnumerationResults");
  if (!root) throw not_a_page("no EnumerationResults");
  BlobPage page;
  for (const pugi::xml_node& node : root.child("Blobs").children("Blob")) {
    page.blobs.push_back(blob_of(node));
  }
  page.next = root.child_value("NextMarker");
  return page;
}

std::string parse_error_code(ByteView xml) {
  pugi::xml_document document;
  if (xml.size() > longest_error || !document.load_buffer(xml.data(), xml.size(), parts)) return {};
  return document.child("Error").child_value("Code");
}

}  // namespace sapdr::core
