#include <algorithm>
#include <mutex>
#include <unordered_map>
#include <unordered_set>

#include "base/workers.hpp"
#include "operation/repair.hpp"
#include "repository/blob_fetcher.hpp"
#include "repository/blob_writer.hpp"
#include "repository/index_writer.hpp"
#include "repository/lock.hpp"
#include "repository/pack_reader.hpp"

namespace sapdr::core {

namespace {

class PackRepair {
 public:
  PackRepair(Repository& repository, RepairPacksResult& result, Progress& progress)
      : repository_(repository),
        anew_(repository),
        result_(result),
        progress_(progress),
        lock_(repository, LockMode::exclusive, progress) {}

  void run(const std::vector<std::string>& packs, bool dry_run);

 private:
  std::vector<uint32_t> choose(const std::vector<std::string>& packs);
  void look_at(const std::vector<uint32_t>& packs);
  void look_at(uint32_t pack);
  void save_blobs(bool dry_run);
  void take_out();

  Repository& repository_;
  const Repository::ReadAnew anew_;
  RepairPacksResult& result_;
  Progress& progress_;
  const RepositoryLock lock_;
  std::mutex mutex_;
  std::unordered_set<uint32_t> damaged_;
};

std::vector<uint32_t> PackRepair::choose(const std::vector<std::string>& packs) {
  const BlobIndex& index = repository_.index();
  std::vector<uint32_t> numbers;
  if (packs.empty()) {
    for (uint32_t i = 0; i < index.n_packs(); ++i) numbers.push_back(i);
    return numbers;
  }
  for (const std::string& prefix : packs) {
    const auto missing = [&](const Id& id) {
      return Error(Code::not_found, "pack " + id.hex() + " is not in the index; repair the index")
          .with("pack", id.hex());
    };
    // One that is missing in storage can still be named in full: the index is to forget it.
    const auto whole = Id::parse(prefix);
    const Id id = whole ? *whole : repository_.find_by_prefix(FileType::pack, prefix);
    const auto number = index.pack_number(id);
    if (!number) throw missing(id);
    numbers.push_back(*number);
  }
  return numbers;
}

void PackRepair::look_at(const std::vector<uint32_t>& packs) {
  progress_.phase(SAPDR_PHASE_VERIFY);
  for (const uint32_t pack : packs) {
    progress_.expect(1, expected_pack_size(repository_.index().blobs_in(pack)));
  }
  Workers workers(repository_.reads_at_once(), 1);
  for (const uint32_t pack : packs) {
    workers.submit([this, pack] { look_at(pack); });
  }
  workers.finish();
}

void PackRepair::look_at(uint32_t pack) {
  progress_.checkpoint();
  const Id id = repository_.index().pack_id(pack);
  const PackReport report = read_pack(repository_, id, repository_.index().blobs_in(pack));
  progress_.done(1, report.bytes);
  const std::lock_guard lock(mutex_);
  ++result_.packs_read;
  result_.bytes_read += report.bytes;
  if (report.problems.empty()) return;
  ++result_.packs_damaged;
  damaged_.insert(pack);
  const Error error(Code::corrupt, report.problems.front());
  progress_.damaged("pack", id.hex(), error);
}

// What has a right copy in a pack that is whole needs no further one.
void PackRepair::save_blobs(bool dry_run) {
  progress_.phase(SAPDR_PHASE_WRITE);
  const BlobIndex& index = repository_.index();
  const auto is_elsewhere = [&](const BlobPlace& place) {
    const std::vector<BlobPlace> copies = index.find_all(place.id, place.type);
    return std::ranges::any_of(
        copies, [&](const BlobPlace& copy) { return !damaged_.contains(copy.pack); });
  };
  std::unordered_set<Id, IdHash> chosen[2];  // by BlobType
  std::vector<BlobPlace> places;
  for (const uint32_t pack : damaged_) {
    for (const BlobPlace& place : index.blobs_in(pack)) {
      if (is_elsewhere(place) || !chosen[static_cast<size_t>(place.type)].insert(place.id).second)
        continue;
      places.push_back(place);
      progress_.expect(1, place.length);
    }
  }
  BlobWriter writer(repository_, lock_, false);
  BlobsToFetch blobs = all_of(places);
  blobs.take = [&](size_t at, const FetchedBlob& blob) {
    if (!dry_run) writer.copy(blob.place, blob.sealed);
    progress_.done(1, places[at].length);
    const std::lock_guard lock(mutex_);
    ++result_.blobs_saved;
  };
  blobs.lose = [&](size_t at, const Error& error) {
    if (error.code() != Code::corrupt) throw error;  // what cannot be read now is not lost
    progress_.done(1, places[at].length);
    progress_.count_error();
    progress_.damaged("blob", places[at].id.hex(), error);
    const std::lock_guard lock(mutex_);
    ++result_.blobs_lost;
  };
  BlobFetcher(repository_, progress_).run(std::move(blobs));
  if (!dry_run) writer.finish();
}

// The damaged packs leave the index. They are marked, not removed: somebody may still want to look.
void PackRepair::take_out() {
  progress_.phase(SAPDR_PHASE_FINISH);
  const BlobIndex& index = repository_.index();
  std::unordered_map<Id, uint64_t, IdHash> stored;
  repository_.backend().list(FileType::pack, [&](const ObjectInfo& pack) {
    if (const auto id = Id::parse(pack.name)) stored.emplace(*id, pack.size);
  });
  IndexWriter writer(repository_, lock_);
  std::vector<Id> old_files;
  std::unordered_set<uint32_t> done;
  for (const auto& [id, file] : repository_.index_files().files()) {
    const bool is_touched =
        std::ranges::any_of(file.packs, [&](uint32_t pack) { return damaged_.contains(pack); });
    if (!is_touched) continue;
    old_files.push_back(id);
    for (const uint32_t number : file.packs) {
      if (!done.insert(number).second) continue;
      IndexedPack pack = indexed_pack(index, number);
      if (!damaged_.contains(number)) {
        writer.add(std::move(pack));
      } else if (const auto at = stored.find(pack.id); at != stored.end()) {
        // Without its blobs: nobody shall look for them there.
        writer.mark({{pack.id, {}}, repository_.context().now(), at->second});
      }
    }
    for (const MarkedPack& marked : file.marked) writer.mark(marked);
  }
  writer.replace(old_files);
}

void PackRepair::run(const std::vector<std::string>& packs, bool dry_run) {
  progress_.phase(SAPDR_PHASE_PREPARE);
  repository_.load_index(progress_);
  look_at(choose(packs));
  if (damaged_.empty()) return;
  save_blobs(dry_run);
  if (!dry_run) take_out();
  if (result_.blobs_lost > 0) {
    throw Error(Code::incomplete, std::to_string(result_.blobs_lost) +
                                      " blobs are lost: no copy of them is right; back up again "
                                      "what is still there, then repair the snapshots");
  }
}

}  // namespace

void repair_packs(Repository& repository, const std::vector<std::string>& packs, bool dry_run,
                  RepairPacksResult& result, Progress& progress) {
  PackRepair(repository, result, progress).run(packs, dry_run);
}

}  // namespace sapdr::core
