// Starting threads.
#pragma once

#include <system_error>
#include <thread>
#include <utility>

#include "base/error.hpp"

namespace sapdr::core {

// A thread that calls `run`. Throws Code::no_memory if the system has none to give.
template <class Run>
std::thread start_thread(Run&& run) {
  try {
    return std::thread(std::forward<Run>(run));
  } catch (const std::system_error& error) {
    throw Error(Code::no_memory,
                "the system gave no thread: " + error.code().message() +
                    "; end others, or raise the limit of processes",
                Retry::maybe);
  }
}

}  // namespace sapdr::core
