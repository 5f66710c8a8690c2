// BSON documents, made and looked into with libbson.
#pragma once

#include <bson/bson.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "component/mongodb/oplog_time.hpp"

namespace sapdr::core::mongodb {

// Where in a document something is. A struct of its own, so that it keeps its alignment in whatever
// it is put into.
struct Value {
  bson_iter_t at;

  std::string_view key() const { return bson_iter_key(&at); }
};

// A document of its own memory. Members are added in order, and each call gives the document back,
// so that they can be chained.
class Document {
 public:
  Document() { bson_init(&bson_); }
  // Takes over what libmongoc has filled in.
  explicit Document(bson_t& taken) { bson_steal(&bson_, &taken); }
  ~Document() { bson_destroy(&bson_); }
  Document(Document&& other) noexcept : Document(other.bson_) { bson_init(&other.bson_); }
  Document& operator=(Document&& other) noexcept {
    if (this == &other) return *this;
    bson_destroy(&bson_);
    bson_steal(&bson_, &other.bson_);
    bson_init(&other.bson_);
    return *this;
  }

  Document& text(std::string_view key, std::string_view value);
  Document& number(std::string_view key, int64_t value);
  Document& boolean(std::string_view key, bool value);
  Document& time(std::string_view key, OplogTime value);
  Document& document(std::string_view key, const Document& value);
  Document& value(std::string_view key, const Value& value);
  // An array of one document.
  Document& list(std::string_view key, const Document& only);

  bson_t* get() { return &bson_; }
  const bson_t* get() const { return &bson_; }
  bool is_empty() const { return bson_empty(&bson_); }
  // Valid until the document changes.
  ByteView bytes() const;

 private:
  bson_t bson_;
};

// The members of a document, or the elements of an array, one after the other.
class Members {
 public:
  // Of nothing, if the value is neither. Belongs to what the value is in.
  explicit Members(const std::optional<Value>& of = std::nullopt);
  // Nothing at the end.
  std::optional<Value> next();

 private:
  std::optional<Value> place_;
};

// A member of a document, or of a document in it ("cursor.id"); nothing if there is none.
std::optional<Value> find(const bson_t* document, const char* path);
std::optional<Value> find(ByteView document, const char* path);

// What a value is; the fallback if it is of another type.
std::string_view text_of(const std::optional<Value>& value, std::string_view fallback = {});
int64_t number_of(const std::optional<Value>& value, int64_t fallback = 0);
bool boolean_of(const std::optional<Value>& value, bool fallback = false);
std::optional<OplogTime> time_of(const std::optional<Value>& value);
// Of a document or an array; empty if it is none. Belongs to what the value is in.
ByteView document_of(const std::optional<Value>& value);
// Of a UUID, 16 bytes; empty if it is none.
ByteView uuid_of(const std::optional<Value>& value);

}  // namespace sapdr::core::mongodb
