#include "base/json_writer.hpp"

#include "base/json.hpp"

namespace sapdr::core {

namespace {

void append_id(std::string& out, const Id& id) {
  out.push_back('"');
  out.append(id.hex());
  out.push_back('"');
}

}  // namespace

std::string& JsonWriter::key(std::string_view name) {
  if (!is_first_) out_->push_back(',');
  is_first_ = false;
  append_json_string(*out_, name);
  out_->push_back(':');
  return *out_;
}

void JsonWriter::text(std::string_view name, std::string_view value) {
  append_json_string(key(name), value);
}

void JsonWriter::number(std::string_view name, uint64_t value) {
  key(name).append(std::to_string(value));
}

void JsonWriter::boolean(std::string_view name, bool value) {
  key(name).append(value ? "true" : "false");
}

void JsonWriter::time(std::string_view name, UnixNs value) {
  std::string& out = key(name);
  out.push_back('"');
  append_time(out, value);
  out.push_back('"');
}

void JsonWriter::id(std::string_view name, const Id& value) {
  append_id(key(name), value);
}

void JsonWriter::base64(std::string_view name, ByteView value) {
  key(name).append("\"").append(to_base64(value)).append("\"");
}

void JsonWriter::texts(std::string_view name, const std::vector<std::string>& values) {
  std::string& out = key(name);
  append_json_array(out, values, [&](const std::string& v) { append_json_string(out, v); });
}

void JsonWriter::ids(std::string_view name, const std::vector<Id>& values) {
  std::string& out = key(name);
  append_json_array(out, values, [&](const Id& v) { append_id(out, v); });
}

void JsonWriter::text_if_any(std::string_view name, std::string_view value) {
  if (!value.empty()) text(name, value);
}

void JsonWriter::number_if_any(std::string_view name, uint64_t value) {
  if (value != 0) number(name, value);
}

void JsonWriter::texts_if_any(std::string_view name, const std::vector<std::string>& values) {
  if (!values.empty()) texts(name, values);
}

void JsonWriter::id_if_any(std::string_view name, const std::optional<Id>& value) {
  if (value) id(name, *value);
}

}  // namespace sapdr::core
