#include "component/mongodb/catalogue.hpp"

#include <algorithm>
#include <memory>

#include "base/encoding.hpp"
#include "component/mongodb/cursor.hpp"

namespace sapdr::core::mongodb {

namespace {

constexpr std::string_view buckets = "system.buckets.";

bool is_own_database(std::string_view db) {
  return db == "local" || db == "config";
}

// Users, roles and the version of their schema are in `admin`; stored functions are in
// `system.js`. All else that is called so the server makes up by itself.
bool is_made_up(std::string_view db, std::string_view name) {
  if (!name.starts_with("system.")) return false;
  if (db == "admin") {
    return name != "system.users" && name != "system.roles" && name != "system.version";
  }
  return name != "system.js" && !name.starts_with(buckets);
}

Document& not_before(Document& command, OplogTime begin) {
  if (begin == OplogTime{}) return command;
  Document concern;
  concern.text("level", "local").time("afterClusterTime", begin);
  return command.document("readConcern", concern);
}

std::vector<std::string> list_databases(Client& client, OplogTime begin) {
  Document command;
  command.number("listDatabases", 1).boolean("nameOnly", true);
  not_before(command, begin);
  const Document reply = client.read("admin", command, "list the databases");
  std::vector<std::string> names;
  Members databases(find(reply.get(), "databases"));
  while (const auto database = databases.next()) {
    const std::string_view name = text_of(find(document_of(database), "name"));
    if (!is_own_database(name)) names.emplace_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

Collection read_collection(const std::string& db, ByteView listed) {
  Collection collection;
  collection.db = db;
  collection.name = text_of(find(listed, "name"));
  collection.type = text_of(find(listed, "type"), "collection");
  const ByteView uuid = uuid_of(find(listed, "info.uuid"));
  collection.uuid.assign(uuid.begin(), uuid.end());
  Members options(find(listed, "options"));
  while (const auto option = options.next()) collection.options.value(option->key(), *option);
  collection.is_capped = boolean_of(find(listed, "options.capped"));
  return collection;
}

void list_database(Client& client, const std::string& db, const NamespaceFilter& filter,
                   OplogTime begin, std::vector<Collection>& collections) {
  const size_t first = collections.size();
  Document command;
  not_before(command.number("listCollections", 1), begin);
  Cursor cursor(client, db, command, {}, "list the collections of " + db);
  do {
    while (const auto listed = cursor.next()) {
      Collection collection = read_collection(db, *listed);
      if (is_made_up(db, collection.name) || !filter.matches(db, collection.name)) continue;
      collections.push_back(std::move(collection));
    }
  } while (cursor.next_batch());
  std::sort(collections.begin() + static_cast<std::ptrdiff_t>(first), collections.end(),
            [](const Collection& a, const Collection& b) { return a.name < b.name; });
}

// By its UUID, if it has one, so that another collection that took its name is not meant. A
// collection that is gone has no indexes any more.
Document list_indexes(Client& client, const Collection& collection, OplogTime begin) {
  Document indexes, command;
  if (collection.type == "view") return indexes;
  if (collection.has_documents()) {
    bson_append_binary(command.get(), "listIndexes", -1, BSON_SUBTYPE_UUID,
                       reinterpret_cast<const uint8_t*>(collection.uuid.data()), 16);
  } else {
    command.text("listIndexes", collection.name);
  }
  not_before(command, begin);
  try {
    Cursor cursor(client, collection.db, command, {}, "list the indexes of " + collection.ns());
    int64_t n = 0;
    do {
      while (const auto index = cursor.next()) {
        bson_t bson;
        bson_init_static(&bson, reinterpret_cast<const uint8_t*>(index->data()), index->size());
        bson_append_document(indexes.get(), std::to_string(n++).c_str(), -1, &bson);
      }
    } while (cursor.next_batch());
  } catch (const Error& error) {
    if (error.code() != Code::not_found) throw;
  }
  return indexes;
}

}  // namespace

uint64_t data_bytes(Client& client, const Collection& collection) {
  if (!collection.has_documents()) return 0;
  try {
    const Document stats = client.read(collection.db, Document().text("collStats", collection.name),
                                       "ask for the size of " + collection.ns());
    return static_cast<uint64_t>(std::max<int64_t>(number_of(find(stats.get(), "size")), 0));
  } catch (const Error& error) {
    if (error.retry() != Retry::never) throw;
    return 0;
  }
}

std::vector<Collection> list_collections(Client& client, const NamespaceFilter& filter,
                                         OplogTime begin) {
  std::vector<Collection> collections;
  for (const std::string& db : list_databases(client, begin)) {
    list_database(client, db, filter, begin, collections);
  }
  return collections;
}

bool has_metadata(const Collection& collection) {
  return !std::string_view(collection.name).starts_with(buckets);
}

std::string metadata_json(Client& client, const Collection& collection, OplogTime begin) {
  Document metadata;
  metadata.document("options", collection.options);
  const Document indexes = list_indexes(client, collection, begin);
  bson_append_array(metadata.get(), "indexes", -1, indexes.get());
  if (collection.has_documents()) metadata.text("uuid", to_hex(collection.uuid));
  metadata.text("collectionName", collection.name).text("type", collection.type);
  const std::unique_ptr<char, decltype(&bson_free)> json(
      bson_as_canonical_extended_json(metadata.get(), nullptr), &bson_free);
  if (json == nullptr) {
    throw Error(Code::unsupported,
                "the options or indexes of " + collection.ns() + " cannot be written as JSON");
  }
  return json.get();
}

}  // namespace sapdr::core::mongodb
