#include <algorithm>
#include <map>
#include <mutex>

#include "base/workers.hpp"
#include "operation/repair.hpp"
#include "repository/index_writer.hpp"
#include "repository/lock.hpp"
#include "repository/pack_reader.hpp"

namespace sapdr::core {

namespace {

class IndexRepair {
 public:
  IndexRepair(Repository& repository, const RepairIndexOptions& options, RepairIndexResult& result,
              Progress& progress)
      : repository_(repository),
        anew_(repository),
        options_(options),
        result_(result),
        progress_(progress),
        lock_(repository, LockMode::exclusive, progress) {}

  void run();

 private:
  void load_index();
  void list_packs();
  void drop_missing();
  void read_headers();
  void read_header(const Id& pack, uint64_t size);
  bool is_as_indexed(const Id& pack, uint64_t size) const;
  void compare();
  void write();
  void problem(const char* type, const Id& id, const Error& error);

  Repository& repository_;
  const Repository::ReadAnew anew_;
  const RepairIndexOptions& options_;
  RepairIndexResult& result_;
  Progress& progress_;
  const RepositoryLock lock_;
  std::vector<Id> old_files_;
  std::map<Id, uint64_t> stored_;
  std::mutex mutex_;
  std::map<Id, IndexedPack> found_;  // packs whose headers were read
  uint64_t n_unreadable_ = 0;
  bool has_changed_ = false;
};

void IndexRepair::problem(const char* type, const Id& id, const Error& error) {
  {
    const std::lock_guard lock(mutex_);
    ++result_.problems;
  }
  progress_.count_error();
  progress_.damaged(type, id.hex(), error);
}

void IndexRepair::load_index() {
  repository_.load_index(progress_, [&](const Id& id, const Error& error) {
    ++result_.index_files_damaged;
    problem("index", id, error);
  });
  old_files_ = repository_.list(FileType::index);
  has_changed_ = result_.index_files_damaged > 0;
  for (const auto& [id, file] : repository_.index_files().files()) {
    has_changed_ |= !file.marked.empty();
  }
}

void IndexRepair::list_packs() {
  repository_.backend().sync_names(FileType::pack);  // the index will say that they are there
  repository_.backend().list(FileType::pack, [&](const ObjectInfo& pack) {
    if (const auto id = Id::parse(pack.name)) stored_.emplace(*id, pack.size);
  });
}

void IndexRepair::drop_missing() {
  const BlobIndex& index = repository_.index();
  for (uint32_t number = 0; number < index.n_packs(); ++number) {
    const Id pack = index.pack_id(number);
    if (stored_.contains(pack)) continue;
    ++result_.packs_dropped;
    has_changed_ = true;
    problem("pack", pack,
            Error(Code::corrupt, "pack " + pack.hex() + " is missing; its blobs leave the index"));
  }
}

bool IndexRepair::is_as_indexed(const Id& pack, uint64_t size) const {
  const auto number = repository_.index().pack_number(pack);
  return number && expected_pack_size(repository_.index().blobs_in(*number)) == size;
}

void IndexRepair::read_headers() {
  progress_.phase(SAPDR_PHASE_CHECK);
  Workers workers(repository_.reads_at_once(), 64);
  for (const auto& [id, size] : stored_) {
    if (!options_.read_all_packs && is_as_indexed(id, size)) continue;
    progress_.expect(1, 0);
    workers.submit([this, pack = id, bytes = size] { read_header(pack, bytes); });
  }
  workers.finish();
}

void IndexRepair::read_header(const Id& pack, uint64_t size) {
  progress_.checkpoint();
  try {
    IndexedPack found{pack, read_pack_header(repository_, pack, size)};
    const std::lock_guard lock(mutex_);
    found_.emplace(pack, std::move(found));
  } catch (const Error& error) {
    if (error.code() != Code::corrupt && error.code() != Code::not_found) throw;
    problem("pack", pack, error);
    const std::lock_guard lock(mutex_);
    ++n_unreadable_;
  }
  progress_.done(1, 0);
  const std::lock_guard lock(mutex_);
  ++result_.packs_read;
}

void IndexRepair::compare() {
  const BlobIndex& index = repository_.index();
  const auto sorted = [](std::vector<PackedBlob> blobs) {
    std::ranges::sort(blobs, {}, &PackedBlob::offset);
    return blobs;
  };
  for (const auto& [id, pack] : found_) {
    const auto number = index.pack_number(id);
    const auto indexed = number ? indexed_pack(index, *number).blobs : std::vector<PackedBlob>{};
    if (number && sorted(indexed) == sorted(pack.blobs)) continue;
    ++(number ? result_.packs_changed : result_.packs_added);
    has_changed_ = true;
  }
  for (const auto& [id, size] : stored_) {
    if (index.pack_number(id) || found_.contains(id)) ++result_.packs;
  }
}

// Packs whose headers could not be read stay as the index had them: their blobs may be right.
void IndexRepair::write() {
  IndexWriter writer(repository_, lock_);
  for (const auto& [id, size] : stored_) {
    progress_.checkpoint();
    const auto read = found_.find(id);
    if (read != found_.end()) {
      writer.add(std::move(read->second));
    } else if (const auto number = repository_.index().pack_number(id)) {
      writer.add(indexed_pack(repository_.index(), *number));
    }
  }
  writer.replace(old_files_);
}

void IndexRepair::run() {
  progress_.phase(SAPDR_PHASE_PREPARE);
  load_index();
  list_packs();
  drop_missing();
  read_headers();
  compare();
  progress_.phase(SAPDR_PHASE_FINISH);
  if (has_changed_ && !options_.dry_run) write();
  if (n_unreadable_ > 0) {
    throw Error(Code::incomplete,
                std::to_string(n_unreadable_) +
                    " packs have no header that can be read; repair packs saves what the index "
                    "still knows of them");
  }
}

}  // namespace

void repair_index(Repository& repository, const RepairIndexOptions& options,
                  RepairIndexResult& result, Progress& progress) {
  IndexRepair(repository, options, result, progress).run();
}

}  // namespace sapdr::core
