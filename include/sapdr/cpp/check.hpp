/* Options and results of check, verify and stats. */
#pragma once

#include <sapdr/check.h>
#include <sapdr/stats.h>
#include <sapdr/verify.h>

#include <chrono>
#include <optional>
#include <sapdr/cpp/context.hpp>
#include <sapdr/cpp/observer.hpp>
#include <string>
#include <vector>

namespace sapdr {

using check_result = sapdr_check_result;
using check_error = run_error<check_result>;
using verify_result = sapdr_verify_result;
using verify_error = run_error<verify_result>;
using stats_result = sapdr_stats_result;

/* The fields mean what they mean in sapdr_check_options. */
struct check_options {
  bool read_data = false;
  std::optional<std::string> read_data_subset{}; /* "2/10", "5%", "10G"; implies read_data */
  uint64_t budget_bytes = 0;
  std::chrono::nanoseconds budget_time{};
  std::chrono::nanoseconds max_age{};
  sapdr::observer observer{};
  const cancel_source* cancel = nullptr;
};

/* The fields mean what they mean in sapdr_verify_options. */
struct verify_options {
  bool strict = false;
  sapdr::observer observer{};
  const cancel_source* cancel = nullptr;
  std::vector<std::string> includes{};
  std::vector<std::string> excludes{};
};

}  // namespace sapdr
