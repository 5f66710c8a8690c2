#include "storage/azure_blob/shared_key.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>
#include <vector>

#include "base/encoding.hpp"
#include "base/error.hpp"

namespace sapdr::core {

namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::string_view trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

// The headers that have a line of their own, in this order; empty where there is none.
constexpr std::array standard_headers = {"Content-Encoding",
                                         "Content-Language",
                                         "Content-Length",
                                         "Content-MD5",
                                         "Content-Type",
                                         "Date",
                                         "If-Modified-Since",
                                         "If-Match",
                                         "If-None-Match",
                                         "If-Unmodified-Since",
                                         "Range"};

void append_standard_headers(std::string& out, const HttpRequest& request) {
  for (const std::string_view name : standard_headers) {
    if (name == "Content-Length") {
      if (!request.body.empty()) out += std::to_string(request.body.size());
    } else if (const std::string* value = request.headers.find(name)) {
      out += *value;
    }
    out += '\n';
  }
}

void append_own_headers(std::string& out, const HttpRequest& request) {
  std::map<std::string, std::string> own;
  for (const auto& [name, value] : request.headers) {
    const std::string key = lower(name);
    if (key.starts_with("x-ms-")) own.emplace(key, trimmed(value));
  }
  for (const auto& [name, value] : own) out.append(name).append(":").append(value).append("\n");
}

// The path as it is sent, and the decoded query by name.
void append_resource(std::string& out, const HttpRequest& request, const std::string& account) {
  out.append("/").append(account).append(request.url.path);
  std::map<std::string, std::vector<std::string>> query;
  for (auto& [name, value] : split_query(request.url.query)) {
    query[lower(name)].push_back(std::move(value));
  }
  for (auto& [name, values] : query) {
    std::sort(values.begin(), values.end());
    out.append("\n").append(name).append(":");
    for (size_t i = 0; i < values.size(); ++i) out.append(i == 0 ? "" : ",").append(values[i]);
  }
}

}  // namespace

std::string string_to_sign(const HttpRequest& request, const std::string& account) {
  std::string out = request.method + "\n";
  append_standard_headers(out, request);
  append_own_headers(out, request);
  append_resource(out, request, account);
  return out;
}

std::string shared_key_authorization(const HttpRequest& request, const std::string& account,
                                     ByteView key) {
  const std::string text = string_to_sign(request, account);
  std::array<std::byte, EVP_MAX_MD_SIZE> mac;
  unsigned size = 0;
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), uc(as_bytes(text).data()),
           text.size(), uc(mac.data()), &size) == nullptr) {
    throw Error(Code::internal, "HMAC-SHA256 of OpenSSL failed");
  }
  return "SharedKey " + account + ":" + to_base64(ByteView(mac).first(size));
}

}  // namespace sapdr::core
