// doctor
#include <CLI/CLI.hpp>
#include <array>
#include <memory>

#include "command_line.hpp"
#include "parse.hpp"
#include "session.hpp"
#include "text.hpp"

namespace sapdr::shell {
namespace {

constexpr CommandText kDoctor = {
    "doctor", "Say what protects the data where it is stored, and what endangers it",
    "Asks the storage of a repository about itself and judges the answers: in Azure redundancy,\n"
    "soft delete, versions, immutability, lifecycle rules, the clock and what the credential may\n"
    "do; of a folder its filesystem and its modes. Nothing is changed, and no password is needed.\n"
    "What cannot be found out is named, with how to allow it. A danger, as a lifecycle rule that\n"
    "deletes packs by their age, ends in exit code 35.",
    "  sapdr doctor azure:backups:/models\n"
    "  sapdr doctor --for prune                       the credential is there to delete\n"
    "  sapdr doctor --json                            for monitoring: one event for each "
    "finding\n"};

struct DoctorArguments {
  std::string location;
  std::string duty = "backup";
};

using FindingList = std::unique_ptr<sapdr_finding_list, Freed<sapdr_finding_list_free>>;

void summarise(const std::vector<const sapdr_finding*>& findings, Summary& summary) {
  std::array<std::uint64_t, SAPDR_SEVERITY_UNKNOWN + 1> counts{};
  for (const sapdr_finding* each : findings) ++counts.at(static_cast<std::size_t>(each->severity));
  summary.figures.number("ok", counts[SAPDR_SEVERITY_OK]);
  summary.figures.number("notes", counts[SAPDR_SEVERITY_NOTE]);
  summary.figures.number("warnings", counts[SAPDR_SEVERITY_WARNING]);
  summary.figures.number("dangers", counts[SAPDR_SEVERITY_DANGER]);
  summary.figures.number("unknown", counts[SAPDR_SEVERITY_UNKNOWN]);
  summary.lines = {counted(counts[SAPDR_SEVERITY_DANGER], "danger") + ", " +
                   counted(counts[SAPDR_SEVERITY_WARNING], "warning") + ", " +
                   counted(counts[SAPDR_SEVERITY_NOTE], "note") + ", " +
                   std::to_string(counts[SAPDR_SEVERITY_UNKNOWN]) + " unknown, " +
                   std::to_string(counts[SAPDR_SEVERITY_OK]) + " as they should be"};
}

void run_doctor(const DoctorArguments& a, Session& session) {
  sapdr_doctor_options options;
  SAPDR_INIT(&options);
  options.duty = parse_choice("--for", a.duty,
                              {{"backup", SAPDR_DUTY_BACKUP},
                               {"restore", SAPDR_DUTY_RESTORE},
                               {"prune", SAPDR_DUTY_PRUNE}});
  options.cancel = session.cancel();
  const Backend storage = session.storage(a.location);
  const FindingList list = make<FindingList>([&](auto** out, sapdr_error** error) {
    return sapdr_doctor_run(out, storage.get(), &options, error);
  });
  std::vector<const sapdr_finding*> findings;
  for (std::size_t i = 0; i < sapdr_finding_list_size(list.get()); ++i) {
    findings.push_back(sapdr_finding_list_at(list.get(), i));
  }
  session.report().findings(findings);
  summarise(findings, session.summary());
  require([&](sapdr_error** error) { return sapdr_finding_list_verify(list.get(), error); });
}

}  // namespace

void add_doctor(CLI::App& app, CommandLine& line) {
  const auto arguments = std::make_shared<DoctorArguments>();
  CLI::App& command =
      add_command(app, line, kDoctor, [arguments](Session& s) { run_doctor(*arguments, s); });
  command.add_option("LOCATION", arguments->location, "the storage, instead of --repo");
  command
      .add_option("--for", arguments->duty,
                  "what the credential is there for: backup (default), restore or prune")
      ->type_name("DUTY");
}

}  // namespace sapdr::shell
