#include "component/mongodb/namespaces.hpp"

#include <fnmatch.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>

#include "base/encoding.hpp"
#include "base/openssl.hpp"
#include "net/url.hpp"

namespace sapdr::core::mongodb {

namespace {

// With room for the longest ending of a file, ".metadata.json.gz", in a name of 255 bytes.
constexpr size_t longest_stem = 238;
constexpr size_t kept_of_long_stem = 208;

bool matches_pattern(const std::string& pattern, std::string_view text) {
  return fnmatch(pattern.c_str(), std::string(text).c_str(), FNM_NOESCAPE) == 0;
}

bool matches_one(const std::vector<std::string>& patterns, std::string_view db,
                 std::string_view collection) {
  const std::string ns = std::string(db) + "." + std::string(collection);
  return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
    const bool is_database = pattern.find('.') == std::string::npos;
    return matches_pattern(pattern, is_database ? db : std::string_view(ns));
  });
}

// As in the query of a URL, where a plus stands for a space.
std::string query_escaped(std::string_view text) {
  std::string escaped;
  size_t begin = 0;
  while (true) {
    const size_t space = text.find(' ', begin);
    escaped += percent_encode(text.substr(begin, space - begin));
    if (space == std::string_view::npos) return escaped;
    escaped += '+';
    begin = space + 1;
  }
}

// Base64 for URLs, without padding, of the SHA-1.
std::string hash_text(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash;
  unsigned size = 0;
  require_openssl(
      EVP_Digest(text.data(), text.size(), hash.data(), &size, EVP_sha1(), nullptr) == 1,
      "hash the name of a collection");
  std::string encoded = to_base64(ByteView(reinterpret_cast<const std::byte*>(hash.data()), size));
  while (encoded.ends_with('=')) encoded.pop_back();
  std::replace(encoded.begin(), encoded.end(), '+', '-');
  std::replace(encoded.begin(), encoded.end(), '/', '_');
  return encoded;
}

}  // namespace

bool NamespaceFilter::matches(std::string_view db, std::string_view collection) const {
  if (!includes.empty() && !matches_one(includes, db, collection)) return false;
  return !matches_one(excludes, db, collection);
}

std::string file_stem(std::string_view collection) {
  std::string stem = query_escaped(collection);
  if (stem.size() <= longest_stem) return stem;
  return stem.substr(0, kept_of_long_stem) + "%24" + hash_text(collection);
}

}  // namespace sapdr::core::mongodb
