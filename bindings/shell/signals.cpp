#include "signals.hpp"

#include <atomic>
#include <csignal>

namespace sapdr::shell {
namespace {

std::atomic<sapdr_cancel*> target{nullptr};
static_assert(std::atomic<sapdr_cancel*>::is_always_lock_free);

void on_signal(int) {
  sapdr_cancel_trigger(target.load());
}

}  // namespace

SignalsCancel::SignalsCancel(sapdr_cancel* cancel) {
  target = cancel;
  struct sigaction action {};
  action.sa_handler = on_signal;
  // No SA_RESTART: a read of a password must end, too.
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  // restic probes with SIGHUP whether the process of a lock still lives, and ignores it itself.
  std::signal(SIGHUP, SIG_IGN);
}

SignalsCancel::~SignalsCancel() {
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
  std::signal(SIGHUP, SIG_DFL);
  target = nullptr;
}

}  // namespace sapdr::shell
