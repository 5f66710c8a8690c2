#include "storage/dry_run.hpp"

#include <mutex>
#include <set>
#include <utility>

#include "storage/facts.hpp"
#include "storage/listing.hpp"

namespace sapdr::core {

namespace {

class DryRunBackend final : public Backend {
 public:
  DryRunBackend(BackendPtr inner, BackendPtr changes)
      : inner_(std::move(inner)), changes_(std::move(changes)) {}

  std::string location() const override { return inner_->location(); }
  unsigned max_parallel() const override { return inner_->max_parallel(); }
  bool is_remote() const override { return inner_->is_remote(); }

  void create() override {
    const std::lock_guard lock(mutex_);
    is_created_ = true;
  }
  bool exists(const FileName& file) override {
    return changes_->exists(file) || (!is_erased(file) && inner_->exists(file));
  }
  uint64_t size_of(const FileName& file) override { return holder_of(file).size_of(file); }
  void load(const FileName& file, uint64_t offset, ByteSpan out) override {
    holder_of(file).load(file, offset, out);
  }
  Bytes load_all(const FileName& file, uint64_t limit) override {
    return holder_of(file).load_all(file, limit);
  }
  void save(const FileName& file, ByteView data) override {
    if (!is_erased(file) && inner_->exists(file)) {
      throw Error(Code::exists, to_string(file) + " is in " + location() + " already");
    }
    changes_->save(file, data);
  }
  void list(FileType type, const ObjectVisitor& each) override;
  void sync_names(FileType) override {}  // nothing relies on it
  void erase(const FileName& file) override;
  StorageFacts facts() override { return inner_->facts(); }

 private:
  using Key = std::pair<FileType, std::string>;

  bool is_erased(const FileName& file) const {
    const std::lock_guard lock(mutex_);
    return erased_.contains({file.type, file.name});
  }
  // Where an object is; where it is missed if it is nowhere.
  Backend& holder_of(const FileName& file) const {
    return changes_->exists(file) || is_erased(file) ? *changes_ : *inner_;
  }
  Listing list_inner(FileType type);

  const BackendPtr inner_, changes_;
  mutable std::mutex mutex_;
  std::set<Key> erased_;  // of inner_, for ever
  bool is_created_ = false;
};

// A place that only this dry run created is empty.
Listing DryRunBackend::list_inner(FileType type) {
  Listing listing(type);
  try {
    inner_->list(type, [&](const ObjectInfo& object) { listing.add(object); });
  } catch (const Error& error) {
    const std::lock_guard lock(mutex_);
    if (error.code() != Code::not_found || !is_created_) throw;
  }
  return listing;
}

void DryRunBackend::list(FileType type, const ObjectVisitor& each) {
  list_inner(type).tell([&](const ObjectInfo& object) {
    const FileName file{type, std::string(object.name)};
    if (!is_erased(file) && !changes_->exists(file)) each(object);
  });
  changes_->list(type, [&](const ObjectInfo& object) { each({object.name, object.size}); });
}

void DryRunBackend::erase(const FileName& file) {
  if (changes_->exists(file)) return changes_->erase(file);
  const bool is_there = inner_->exists(file);
  const std::lock_guard lock(mutex_);
  if (!is_there || !erased_.insert({file.type, file.name}).second) {
    throw Error(Code::not_found, to_string(file) + " is not in " + location());
  }
}

}  // namespace

BackendPtr with_dry_run(BackendPtr inner, BackendPtr changes) {
  return std::make_shared<DryRunBackend>(std::move(inner), std::move(changes));
}

}  // namespace sapdr::core
