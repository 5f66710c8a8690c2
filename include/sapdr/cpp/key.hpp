/* Keys: what they tell, and options of new ones. */
#pragma once

#include <sapdr/key.h>

#include <optional>
#include <sapdr/cpp/context.hpp>
#include <string>
#include <string_view>

namespace sapdr {

/* One key of a repository. */
struct key {
  std::string id;     /* 64 hexadecimal digits */
  std::string host{}; /* where and by whom it was made; empty if unknown */
  std::string user{};
  int64_t created_ns = 0;
  bool is_current = false; /* the repository was opened with it */
  std::string damage{};    /* why its file cannot be read; empty: it can */
};

/* The fields mean what they mean in sapdr_key_options. */
struct key_options {
  std::string password{};
  uint32_t scrypt_n = 0; /* cost of the key derivation; 0: 32768, 8, 6 */
  uint32_t scrypt_r = 0;
  uint32_t scrypt_p = 0;
  std::optional<std::string> host{}; /* nothing: this host's and this user's name */
  std::optional<std::string> user{};
  const cancel_source* cancel = nullptr;
};

namespace detail {

/* Borrows the strings. */
inline sapdr_key_options c_key_options(const key_options& options) {
  auto c = initialized<sapdr_key_options>();
  c.scrypt_n = options.scrypt_n;
  c.scrypt_r = options.scrypt_r;
  c.scrypt_p = options.scrypt_p;
  c.password = options.password.data();
  c.password_size = options.password.size();
  c.host = c_string(options.host);
  c.user = c_string(options.user);
  c.cancel = c_cancel(options.cancel);
  return c;
}

inline key to_cpp(const sapdr_key& c) {
  return {.id = c.id,
          .host = c.host,
          .user = c.user,
          .created_ns = c.created_ns,
          .is_current = c.is_current != 0,
          .damage = std::string(view(c.damage))};
}

}  // namespace detail
}  // namespace sapdr
