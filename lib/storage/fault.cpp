#include "storage/fault.hpp"

#include <atomic>
#include <utility>

#include "storage/facts.hpp"

namespace sapdr::core {

namespace {

// Splitmix64: evenly distributed, the same everywhere.
double random_of(uint64_t seed, uint64_t number) {
  uint64_t x = seed + number * 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  x ^= x >> 31;
  return static_cast<double>(x >> 11) / static_cast<double>(1ULL << 53);
}

class FaultBackend final : public Backend {
 public:
  FaultBackend(BackendPtr inner, const FaultOptions& options)
      : inner_(std::move(inner)), options_(options) {}

  std::string location() const override { return inner_->location(); }
  unsigned max_parallel() const override { return inner_->max_parallel(); }
  bool is_remote() const override { return inner_->is_remote(); }
  bool is_read_only() const override { return inner_->is_read_only(); }

  void create() override {
    run(call_create, "create the place", [&] { inner_->create(); });
  }
  bool exists(const FileName& file) override {
    bool exists = false;
    run(call_exists, "look for " + to_string(file), [&] { exists = inner_->exists(file); });
    return exists;
  }
  uint64_t size_of(const FileName& file) override {
    uint64_t size = 0;
    run(call_size, "look at " + to_string(file), [&] { size = inner_->size_of(file); });
    return size;
  }
  void load(const FileName& file, uint64_t offset, ByteSpan out) override {
    run(call_load, "load " + to_string(file), [&] { inner_->load(file, offset, out); });
  }
  void save(const FileName& file, ByteView data) override {
    run(call_save, "save " + to_string(file), [&] { inner_->save(file, data); });
  }
  void list(FileType type, const ObjectVisitor& each) override {
    run(call_list, std::string("list the objects of the type ") + to_string(type),
        [&] { inner_->list(type, each); });
  }
  void sync_names(FileType type) override { inner_->sync_names(type); }
  void erase(const FileName& file) override {
    run(call_erase, "erase " + to_string(file), [&] { inner_->erase(file); });
  }
  void warm_up(const FileName& file) override { inner_->warm_up(file); }
  StorageFacts facts() override { return inner_->facts(); }

 private:
  template <class Body>
  void run(FaultCall call, const std::string& what, Body body) {
    if ((options_.calls & call) == 0) return body();
    const uint64_t number = ++calls_;
    if (!fails(number)) return body();
    if (options_.lose_answer) body();
    throw Error(options_.code,
                "could not " + what + " in " + location() + ": a fault was asked for (call " +
                    std::to_string(number) + ", seed " + std::to_string(options_.seed) + ")",
                options_.retry)
        .with("backend", location());
  }

  bool fails(uint64_t number) const {
    const bool is_meant = options_.fail_at != 0 && number >= options_.fail_at &&
                          number - options_.fail_at < options_.fail_count;
    return is_meant || random_of(options_.seed, number) < options_.probability;
  }

  const BackendPtr inner_;
  const FaultOptions options_;
  std::atomic<uint64_t> calls_{0};
};

}  // namespace

BackendPtr with_fault(const ContextPtr& context, BackendPtr inner, const FaultOptions& options) {
  FaultOptions chosen = options;
  if (chosen.seed == 0) {
    context->random({reinterpret_cast<std::byte*>(&chosen.seed), sizeof chosen.seed});
  }
  context->log(
      LogLevel::info, "storage",
      "calls on " + inner->location() + " fail on purpose, seed " + std::to_string(chosen.seed));
  return std::make_shared<FaultBackend>(std::move(inner), chosen);
}

}  // namespace sapdr::core
