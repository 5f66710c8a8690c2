#include "storage/retry.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "storage/facts.hpp"
#include "storage/listing.hpp"

namespace sapdr::core {

namespace {

constexpr size_t compared_at_once = 4 * 1024 * 1024;

class RetryBackend final : public Backend {
 public:
  RetryBackend(ContextPtr context, BackendPtr inner, const RetryOptions& options)
      : retries_(std::move(context), "storage", inner->location(), options),
        inner_(std::move(inner)) {}

  std::string location() const override { return inner_->location(); }
  unsigned max_parallel() const override { return inner_->max_parallel(); }
  bool is_remote() const override { return inner_->is_remote(); }
  bool is_read_only() const override { return inner_->is_read_only(); }

  void create() override {
    run("create the place", [&](bool) { inner_->create(); });
  }
  bool exists(const FileName& file) override {
    bool exists = false;
    run("look for " + to_string(file), [&](bool) { exists = inner_->exists(file); });
    return exists;
  }
  uint64_t size_of(const FileName& file) override {
    uint64_t size = 0;
    run("look at " + to_string(file), [&](bool) { size = inner_->size_of(file); });
    return size;
  }
  void load(const FileName& file, uint64_t offset, ByteSpan out) override {
    run("load " + to_string(file), [&](bool) { inner_->load(file, offset, out); });
  }
  Bytes load_all(const FileName& file, uint64_t limit) override {
    Bytes data;
    run("load " + to_string(file), [&](bool) { data = inner_->load_all(file, limit); });
    return data;
  }
  void save(const FileName& file, ByteView data) override;
  void list(FileType type, const ObjectVisitor& each) override;
  void sync_names(FileType type) override {
    run("sync the objects of the type " + std::string(to_string(type)),
        [&](bool) { inner_->sync_names(type); });
  }
  void erase(const FileName& file) override;
  void warm_up(const FileName& file) override {
    run("warm up " + to_string(file), [&](bool) { inner_->warm_up(file); });
  }
  StorageFacts facts() override {
    StorageFacts facts;
    run("ask the storage about itself", [&](bool) { facts = inner_->facts(); });
    return facts;
  }

 private:
  template <class Call>
  void run(const std::string& what, Call call) {
    retries_.run(what, std::move(call));
  }
  bool holds(const FileName& file, ByteView data);

  Retries retries_;
  const BackendPtr inner_;
};

void RetryBackend::save(const FileName& file, ByteView data) {
  run("save " + to_string(file), [&](bool was_tried) {
    try {
      inner_->save(file, data);
    } catch (const Error& error) {
      const bool may_be_ours = was_tried || error.detail("repeated") != nullptr;
      if (error.code() != Code::exists || !may_be_ours || !holds(file, data)) throw;
    }
  });
}

bool RetryBackend::holds(const FileName& file, ByteView data) {
  if (inner_->size_of(file) != data.size()) return false;
  Bytes stored;
  for (size_t at = 0; at < data.size(); at += stored.size()) {
    stored.resize(std::min(compared_at_once, data.size() - at));
    inner_->load(file, at, stored);
    if (!std::equal(stored.begin(), stored.end(), data.begin() + static_cast<ptrdiff_t>(at))) {
      return false;
    }
  }
  return true;
}

// Told when one attempt got to its end: of those that failed nothing was told.
void RetryBackend::list(FileType type, const ObjectVisitor& each) {
  std::optional<Listing> listing;
  run(std::string("list the objects of the type ") + to_string(type), [&](bool) {
    listing.emplace(type);
    inner_->list(type, [&](const ObjectInfo& object) { listing->add(object); });
  });
  listing->tell(each);
}

void RetryBackend::erase(const FileName& file) {
  run("erase " + to_string(file), [&](bool was_tried) {
    try {
      inner_->erase(file);
    } catch (const Error& error) {
      const bool may_be_ours = was_tried || error.detail("repeated") != nullptr;
      if (error.code() != Code::not_found || !may_be_ours) throw;
    }
  });
}

}  // namespace

BackendPtr with_retry(ContextPtr context, BackendPtr inner, const RetryOptions& options) {
  return std::make_shared<RetryBackend>(std::move(context), std::move(inner), options);
}

}  // namespace sapdr::core
