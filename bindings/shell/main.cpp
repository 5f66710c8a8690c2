// The command `sapdr`: parse, run one command, report how it ended.
#include <unistd.h>

#include <csignal>
#include <memory>
#include <optional>

#include "command_line.hpp"
#include "events.hpp"
#include "session.hpp"
#include "terminal.hpp"

namespace sapdr::shell {
namespace {

std::unique_ptr<Report> make_report(const CommandLine& line, Sink& sink, Console& console) {
  const bool details = line.globals.verbose > 0;
  const bool quiet = line.globals.quiet;
  if (line.globals.json) return std::make_unique<EventReport>(sink, line.command, details, quiet);
  return std::make_unique<TerminalReport>(sink, console, details, quiet);
}

int run(int argc, const char* const* argv) {
  CommandLine line;
  bool wanted = true;
  auto failure = failure_of([&] { wanted = parse_arguments(argc, argv, line); });
  if (!wanted) return 0;

  Sink sink(STDOUT_FILENO, "standard output");
  Console console(line.globals);
  const auto report = make_report(line, sink, console);
  Summary summary;
  if (!failure) {
    failure = failure_of([&] {
      Session session(line.globals, console, *report, summary);
      line.run(session);
    });
  }
  auto unreported = failure_of([&] { report->finish(summary, failure ? &*failure : nullptr); });
  if (!failure) failure = std::move(unreported);
  if (!failure) return 0;
  console.failure(*failure);
  return sapdr_status_exit_code(failure->status());
}

}  // namespace
}  // namespace sapdr::shell

int main(int argc, char** argv) {
  // A pipe that is closed is a write that fails, not a death that would leave locks behind.
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return sapdr::shell::run(argc, argv);
  } catch (...) {
    return sapdr_status_exit_code(SAPDR_E_NO_MEMORY);
  }
}
