#include <sapdr/mongodb.h>

#include <list>
#include <numeric>

#include "capi/backup.hpp"
#include "capi/run.hpp"
#include "operation/mongodb_backup.hpp"
#include "operation/mongodb_timeline.hpp"

namespace capi = sapdr::capi;
namespace core = sapdr::core;
namespace mongodb = sapdr::core::mongodb;

namespace {

sapdr_oplog_time to_c(mongodb::OplogTime time) {
  return {time.seconds, time.increment};
}

sapdr_mongodb_capture to_c(const core::MongodbBackupResult& from) {
  const mongodb::CaptureRecord& record = from.record;
  sapdr_mongodb_capture capture{};
  capture.is_full = from.is_full ? 1 : 0;
  capture.has_oplog = record.identity.has_oplog() ? 1 : 0;
  capture.has_gap = from.gap_from != mongodb::OplogTime{} ? 1 : 0;
  capture.consistent = to_c(record.consistent);
  capture.last = to_c(record.last);
  capture.gap_from = to_c(from.gap_from);
  capture.gap_to = to_c(from.gap_to);
  capture.collections = record.collections.size();
  for (const mongodb::CapturedCollection& each : record.collections) {
    capture.documents += each.documents;
    capture.document_bytes += each.bytes;
  }
  capture.oplog_entries = record.oplog_entries;
  capture.oplog_bytes = record.oplog_bytes;
  capture.has_bridge = from.bridge ? 1 : 0;
  capture.bridge_id = capi::to_c(from.bridge.value_or(core::Id{}));
  return capture;
}

core::MongodbBackupOptions read_mongodb(const sapdr_mongodb_options& given) {
  capi::require_unused(given.reserved);
  core::MongodbBackupOptions options;
  options.full = given.full != 0;
  options.capture.filter = {capi::read_strings(given.includes, given.n_includes, "includes"),
                            capi::read_strings(given.excludes, given.n_excludes, "excludes")};
  options.capture.bytes_per_second = given.limit_read;
  options.capture.batch_documents = given.batch_documents;
  return options;
}

}  // namespace

sapdr_status sapdr_mongodb_backup(sapdr_mongodb_capture* capture, sapdr_backup_result* result,
                                  sapdr_repo* repo, const char* uri,
                                  const sapdr_mongodb_options* mongodb,
                                  const sapdr_backup_options* options, sapdr_error** err) {
  return capi::guard(err, [&] {
    const capi::Result<sapdr_mongodb_capture> told(capture);
    core::MongodbBackupResult done;
    const capi::AtEnd tell([&] { told.write(to_c(done)); });
    capi::back_up_whole(result, repo, options,
                        [&](const core::Context&, core::UnixNs) -> capi::Backup {
                          const core::MongodbBackupOptions read =
                              read_mongodb(capi::read_options(mongodb, "mongodb"));
                          const auto deployment = std::make_shared<mongodb::Deployment>(
                              capi::use(repo)->context_ptr(), &capi::require(uri, "uri"));
                          return [&done, read, deployment](
                                     core::Repository& repository, const core::RepositoryLock& lock,
                                     const core::BackupOptions& backup_options,
                                     core::BackupResult& backup_result, core::Progress& progress) {
                            core::backup_mongodb(repository, lock, deployment, read, backup_options,
                                                 done, backup_result, progress);
                          };
                        });
  });
}

// With the structs that lend its strings.
struct sapdr_mongodb_timeline {
  explicit sapdr_mongodb_timeline(std::vector<core::MongodbHistory> found)
      : histories(std::move(found)) {
    for (const core::MongodbHistory& history : histories) {
      for (const core::MongodbRange& range : history.ranges) {
        add(history, to_c(range.from), to_c(range.to), range.snapshots);
      }
      if (!history.undated.empty()) add(history, {}, {}, history.undated);
    }
  }

  void add(const core::MongodbHistory& history, sapdr_oplog_time from, sapdr_oplog_time to,
           const std::vector<core::Id>& snapshots) {
    const auto& includes = lend(history.filter.includes);
    const auto& excludes = lend(history.filter.excludes);
    std::vector<sapdr_id>& own = ids.emplace_back();
    for (const core::Id& id : snapshots) own.push_back(capi::to_c(id));
    ranges.push_back({sizeof(sapdr_mongodb_range), history.identity.has_oplog() ? 1 : 0,
                      history.identity.replica_set.c_str(), history.identity.replica_set_id.c_str(),
                      includes.data(), includes.size(), excludes.data(), excludes.size(), from, to,
                      own.data(), own.size()});
  }

  const std::vector<const char*>& lend(const std::vector<std::string>& from) {
    std::vector<const char*>& lent = texts.emplace_back();
    for (const std::string& each : from) lent.push_back(each.c_str());
    return lent;
  }

  const std::vector<core::MongodbHistory> histories;
  std::list<std::vector<const char*>> texts;
  std::list<std::vector<sapdr_id>> ids;
  std::vector<sapdr_mongodb_range> ranges;
};

sapdr_status sapdr_mongodb_timeline_new(sapdr_mongodb_timeline** out, sapdr_repo* repo,
                                        sapdr_cancel* cancel, sapdr_error** err) {
  return capi::guard_new(out, err, [&] {
    const core::RepositoryPtr& repository = capi::use(repo);
    return capi::at_pace(repository->context(), [&] {
      capi::RunProgress progress(nullptr, cancel);
      const capi::Session session(repository, capi::Index::load, progress);
      return std::make_unique<sapdr_mongodb_timeline>(
          core::mongodb_timeline(*repository, progress));
    });
  });
}

size_t sapdr_mongodb_timeline_size(const sapdr_mongodb_timeline* timeline) {
  return timeline == nullptr ? 0 : timeline->ranges.size();
}

const sapdr_mongodb_range* sapdr_mongodb_timeline_at(const sapdr_mongodb_timeline* timeline,
                                                     size_t at) {
  return timeline == nullptr || at >= timeline->ranges.size() ? nullptr : &timeline->ranges[at];
}

void sapdr_mongodb_timeline_free(sapdr_mongodb_timeline* timeline) {
  delete timeline;
}
