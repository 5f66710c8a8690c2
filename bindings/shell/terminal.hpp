// Text for people on standard output.
#pragma once

#include "console.hpp"
#include "report.hpp"
#include "sink.hpp"

namespace sapdr::shell {

class TerminalReport : public Report {
 public:
  // `details`: tell every item. `quiet`: print no plan and no summary.
  TerminalReport(Sink& sink, Console& console, bool details, bool quiet);

  void progress(const sapdr_progress&) override {}
  void item(const sapdr_item& item) override;
  void snapshots(const std::vector<const sapdr_snapshot*>& snapshots) override;
  void decisions(const std::string& title, const std::vector<Decision>& group) override;
  void plan(const Summary& plan) override;
  void keys(const std::vector<const sapdr_key*>& keys) override;
  void caches(const std::vector<ListedCache>& caches) override;
  void findings(const std::vector<const sapdr_finding*>& findings) override;
  void mongodb_ranges(const std::vector<const sapdr_mongodb_range*>& ranges) override;
  void node(const sapdr_node& node, bool long_form) override;
  void checksum(const sapdr_file_checksum& file) override;
  void difference(const sapdr_difference& difference) override;
  void match(const sapdr_match& match, bool long_form) override;
  void object(const std::string& type, const char* id, std::uint64_t size) override;
  void content(const std::string& type, const std::string& id, std::string_view bytes) override;
  void finish(const Summary& summary, const Failure* failure) override;

 private:
  Sink& sink_;
  Console& console_;
  bool details_;
  bool quiet_;
  std::string matches_of_;  // snapshot that the last match was in
};

}  // namespace sapdr::shell
