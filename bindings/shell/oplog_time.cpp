#include "oplog_time.hpp"

#include "text.hpp"

namespace sapdr::shell {

std::string utc_second(sapdr_oplog_time time) {
  constexpr std::size_t kSeconds = 19;  // of "2025-11-14T14:30:00.000000000Z"
  return utc_time(std::int64_t{time.seconds} * 1'000'000'000).substr(0, kSeconds) + "Z";
}

JsonObject oplog_time_fields(sapdr_oplog_time time) {
  JsonObject out;
  out.number("t", time.seconds).number("i", time.increment).text("time", utc_second(time));
  return out;
}

}  // namespace sapdr::shell
