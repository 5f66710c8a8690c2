#include "storage/secondary.hpp"

#include <atomic>
#include <mutex>
#include <optional>
#include <utility>

#include "storage/facts.hpp"
#include "storage/listing.hpp"

namespace sapdr::core {

namespace {

class SecondaryBackend final : public Backend {
 public:
  SecondaryBackend(ContextPtr context, BackendPtr primary, BackendPtr secondary,
                   DescribeLag describe_lag)
      : context_(std::move(context)),
        primary_(std::move(primary)),
        secondary_(std::move(secondary)),
        describe_lag_(std::move(describe_lag)) {}

  std::string location() const override { return primary_->location(); }
  unsigned max_parallel() const override { return primary_->max_parallel(); }
  bool is_remote() const override { return primary_->is_remote(); }
  bool is_read_only() const override { return is_away_ || primary_->is_read_only(); }

  void create() override {
    require_primary();
    primary_->create();
  }
  bool exists(const FileName& file) override {
    bool exists = false;
    read([&](Backend& from) { exists = from.exists(file); });
    return exists;
  }
  uint64_t size_of(const FileName& file) override {
    uint64_t size = 0;
    read([&](Backend& from) { size = from.size_of(file); });
    return size;
  }
  void load(const FileName& file, uint64_t offset, ByteSpan out) override {
    read([&](Backend& from) { from.load(file, offset, out); });
  }
  Bytes load_all(const FileName& file, uint64_t limit) override {
    Bytes data;
    read([&](Backend& from) { data = from.load_all(file, limit); });
    return data;
  }
  void save(const FileName& file, ByteView data) override {
    require_primary();
    primary_->save(file, data);
  }
  // Told when it is whole: half a list of one copy and half of the other one is neither.
  void list(FileType type, const ObjectVisitor& each) override {
    std::optional<Listing> listing;
    read([&](Backend& from) {
      listing.emplace(type);
      from.list(type, [&](const ObjectInfo& object) { listing->add(object); });
    });
    listing->tell(each);
  }
  void erase(const FileName& file) override {
    require_primary();
    primary_->erase(file);
  }
  void sync_names(FileType type) override {
    if (!is_away_) primary_->sync_names(type);
  }
  void warm_up(const FileName& file) override {
    require_primary();
    primary_->warm_up(file);
  }
  StorageFacts facts() override { return primary_->facts(); }

 private:
  template <class Call>
  void read(Call call) {
    if (!is_away_) {
      try {
        return call(*primary_);
      } catch (const Error& error) {
        if (error.retry() == Retry::never) throw;
        turn_to_secondary(error);
      }
    }
    call(*secondary_);
  }

  void turn_to_secondary(const Error& failure) {
    const std::lock_guard lock(mutex_);
    if (is_away_) return;
    context_->log(LogLevel::warning, "storage",
                  location() + " cannot be read: " + failure.message() +
                      "; its second copy is read instead, " + lag(failure));
    is_away_ = true;
  }

  std::string lag(const Error& failure) const {
    try {
      return describe_lag_();
    } catch (const Error& error) {
      if (error.retry() != Retry::never) throw failure;
      return "whose age is not known: " + error.message();
    }
  }

  void require_primary() const {
    if (!is_away_) return;
    throw Error(Code::network, location() +
                                   " is away and its second copy is read: nothing can be stored or "
                                   "removed until it is back");
  }

  const ContextPtr context_;
  const BackendPtr primary_, secondary_;
  const DescribeLag describe_lag_;
  std::mutex mutex_;  // around the turn
  std::atomic<bool> is_away_{false};
};

}  // namespace

BackendPtr with_secondary(ContextPtr context, BackendPtr primary, BackendPtr secondary,
                          DescribeLag describe_lag) {
  return std::make_shared<SecondaryBackend>(std::move(context), std::move(primary),
                                            std::move(secondary), std::move(describe_lag));
}

}  // namespace sapdr::core
