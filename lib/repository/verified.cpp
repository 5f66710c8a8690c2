#include "repository/verified.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <map>
#include <mutex>

#include "base/json.hpp"
#include "base/json_writer.hpp"
#include "base/workers.hpp"
#include "repository/erase_all.hpp"

namespace sapdr::core {

namespace {

// From so many objects on it pays to put them together.
constexpr size_t many_objects = 16;

std::vector<Id> ids_of(const JsonReader& record, std::string_view key, std::string_view what) {
  std::vector<Id> ids;
  if (const boost::json::array* list = record.array(key)) {
    for (const auto& value : *list) ids.push_back(json_id(value, what));
  }
  return ids;
}

VerifiedRecord read_record(const JsonReader& json, std::string_view what) {
  return {parse_time(json.required_text("time")), ids_of(json, "packs", what),
          ids_of(json, "snapshots", what), ids_of(json, "damaged_packs", what),
          ids_of(json, "damaged_snapshots", what)};
}

std::vector<VerifiedRecord> load_records(Repository& repository, const Id& id) {
  const std::string what = "verified " + id.hex();
  const Bytes text = repository.load_unpacked(FileType::verified, id);
  const boost::json::value value = parse_json(as_text(text), what);
  std::vector<VerifiedRecord> records;
  if (const boost::json::array* list = JsonReader(value, what).array("records")) {
    for (const auto& element : *list) {
      records.push_back(read_record(JsonReader(element, what), what));
    }
  }
  return records;
}

// What another user of the repository wrote may be closed to us: no reason not to list snapshots.
bool proves_nothing(const Error& error) {
  return error.code() == Code::corrupt || error.code() == Code::permission;
}

// None of an object that is gone meanwhile or proves nothing.
std::vector<VerifiedRecord> load_right_records(Repository& repository, const Id& id) {
  try {
    return load_records(repository, id);
  } catch (const Error& error) {
    if (error.code() == Code::not_found) return {};
    if (!proves_nothing(error)) throw;
    repository.context().log(LogLevel::warning, "repository", error.message());
    return {};
  }
}

std::vector<Id> list_records(Repository& repository) {
  try {
    return repository.list(FileType::verified);
  } catch (const Error& error) {
    if (!proves_nothing(error)) throw;
    repository.context().log(LogLevel::warning, "repository", error.message());
    return {};
  }
}

void append_record(std::string& out, const VerifiedRecord& record) {
  JsonWriter json(out);
  json.time("time", record.time);
  const auto append = [&](const char* key, const std::vector<Id>& ids) {
    if (!ids.empty()) json.ids(key, ids);
  };
  append("packs", record.packs);
  append("snapshots", record.snapshots);
  append("damaged_packs", record.damaged_packs);
  append("damaged_snapshots", record.damaged_snapshots);
  json.end();
}

using Times = std::unordered_map<Id, UnixNs, IdHash>;

void keep_latest(Times& times, const std::vector<Id>& ids, UnixNs time) {
  for (const Id& id : ids) {
    UnixNs& last = times.try_emplace(id, time).first->second;
    last = std::max(last, time);
  }
}

// Damage that was found later, or in the same run, undoes a proof.
void take_out_damaged(Times& proven, const Times& damaged) {
  std::erase_if(proven, [&](const auto& entry) {
    const auto at = damaged.find(entry.first);
    return at != damaged.end() && at->second >= entry.second;
  });
}

}  // namespace

void save_verified(Repository& repository, const std::vector<VerifiedRecord>& records) {
  std::string out;
  JsonWriter json(out);
  append_json_array(json.key("records"), records,
                    [&](const VerifiedRecord& record) { append_record(out, record); });
  json.end();
  repository.save_unpacked(FileType::verified, out);
}

VerifiedTimes load_verified(Repository& repository) {
  VerifiedTimes proven;
  VerifiedTimes damaged;
  std::mutex mutex;
  const auto take = [&](const Id& id) {
    const std::vector<VerifiedRecord> records = load_right_records(repository, id);
    const std::lock_guard lock(mutex);
    for (const VerifiedRecord& record : records) {
      keep_latest(proven.packs, record.packs, record.time);
      keep_latest(proven.snapshots, record.snapshots, record.time);
      keep_latest(damaged.packs, record.damaged_packs, record.time);
      keep_latest(damaged.snapshots, record.damaged_snapshots, record.time);
    }
  };
  const std::vector<Id> ids = list_records(repository);
  const auto threads = std::min<size_t>(repository.reads_at_once(), ids.size());
  Workers workers(static_cast<unsigned>(threads), 64);
  for (const Id& id : ids) {
    workers.submit([&take, id] { take(id); });
  }
  workers.finish();
  take_out_damaged(proven.packs, damaged.packs);
  take_out_damaged(proven.snapshots, damaged.snapshots);
  return proven;
}

void compact_verified(Repository& repository, const RepositoryLock& lock,
                      const std::function<bool(const Id& pack)>& is_in_use) {
  const std::vector<Id> old = repository.list(FileType::verified);
  if (old.size() < many_objects) return;
  const VerifiedTimes times = load_verified(repository);
  const std::vector<Id> snapshots = repository.list(FileType::snapshot);
  std::map<UnixNs, VerifiedRecord> by_time;
  const auto record_of = [&](UnixNs time) -> VerifiedRecord& {
    VerifiedRecord& record = by_time[time];
    record.time = time;
    return record;
  };
  for (const auto& [id, time] : times.packs) {
    if (is_in_use(id)) record_of(time).packs.push_back(id);
  }
  for (const auto& [id, time] : times.snapshots) {
    if (std::ranges::binary_search(snapshots, id)) record_of(time).snapshots.push_back(id);
  }
  std::vector<VerifiedRecord> records;
  for (auto& [time, record] : by_time) records.push_back(std::move(record));
  lock.check();
  save_verified(repository, records);
  erase_all(repository.backend(), FileType::verified, old, [&] { lock.check(); });
}

}  // namespace sapdr::core
