// One run of one command: the handles it needs, opened when it needs them.
#pragma once

#include <cstdint>

#include "console.hpp"
#include "handles.hpp"
#include "report.hpp"
#include "settings.hpp"
#include "signals.hpp"

namespace sapdr::shell {

class Session {
 public:
  Session(const GlobalOptions& options, Console& console, Report& report, Summary& summary);

  const GlobalOptions& options() const { return options_; }
  Console& console() { return console_; }
  Report& report() { return report_; }
  Summary& summary() { return summary_; }

  // The handle that SIGINT and SIGTERM trigger.
  sapdr_cancel* cancel() const { return cancel_.get(); }
  // For what the library does without such a handle: throws if it was triggered.
  void stop_if_cancelled() const;

  // Both read the password. `skip_verify`: do not prove each blob before it is stored.
  sapdr_repo* open(bool skip_verify = false);
  sapdr_repo* create(std::uint32_t version, std::uint32_t scrypt_n);

 private:
  void prepare();
  void limit();

  const GlobalOptions& options_;
  Console& console_;
  Report& report_;
  Summary& summary_;
  Cancel cancel_;
  SignalsCancel signals_;
  Context context_;
  Backend backend_;
  Repository repository_;
};

}  // namespace sapdr::shell
