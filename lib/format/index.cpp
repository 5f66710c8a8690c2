#include "format/index.hpp"

#include "base/json_writer.hpp"

namespace sapdr::core {

namespace {

void append_blob(std::string& out, const PackedBlob& blob) {
  JsonWriter json(out);
  json.id("id", blob.id);
  json.text("type", to_string(blob.type));
  json.number("offset", blob.offset);
  json.number("length", blob.length);
  json.number_if_any("uncompressed_length", blob.plain_length);
  json.end();
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
