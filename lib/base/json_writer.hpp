// Writes a JSON object member by member, in the order of the calls, as Go's encoding/json does.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.hpp"
#include "base/time.hpp"

namespace sapdr::core {

class JsonWriter {
 public:
  // Appends to `out`, beginning with '{'.
  explicit JsonWriter(std::string& out) : out_(&out) { out.push_back('{'); }

  // Begins a member whose value the caller appends itself.
  std::string& key(std::string_view name);

  void text(std::string_view name, std::string_view value);
  void number(std::string_view name, uint64_t value);
  void boolean(std::string_view name, bool value);
  void time(std::string_view name, UnixNs value);
  void id(std::string_view name, const Id& value);
  void base64(std::string_view name, ByteView value);
  void texts(std::string_view name, const std::vector<std::string>& values);
  void ids(std::string_view name, const std::vector<Id>& values);

  // What Go marks `omitempty`: nothing is written for "" and 0.
  void text_if_any(std::string_view name, std::string_view value);
  void number_if_any(std::string_view name, uint64_t value);
  void texts_if_any(std::string_view name, const std::vector<std::string>& values);
  void id_if_any(std::string_view name, const std::optional<Id>& value);

  void end() { out_->push_back('}'); }

 private:
  std::string* out_;
  bool is_first_ = true;
};

// [a,b] with `append(element)` for each of `elements`.
template <class List, class Append>
void append_json_array(std::string& out, const List& elements, Append append) {
  out.push_back('[');
  bool is_first = true;
  for (const auto& element : elements) {
    if (!is_first) out.push_back(',');
    is_first = false;
    append(element);
  }
  out.push_back(']');
}

}  // namespace sapdr::core
