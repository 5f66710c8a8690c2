#include "component/mongodb/capture_record.hpp"

#include "base/json.hpp"
#include "base/json_writer.hpp"

namespace sapdr::core::mongodb {

namespace {

constexpr uint64_t record_format = 1;

void write_time(JsonWriter& to, std::string_view name, OplogTime time) {
  std::string& out = to.key(name);
  JsonWriter writer(out);
  writer.number("t", time.seconds);
  writer.number("i", time.increment);
  writer.end();
}

OplogTime read_time(const JsonReader& from, std::string_view name, std::string_view what) {
  const auto* member = from.member(name);
  if (member == nullptr) return {};
  const JsonReader time(*member, what);
  return {time.number32("t"), time.number32("i")};
}

void write_collection(std::string& out, const CapturedCollection& collection) {
  JsonWriter writer(out);
  writer.text("db", collection.db);
  writer.text("collection", collection.name);
  writer.text_if_any("uuid", collection.uuid);
  writer.text("type", collection.type);
  writer.number("documents", collection.documents);
  writer.number("bytes", collection.bytes);
  writer.end();
}

CapturedCollection read_collection(const boost::json::value& value, std::string_view what) {
  const JsonReader reader(value, what);
  CapturedCollection collection;
  collection.db = reader.required_text("db");
  collection.name = reader.required_text("collection");
  collection.uuid = reader.text("uuid");
  collection.type = reader.required_text("type");
  collection.documents = reader.number("documents");
  collection.bytes = reader.number("bytes");
  return collection;
}

std::vector<std::string> read_texts(const JsonReader& from, std::string_view name,
                                    std::string_view what) {
  std::vector<std::string> texts;
  const auto* array = from.array(name);
  if (array == nullptr) return texts;
  for (const auto& value : *array) texts.emplace_back(json_text(value, what));
  return texts;
}

}  // namespace

std::string record_json(const CaptureRecord& record) {
  std::string json;
  JsonWriter writer(json);
  writer.number("format", record_format);
  writer.text_if_any("replica_set", record.identity.replica_set);
  writer.text_if_any("replica_set_id", record.identity.replica_set_id);
  writer.text("server_version", record.identity.server_version);
  writer.text("feature_compatibility_version", record.identity.feature_compatibility_version);
  writer.texts_if_any("includes", record.filter.includes);
  writer.texts_if_any("excludes", record.filter.excludes);
  if (record.identity.has_oplog()) {
    write_time(writer, "begin", record.begin);
    write_time(writer, "consistent", record.consistent);
    write_time(writer, "last", record.last);
    writer.number("oplog_entries", record.oplog_entries);
    writer.number("oplog_bytes", record.oplog_bytes);
  }
  append_json_array(writer.key("collections"), record.collections,
                    [&](const CapturedCollection& each) { write_collection(json, each); });
  writer.end();
  json += '\n';
  return json;
}

CaptureRecord parse_record(std::string_view json, std::string_view what) {
  const boost::json::value value = parse_json(json, what);
  const JsonReader reader(value, what);
  if (reader.number("format") != record_format) {
    throw Error(Code::unsupported,
                std::string(what) + " has a form that this version does not know");
  }
  CaptureRecord record;
  record.identity.replica_set = reader.text("replica_set");
  record.identity.replica_set_id = reader.text("replica_set_id");
  record.identity.server_version = reader.text("server_version");
  record.identity.feature_compatibility_version = reader.text("feature_compatibility_version");
  record.filter.includes = read_texts(reader, "includes", what);
  record.filter.excludes = read_texts(reader, "excludes", what);
  record.begin = read_time(reader, "begin", what);
  record.consistent = read_time(reader, "consistent", what);
  record.last = read_time(reader, "last", what);
  record.oplog_entries = reader.number("oplog_entries");
  record.oplog_bytes = reader.number("oplog_bytes");
  if (const auto* collections = reader.array("collections")) {
    for (const auto& each : *collections) record.collections.push_back(read_collection(each, what));
  }
  if (record.begin > record.consistent || record.consistent > record.last) {
    reader.fail("last", "is before the beginning");
  }
  return record;
}

}  // namespace sapdr::core::mongodb
