#include "storage/azure_blob/replication.hpp"

#include <pugixml.hpp>
#include <string>

#include "storage/azure_blob/http_date.hpp"

namespace sapdr::core {

std::optional<UnixNs> parse_last_sync(ByteView answer) {
  pugi::xml_document document;
  const auto result =
      document.load_buffer(answer.data(), answer.size(), pugi::parse_minimal | pugi::parse_escapes);
  const pugi::xml_node geo = document.child("StorageServiceStats").child("GeoReplication");
  if (!result || !geo) {
    throw Error(Code::network, "the answer about the age of the second copy is not understood");
  }
  return parse_http_date(geo.child_value("LastSyncTime"));
}

std::optional<UnixNs> last_sync_time(const BlobClient& client) {
  HttpRequest request;
  request.url = client.place().endpoint;
  request.url.path += "/";
  request.url.add_query("restype", "service");
  request.url.add_query("comp", "stats");
  const HttpResponse response = client.send(std::move(request));
  if (response.status != 200) throw client.failure(response, "ask for the age of the second copy");
  return parse_last_sync(response.body);
}

}  // namespace sapdr::core
