// One run of one command: the handles it needs, opened when it needs them.
#pragma once

#include <cstdint>
#include <string_view>

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

  // For what needs no repository.
  sapdr_ctx* context();

  // A text that is all of standard output: a usage error if events are wanted there.
  void print_document(std::string_view text);

  // Storage alone, at `location` or, if that is empty, where the repository is.
  Backend storage(const std::string& location);

  // All of them read a password. `skip_verify`: do not prove each blob before it is stored.
  sapdr_repo* open(bool skip_verify = false);
  // For what changes nothing that was stored: a second copy of the storage may serve.
  sapdr_repo* open_to_read();
  // Options as in sapdr_repo_init_options, but for the password.
  sapdr_repo* create(sapdr_repo_init_options options);
  // The repository of --from-repo. Only this one is then opened without locks if --no-lock says so.
  sapdr_repo* open_from(const RepositoryOptions& from);

 private:
  Backend storage_at(const std::string& location, bool only_reads = false);
  Repository open_at(const std::string& location, sapdr_repo_open_options options,
                     const Secret& password, bool only_reads);

  const GlobalOptions& options_;
  Console& console_;
  Report& report_;
  Summary& summary_;
  Cancel cancel_;
  SignalsCancel signals_;
  Context context_;
  Repository repository_;
  Repository from_;
};

}  // namespace sapdr::shell
