// Structs that carry their size, and plain arguments. A caller built against another version of the
// headers may have a shorter or a longer struct; what this version does not know is refused, never
// overlooked.
#pragma once

#include <algorithm>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "capi/guard.hpp"
#include "crypto/scrypt.hpp"

namespace sapdr::capi {

// Size that a struct had in its first version; specialised once it has grown.
template <class T>
inline constexpr uint32_t first_size = sizeof(T);

inline uint32_t check_size(uint32_t size, uint32_t least, const char* name) {
  if (size < least) {
    throw Error(Code::invalid_argument, std::string("the struct_size of \"") + name + "\" is " +
                                            std::to_string(size) +
                                            "; start the struct with SAPDR_INIT");
  }
  return size;
}

// A newer caller may set what this version does not have: bytes from `known` on must be zero.
inline void check_tail(const void* given, size_t known, size_t size, const char* name) {
  const char* bytes = static_cast<const char*>(given);
  if (size > known && std::any_of(bytes + known, bytes + size, [](char c) { return c != 0; })) {
    throw Error(Code::unsupported, std::string("\"") + name +
                                       "\" sets a field that this version of the library does not "
                                       "know; update the library");
  }
}

// The options as this version knows them; NULL gives all defaults.
template <class T>
T read_options(const T* given, const char* name) {
  T own{};
  if (given != nullptr) {
    const uint32_t size = check_size(given->struct_size, first_size<T>, name);
    check_tail(given, sizeof own, size, name);
    std::memcpy(&own, given, std::min<size_t>(size, sizeof own));
  }
  own.struct_size = sizeof own;
  return own;
}

// The result struct of a caller, which may be NULL.
template <class T>
class Result {
 public:
  explicit Result(T* given) : given_(given) {
    if (given_ == nullptr) return;
    size_ = check_size(given_->struct_size, first_size<T>, "result");
    write(T{});
  }

  // Never writes more than the caller's struct holds.
  void write(T value) const {
    if (given_ == nullptr) return;
    value.struct_size = size_;
    std::memcpy(given_, &value, std::min<size_t>(size_, sizeof value));
  }

 private:
  T* given_;
  uint32_t size_ = 0;
};

// A field that means nothing yet must be zero, so that it can mean something one day.
inline void require_unused(int64_t reserved) {
  if (reserved != 0) {
    throw Error(Code::unsupported,
                "a reserved field is not zero; start the struct with SAPDR_INIT or update the "
                "library");
  }
}

// A number from `least` to `most`.
inline int64_t require_range(int64_t value, int64_t least, int64_t most, const char* name) {
  if (value < least || value > most) {
    throw Error(Code::invalid_argument, std::string("\"") + name + "\" is " +
                                            std::to_string(value) + "; it goes from " +
                                            std::to_string(least) + " to " + std::to_string(most));
  }
  return value;
}

// A choice whose values are the same outside and inside.
template <class Enum>
Enum read_choice(int32_t value, int32_t last, const char* name) {
  require_range(value, 0, last, name);
  return Enum{value};
}

// A duration: not negative, and small enough to be added to a point in time.
inline int64_t read_duration(int64_t ns, const char* name) {
  constexpr int64_t longest = std::numeric_limits<int64_t>::max() / 4;
  return std::min(require_range(ns, 0, std::numeric_limits<int64_t>::max(), name), longest);
}

// NULL is the default, told as the empty text; the empty text itself is refused.
inline std::string optional_text(const char* text, const char* name) {
  if (text == nullptr) return {};
  if (*text == '\0') {
    throw Error(Code::invalid_argument,
                std::string("the argument \"") + name + "\" is empty; give it or pass NULL");
  }
  return text;
}

inline std::vector<std::string> read_strings(const char* const* list, size_t n, const char* name) {
  std::vector<std::string> strings;
  if (n > 0) require(list, name);
  for (size_t i = 0; i < n; ++i) strings.emplace_back(&require(list[i], name));
  return strings;
}

// Lists of tags, each as one text: "a,b". As restic does, blanks around a tag do not count.
inline std::vector<std::vector<std::string>> read_tag_lists(const char* const* lists, size_t n,
                                                            const char* name) {
  std::vector<std::vector<std::string>> all;
  for (const std::string& list : read_strings(lists, n, name)) {
    std::vector<std::string>& tags = all.emplace_back();
    for (size_t begin = 0; begin <= list.size();) {
      const size_t end = std::min(list.find(',', begin), list.size());
      std::string tag = list.substr(begin, end - begin);
      tag.erase(0, tag.find_first_not_of(' '));
      tags.push_back(tag.substr(0, tag.find_last_not_of(' ') + 1));
      begin = end + 1;
    }
  }
  return all;
}

inline core::SecretBytes read_secret(const char* bytes, size_t size, const char* name) {
  if (size == 0) return {};
  const core::ByteView view = core::as_bytes({&require(bytes, name), size});
  return {view.begin(), view.end()};
}

// What is 0 is as usual.
inline core::ScryptCost read_cost(uint32_t n, uint32_t r, uint32_t p) {
  core::ScryptCost cost;
  if (n != 0) cost.n = n;
  if (r != 0) cost.r = r;
  if (p != 0) cost.p = p;
  return cost;
}

}  // namespace sapdr::capi
