// mongodb
#include <CLI/CLI.hpp>
#include <cstdlib>
#include <memory>

#include "command_line.hpp"
#include "commands/backup_summary.hpp"
#include "oplog_time.hpp"
#include "parse.hpp"
#include "selection.hpp"
#include "session.hpp"
#include "text.hpp"
#include "watch.hpp"

namespace sapdr::shell {
namespace {

constexpr CommandText kMongodb = {
    "mongodb", "Back up MongoDB; show which points in time can be restored",
    "`backup` reads a replica set while others write. The first time it reads all data, and the\n"
    "oplog beside it; then only the oplog since the last backup, unless --full asks for more. "
    "Each\n"
    "snapshot holds a folder as mongodump makes it, /mongodb/REPLICA_SET, from which "
    "`mongorestore\n"
    "--oplogReplay --oplogLimit` restores any time that it covers. If the oplog no longer reaches\n"
    "back to the last backup, all data is read and the exit code is 36: between the two, no time\n"
    "can be restored. `timeline` shows which times can. The connection string comes from the\n"
    "variable MONGO_URI or from a file; reads go to secondaries unless it has a readPreference.",
    "  MONGO_URI=mongodb://backup:…@db1,db2/?replicaSet=rs0 sapdr mongodb backup\n"
    "  sapdr mongodb backup --full --verify --uri-file /etc/sapdr/mongo-uri\n"
    "  sapdr mongodb backup --include shop --exclude 'shop.log*'\n"
    "  sapdr mongodb timeline                         from when to when, and the gaps\n"};

struct MongodbArguments {
  std::string action;
  std::string uri_file, host, limit_read;
  std::vector<std::string> includes, excludes, tag_lists;
  std::uint32_t batch_documents = 0;
  bool full = false, verify = false;

  bool is_for_backup() const {
    return !uri_file.empty() || !host.empty() || !limit_read.empty() || !includes.empty() ||
           !excludes.empty() || !tag_lists.empty() || batch_documents != 0 || full || verify;
  }
};

using Timeline = std::unique_ptr<sapdr_mongodb_timeline, Freed<sapdr_mongodb_timeline_free>>;

// The connection string, which may hold a password.
Secret read_uri(const MongodbArguments& a) {
  if (!a.uri_file.empty()) return password_from_file(a.uri_file);
  if (std::getenv("MONGO_URI") != nullptr) return password_from_variable("MONGO_URI");
  throw usage_error("no MongoDB was named")
      .hinted("set MONGO_URI, or give --uri-file FILE with a connection string");
}

// The options of the C ABI with all that they point to.
class Options {
 public:
  Options(const MongodbArguments& a, const Watch& watch, sapdr_cancel* cancel)
      : tags_(split_commas(a.tag_lists)),
        tag_pointers_(tags_),
        includes_(a.includes),
        excludes_(a.excludes) {
    SAPDR_INIT(&backup);
    backup.observer = watch.observer();
    backup.cancel = cancel;
    backup.verify = a.verify;
    backup.host = a.host.empty() ? nullptr : a.host.c_str();
    backup.tags = tag_pointers_.data();
    backup.n_tags = tag_pointers_.size();
    SAPDR_INIT(&mongodb);
    mongodb.full = a.full;
    mongodb.includes = includes_.data();
    mongodb.n_includes = includes_.size();
    mongodb.excludes = excludes_.data();
    mongodb.n_excludes = excludes_.size();
    mongodb.batch_documents = a.batch_documents;
    if (!a.limit_read.empty()) mongodb.limit_read = parse_size("--limit-read", a.limit_read);
  }
  Options(const Options&) = delete;
  Options& operator=(const Options&) = delete;

  sapdr_backup_options backup;
  sapdr_mongodb_options mongodb;

 private:
  std::vector<std::string> tags_;
  CStrings tag_pointers_, includes_, excludes_;
};

void add_capture(const sapdr_mongodb_capture& c, Summary& summary) {
  JsonObject& out = summary.figures;
  out.text("kind", c.is_full != 0 ? "full" : "incremental");
  if (c.has_oplog != 0) {
    out.object("consistent", oplog_time_fields(c.consistent));
    out.object("last", oplog_time_fields(c.last));
  }
  if (c.has_gap != 0) {
    out.object("gap_from", oplog_time_fields(c.gap_from));
    out.object("gap_to", oplog_time_fields(c.gap_to));
  }
  if (c.has_bridge != 0) out.text("bridge_id", hex(c.bridge_id));
  out.number("collections", c.collections).number("documents", c.documents);
  out.number("document_bytes", c.document_bytes).number("oplog_entries", c.oplog_entries);
  out.number("oplog_bytes", c.oplog_bytes);
  if (summary.lines.empty()) return;
  summary.lines.push_back(
      std::string(c.is_full != 0 ? "all data: " : "the oplog since the last backup, and ") +
      counted(c.collections, "collection") + ", " + counted(c.documents, "document") + ", " +
      human_bytes(c.document_bytes));
  if (c.has_oplog != 0) {
    summary.lines.push_back("any time can be restored from " + utc_second(c.consistent) + " to " +
                            utc_second(c.last));
  }
}

void back_up(const MongodbArguments& a, Session& session) {
  const Secret uri = read_uri(a);
  Watch watch(session.console(), session.report(), session.options().json);
  const Options options(a, watch, session.cancel());
  sapdr_repo* repo = session.open();
  sapdr_mongodb_capture capture;
  sapdr_backup_result result;
  SAPDR_INIT(&capture);
  SAPDR_INIT(&result);
  auto failure = attempt([&](sapdr_error** error) {
    return sapdr_mongodb_backup(&capture, &result, repo, std::string(uri.view()).c_str(),
                                &options.mongodb, &options.backup, error);
  });
  const bool finished = !failure || failure->status() == SAPDR_E_GAP;
  const Summary backup = backup_summary(result, /*dry_run=*/false, finished);
  session.summary().figures.object("backup", backup.figures);
  session.summary().lines = backup.lines;
  add_capture(capture, session.summary());
  watch.rethrow();
  if (failure) throw std::move(*failure);
}

void show_timeline(Session& session) {
  sapdr_repo* repo = session.open_to_read();
  const Timeline timeline = make<Timeline>([&](auto** out, sapdr_error** error) {
    return sapdr_mongodb_timeline_new(out, repo, session.cancel(), error);
  });
  std::vector<const sapdr_mongodb_range*> ranges;
  for (std::size_t i = 0; i < sapdr_mongodb_timeline_size(timeline.get()); ++i) {
    ranges.push_back(sapdr_mongodb_timeline_at(timeline.get(), i));
  }
  session.report().mongodb_ranges(ranges);
  session.summary().figures.number("ranges", ranges.size());
  session.summary().lines = {counted(ranges.size(), "range")};
}

void run_mongodb(const MongodbArguments& a, Session& session) {
  session.summary().figures.text("action", a.action);
  if (a.action == "backup") return back_up(a, session);
  if (a.action != "timeline") {
    throw usage_error("\"" + shown(a.action) + "\" is not something that is done to MongoDB")
        .hinted("actions: backup, timeline");
  }
  if (a.is_for_backup()) throw usage_error("mongodb timeline takes no options of its own");
  show_timeline(session);
}

}  // namespace

void add_mongodb(CLI::App& app, CommandLine& line) {
  constexpr const char* kGroup = "What to back up";
  const auto a = std::make_shared<MongodbArguments>();
  CLI::App& command = add_command(app, line, kMongodb, [a](Session& s) { run_mongodb(*a, s); });
  command.add_option("ACTION", a->action, "backup or timeline")->required();
  command
      .add_option("--uri-file", a->uri_file,
                  "read the connection string from a file, instead of MONGO_URI")
      ->type_name("FILE")
      ->group(kGroup);
  command.add_flag("--full", a->full, "all data, also where the oplog would do")->group(kGroup);
  add_list(command, "--include", a->includes, "DB[.COLLECTION]",
           "only these, with *, ? and [] (can be repeated)")
      ->group(kGroup);
  add_list(command, "--exclude", a->excludes, "DB[.COLLECTION]", "not these (can be repeated)")
      ->group(kGroup);
  command.add_option("--limit-read", a->limit_read, "bytes a second to read from the servers: 20M")
      ->type_name("SIZE")
      ->group(kGroup);
  command
      .add_option("--batch-documents", a->batch_documents,
                  "documents to ask for at once (default: as many as the server sends)")
      ->type_name("N")
      ->group(kGroup);
  add_list(command, "--tag", a->tag_lists, "TAG[,TAG...]", "tags of the snapshot (can be repeated)")
      ->group("The snapshot");
  command.add_option("-H,--host", a->host, "its host (default: this one)")
      ->type_name("HOST")
      ->group("The snapshot");
  command.add_flag("--verify", a->verify, "read its packs back when it is written")
      ->group("The snapshot");
}

}  // namespace sapdr::shell
