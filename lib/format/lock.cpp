#include "format/lock.hpp"

#include <limits>

#include "base/json.hpp"
#include "base/json_writer.hpp"

namespace sapdr::core {

LockInfo parse_lock(std::string_view text, std::string_view what) {
  const auto value = parse_json(text, what);
  const JsonReader json(value, what);
  LockInfo lock;
  // Without its time a lock would count as stale, and the repository as free.
  if (json.member("time") == nullptr) json.fail("time", "is missing");
  lock.time = json.time("time");
  lock.exclusive = json.boolean("exclusive");
  lock.hostname = json.text("hostname");
  lock.username = json.text("username");
  const uint64_t pid = json.number("pid");
  if (pid > std::numeric_limits<int64_t>::max()) json.fail("pid", "is larger than 63 bits");
  lock.pid = static_cast<int64_t>(pid);
  lock.uid = json.number32("uid");
  lock.gid = json.number32("gid");
  return lock;
}

std::string lock_json(const LockInfo& lock) {
  std::string out;
  JsonWriter json(out);
  json.time("time", lock.time);
  json.boolean("exclusive", lock.exclusive);
  json.text("hostname", lock.hostname);
  json.text("username", lock.username);
  json.number("pid", static_cast<uint64_t>(lock.pid));
  json.number_if_any("uid", lock.uid);
  json.number_if_any("gid", lock.gid);
  json.end();
  return out;
}

}  // namespace sapdr::core
