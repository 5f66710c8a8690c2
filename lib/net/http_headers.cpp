#include <algorithm>

#include "net/http.hpp"

namespace sapdr::core {

namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace

void HttpHeaders::set(std::string_view name, std::string value) {
  std::erase_if(list_, [&](const auto& each) { return is_same_name(each.first, name); });
  list_.emplace_back(name, std::move(value));
}

void HttpHeaders::add(std::string name, std::string value) {
  list_.emplace_back(std::move(name), std::move(value));
}

const std::string* HttpHeaders::find(std::string_view name) const {
  for (const auto& [each, value] : list_) {
    if (is_same_name(each, name)) return &value;
  }
  return nullptr;
}

}  // namespace sapdr::core
