/* Options of a copy. */
#pragma once

#include <sapdr/copy.h>

#include <sapdr/cpp/context.hpp>
#include <sapdr/cpp/observer.hpp>

namespace sapdr {

using copy_result = sapdr_copy_result;
using copy_error = run_error<copy_result>;

/* The fields mean what they mean in sapdr_copy_options. */
struct copy_options {
  bool dry_run = false;
  sapdr::observer observer{};
  const cancel_source* cancel = nullptr;
};

}  // namespace sapdr
