// What there is in a deployment.
#pragma once

#include <string>
#include <vector>

#include "component/mongodb/deployment.hpp"
#include "component/mongodb/namespaces.hpp"

namespace sapdr::core::mongodb {

// A collection, a view or a time series as it is listed.
struct Collection {
  std::string db;
  std::string name;
  std::string type;  // "collection", "view", "timeseries"
  Bytes uuid;        // 16 bytes; empty for views and time series, which are views of their buckets
  Document options;
  bool is_capped = false;

  std::string ns() const { return db + "." + name; }
  bool has_documents() const { return !uuid.empty(); }
};

// All that a backup has, by databases, in the order of names: neither `local` and `config`, which
// are the server's own, nor what it makes up itself. Whichever server is asked, it tells what there
// was at `begin` or later (zero: now); so does metadata_json.
std::vector<Collection> list_collections(Client& client, const NamespaceFilter& filter,
                                         OplogTime begin);

// How many bytes of documents a collection has, about; 0 if that cannot be asked for. For progress.
uint64_t data_bytes(Client& client, const Collection& collection);

// What mongodump writes into NAME.metadata.json: options and indexes, as canonical extended JSON.
std::string metadata_json(Client& client, const Collection& collection, OplogTime begin);

// Whether mongodump has such a file for a collection: buckets of a time series have none.
bool has_metadata(const Collection& collection);

}  // namespace sapdr::core::mongodb
