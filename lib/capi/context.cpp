#include "base/context.hpp"

#include <sapdr/context.h>

#include "capi/handles.hpp"
#include "capi/options.hpp"

namespace capi = sapdr::capi;
namespace core = sapdr::core;

namespace {

// Hands records to the caller's function; the context calls it once at a time.
std::function<void(const core::LogRecord&)> log_to(const sapdr_ctx_options& options) {
  if (options.on_log == nullptr) return {};
  return [on_log = options.on_log, user = options.log_user](const core::LogRecord& from) {
    const std::string message(from.message);
    sapdr_log_record record{};
    record.struct_size = sizeof record;
    record.level = static_cast<int32_t>(from.level);
    record.time_ns = from.time;
    record.component = from.component;
    record.message = message.c_str();
    on_log(user, &record);
  };
}

core::PaceSettings read_pace(const sapdr_ctx_options& given) {
  core::PaceSettings pace;
  capi::require_range(given.nice, 0, core::max_nice, "nice");
  capi::require_range(given.io_level, 0, core::lowest_io_level, "io_level");
  pace.limit_cpu = given.limit_cpu_percent;
  pace.nice = given.nice;
  pace.io_class = capi::read_choice<core::IoClass>(given.io_class, SAPDR_IO_IDLE, "io_class");
  if (given.io_level != 0 && pace.io_class != core::IoClass::best_effort) {
    throw core::Error(core::Code::invalid_argument,
                      "io_level is a level within SAPDR_IO_BEST_EFFORT; give that io_class");
  }
  if (given.io_level != 0) pace.io_level = given.io_level;
  return pace;
}

}  // namespace

sapdr_status sapdr_ctx_new(sapdr_ctx** out, const sapdr_ctx_options* options, sapdr_error** err) {
  return capi::guard_new(out, err, [&] {
    const sapdr_ctx_options given = capi::read_options(options, "options");
    capi::require_unused(given.reserved);
    capi::require_range(given.log_level, 0, SAPDR_LOG_DEBUG, "log_level");
    core::Context::Settings settings;
    settings.threads = given.threads;
    if (given.log_level != 0) settings.log_level = core::LogLevel{given.log_level};
    settings.on_log = log_to(given);
    settings.pace = read_pace(given);
    return std::make_unique<sapdr_ctx>(
        sapdr_ctx{std::make_shared<const core::Context>(std::move(settings))});
  });
}

void sapdr_ctx_free(sapdr_ctx* ctx) {
  delete ctx;
}
