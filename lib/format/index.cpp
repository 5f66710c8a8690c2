#include "format/index.hpp"

#include <boost/json/array.hpp>
#include <limits>

#include "base/json.hpp"
#include "base/json_writer.hpp"
#include "crypto/cipher.hpp"

namespace sapdr::core {

namespace {

BlobType read_type(const JsonReader& json) {
  const std::string_view type = json.required_text("type");
  if (type == "data") return BlobType::data;
  if (type == "tree") return BlobType::tree;
  json.fail("type", "is neither data nor tree");
}

PackedBlob read_blob(const JsonReader& json) {
  PackedBlob blob;
  blob.id = json.id("id");
  blob.type = read_type(json);
  blob.offset = json.number32("offset");
  blob.length = json.number32("length");
  blob.plain_length = json.number32("uncompressed_length");
  if (blob.length < seal_overhead) json.fail("length", "is too short for a blob");
  if (blob.length > std::numeric_limits<uint32_t>::max() - blob.offset) {
    json.fail("length", "reaches past 4 GiB");
  }
  return blob;
}

void append_blob(std::string& out, const PackedBlob& blob) {
  JsonWriter json(out);
  json.id("id", blob.id);
  json.text("type", to_string(blob.type));
  json.number("offset", blob.offset);
  json.number("length", blob.length);
  json.number_if_any("uncompressed_length", blob.plain_length);
  json.end();
}

IndexedPack read_pack(const JsonReader& json, std::string_view what) {
  IndexedPack pack;
  pack.id = json.id("id");
  if (const auto* blobs = json.array("blobs")) {
    pack.blobs.reserve(blobs->size());
    for (const auto& blob : *blobs) pack.blobs.push_back(read_blob(JsonReader(blob, what)));
  }
  return pack;
}

MarkedPack read_marked(const JsonReader& json, std::string_view what) {
  MarkedPack marked;
  marked.pack = read_pack(json, what);
  marked.time = json.time("time");
  marked.size = json.number("size");
  return marked;
}

// Members that every pack has.
void append_pack(JsonWriter& json, std::string& out, const IndexedPack& pack) {
  json.id("id", pack.id);
  append_json_array(json.key("blobs"), pack.blobs,
                    [&](const PackedBlob& blob) { append_blob(out, blob); });
}

void append_marked(std::string& out, const MarkedPack& marked) {
  JsonWriter json(out);
  append_pack(json, out, marked.pack);
  json.time("time", marked.time);
  json.number("size", marked.size);
  json.end();
}

}  // namespace

IndexFile parse_index(std::string_view text, std::string_view what) {
  const auto value = parse_json(text, what);
  const JsonReader json(value, what);
  IndexFile index;
  if (const auto* supersedes = json.array("supersedes")) {
    for (const auto& id : *supersedes) index.supersedes.push_back(json_id(id, what));
  }
  if (const auto* packs = json.array("packs")) {
    index.packs.reserve(packs->size());
    for (const auto& pack : *packs) index.packs.push_back(read_pack(JsonReader(pack, what), what));
  }
  if (const auto* marked = json.array("packs_to_delete")) {
    for (const auto& pack : *marked) {
      index.packs_to_delete.push_back(read_marked(JsonReader(pack, what), what));
    }
  }
  return index;
}

std::string index_json(const IndexFile& index) {
  std::string out;
  JsonWriter json(out);
  if (!index.supersedes.empty()) json.ids("supersedes", index.supersedes);
  append_json_array(json.key("packs"), index.packs, [&](const IndexedPack& pack) {
    JsonWriter pack_json(out);
    append_pack(pack_json, out, pack);
    pack_json.end();
  });
  if (!index.packs_to_delete.empty()) {
    append_json_array(json.key("packs_to_delete"), index.packs_to_delete,
                      [&](const MarkedPack& marked) { append_marked(out, marked); });
  }
  json.end();
  out.push_back('\n');
  return out;
}

}  // namespace sapdr::core
