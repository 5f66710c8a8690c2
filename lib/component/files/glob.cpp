#include "component/files/glob.hpp"

#include <locale.h>
#include <wctype.h>

#include <optional>

#include "base/utf8.hpp"

namespace sapdr::core {

namespace {

char32_t take_rune(std::string_view& text) noexcept {
  const Rune rune = decode_rune(text);
  text.remove_prefix(rune.size);
  return rune.value;
}

// One end of a range in a set; nullopt if there is none.
std::optional<char32_t> take_set_rune(std::string_view& pattern) noexcept {
  if (pattern.empty() || pattern.front() == '-' || pattern.front() == ']') return std::nullopt;
  if (pattern.front() == '\\') {
    pattern.remove_prefix(1);
    if (pattern.empty()) return std::nullopt;
  }
  return take_rune(pattern);
}

// Takes a set, whose '[' is taken already. nullopt if it is not valid.
std::optional<bool> take_set(std::string_view& pattern, char32_t rune) noexcept {
  const bool negated = pattern.starts_with('^');
  if (negated) pattern.remove_prefix(1);
  bool found = false;
  for (bool first = true; first || !pattern.starts_with(']'); first = false) {
    const auto low = take_set_rune(pattern);
    if (!low) return std::nullopt;
    auto high = low;
    if (pattern.starts_with('-')) {
      pattern.remove_prefix(1);
      high = take_set_rune(pattern);
      if (!high) return std::nullopt;
    }
    found = found || (*low <= rune && rune <= *high);
  }
  pattern.remove_prefix(1);
  return found != negated;
}

// Takes one element other than '*' and the rune it matches. False if it matches none.
bool take_match(std::string_view& pattern, std::string_view& name) noexcept {
  const char32_t rune = take_rune(name);
  switch (pattern.front()) {
    case '?':
      pattern.remove_prefix(1);
      return true;
    case '[':
      pattern.remove_prefix(1);
      return take_set(pattern, rune).value_or(false);
    case '\\':
      pattern.remove_prefix(1);
      break;
    default:
      break;
  }
  return take_rune(pattern) == rune;
}

class Utf8Locale {
 public:
  Utf8Locale() : locale_(::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {}
  ~Utf8Locale() {
    if (locale_ != nullptr) ::freelocale(locale_);
  }
  Utf8Locale(const Utf8Locale&) = delete;
  Utf8Locale& operator=(const Utf8Locale&) = delete;

  char32_t lower(char32_t rune) const noexcept {
    if (rune < 0x80) return rune >= 'A' && rune <= 'Z' ? rune + ('a' - 'A') : rune;
    if (locale_ == nullptr) return rune;
    return static_cast<char32_t>(::towlower_l(static_cast<wint_t>(rune), locale_));
  }

 private:
  locale_t locale_;
};

}  // namespace

bool is_valid_glob(std::string_view pattern) noexcept {
  while (!pattern.empty()) {
    const char c = pattern.front();
    pattern.remove_prefix(1);
    if (c == '[' && !take_set(pattern, 0)) return false;
    if (c == '\\') {
      if (pattern.empty()) return false;
      take_rune(pattern);
    }
  }
  return true;
}

bool glob_matches(std::string_view pattern, std::string_view name) noexcept {
  // Where to go on after a mismatch: behind the last star, which then takes one rune more. Stars
  // before the last one never have to be tried again.
  std::optional<std::string_view> behind_star;
  std::string_view star_rest;

  for (;;) {
    if (pattern.starts_with('*')) {
      pattern.remove_prefix(1);
      behind_star = pattern;
      star_rest = name;
      continue;
    }
    if (pattern.empty() ? name.empty() : !name.empty() && take_match(pattern, name)) {
      if (pattern.empty() && name.empty()) return true;
      continue;
    }
    if (!behind_star || star_rest.empty()) return false;
    take_rune(star_rest);
    pattern = *behind_star;
    name = star_rest;
  }
}

std::string fold_case(std::string_view text) {
  static const Utf8Locale locale;
  std::string folded;
  folded.reserve(text.size());
  while (!text.empty()) {
    const Rune rune = decode_rune(text);
    if (rune.is_invalid()) {
      folded += text.front();
    } else {
      append_rune(folded, locale.lower(rune.value));
    }
    text.remove_prefix(rune.size);
  }
  return folded;
}

}  // namespace sapdr::core
