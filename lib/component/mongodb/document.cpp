#include "component/mongodb/document.hpp"

#include <cstring>

namespace sapdr::core::mongodb {

namespace {

int size_of(std::string_view text) {
  return static_cast<int>(text.size());
}

ByteView view(const uint8_t* data, uint32_t size) {
  return {reinterpret_cast<const std::byte*>(data), size};
}

}  // namespace

Document& Document::text(std::string_view key, std::string_view value) {
  bson_append_utf8(&bson_, key.data(), size_of(key), value.data(), size_of(value));
  return *this;
}

Document& Document::number(std::string_view key, int64_t value) {
  bson_append_int64(&bson_, key.data(), size_of(key), value);
  return *this;
}

Document& Document::boolean(std::string_view key, bool value) {
  bson_append_bool(&bson_, key.data(), size_of(key), value);
  return *this;
}

Document& Document::time(std::string_view key, OplogTime value) {
  bson_append_timestamp(&bson_, key.data(), size_of(key), value.seconds, value.increment);
  return *this;
}

Document& Document::document(std::string_view key, const Document& value) {
  bson_append_document(&bson_, key.data(), size_of(key), value.get());
  return *this;
}

Document& Document::value(std::string_view key, const Value& value) {
  bson_append_iter(&bson_, key.data(), size_of(key), &value.at);
  return *this;
}

Document& Document::list(std::string_view key, const Document& only) {
  Document array;
  array.document("0", only);
  bson_append_array(&bson_, key.data(), size_of(key), array.get());
  return *this;
}

ByteView Document::bytes() const {
  return view(bson_get_data(&bson_), bson_.len);
}

Members::Members(const std::optional<Value>& of) {
  Value inside;
  if (of && bson_iter_recurse(&of->at, &inside.at)) place_ = inside;
}

std::optional<Value> Members::next() {
  if (!place_ || !bson_iter_next(&place_->at)) return std::nullopt;
  return place_;
}

std::optional<Value> find(const bson_t* document, const char* path) {
  Value from, found;
  if (!bson_iter_init(&from.at, document) ||
      !bson_iter_find_descendant(&from.at, path, &found.at)) {
    return std::nullopt;
  }
  return found;
}

std::optional<Value> find(ByteView document, const char* path) {
  bson_t bson;
  if (document.empty()) return std::nullopt;
  if (!bson_init_static(&bson, reinterpret_cast<const uint8_t*>(document.data()),
                        document.size())) {
    return std::nullopt;
  }
  return find(&bson, path);
}

std::string_view text_of(const std::optional<Value>& value, std::string_view fallback) {
  if (!value || !BSON_ITER_HOLDS_UTF8(&value->at)) return fallback;
  uint32_t size = 0;
  const char* text = bson_iter_utf8(&value->at, &size);
  return {text, size};
}

int64_t number_of(const std::optional<Value>& value, int64_t fallback) {
  if (!value || !BSON_ITER_HOLDS_NUMBER(&value->at)) return fallback;
  return bson_iter_as_int64(&value->at);
}

bool boolean_of(const std::optional<Value>& value, bool fallback) {
  return value ? bson_iter_as_bool(&value->at) : fallback;
}

std::optional<OplogTime> time_of(const std::optional<Value>& value) {
  if (!value || !BSON_ITER_HOLDS_TIMESTAMP(&value->at)) return std::nullopt;
  OplogTime time;
  bson_iter_timestamp(&value->at, &time.seconds, &time.increment);
  return time;
}

ByteView document_of(const std::optional<Value>& value) {
  const uint8_t* data = nullptr;
  uint32_t size = 0;
  if (value && BSON_ITER_HOLDS_DOCUMENT(&value->at)) bson_iter_document(&value->at, &size, &data);
  if (value && BSON_ITER_HOLDS_ARRAY(&value->at)) bson_iter_array(&value->at, &size, &data);
  return view(data, size);
}

ByteView uuid_of(const std::optional<Value>& value) {
  if (!value || !BSON_ITER_HOLDS_BINARY(&value->at)) return {};
  bson_subtype_t type;
  uint32_t size = 0;
  const uint8_t* data = nullptr;
  bson_iter_binary(&value->at, &type, &size, &data);
  if (type != BSON_SUBTYPE_UUID || size != 16) return {};
  return view(data, size);
}

}  // namespace sapdr::core::mongodb
