#include "storage/limit.hpp"

#include <optional>
#include <utility>

#include "base/token_bucket.hpp"
#include "storage/facts.hpp"

namespace sapdr::core {

namespace {

class LimitBackend final : public Backend {
 public:
  LimitBackend(BackendPtr inner, const LimitOptions& options) : inner_(std::move(inner)) {
    if (options.upload != 0) up_.emplace(options.upload);
    if (options.download != 0) down_.emplace(options.download);
  }

  std::string location() const override { return inner_->location(); }
  unsigned max_parallel() const override { return inner_->max_parallel(); }
  bool is_remote() const override { return inner_->is_remote(); }
  bool is_read_only() const override { return inner_->is_read_only(); }
  void create() override { inner_->create(); }
  bool exists(const FileName& file) override { return inner_->exists(file); }
  uint64_t size_of(const FileName& file) override { return inner_->size_of(file); }
  void load(const FileName& file, uint64_t offset, ByteSpan out) override {
    wait(down_, out.size());
    inner_->load(file, offset, out);
  }
  // How much it is shows when it is there, so that the next calls wait for it.
  Bytes load_all(const FileName& file, uint64_t limit) override {
    Bytes data = inner_->load_all(file, limit);
    wait(down_, data.size());
    return data;
  }
  void save(const FileName& file, ByteView data) override {
    wait(up_, data.size());
    inner_->save(file, data);
  }
  void list(FileType type, const ObjectVisitor& each) override { inner_->list(type, each); }
  void sync_names(FileType type) override { inner_->sync_names(type); }
  void erase(const FileName& file) override { inner_->erase(file); }
  void warm_up(const FileName& file) override { inner_->warm_up(file); }
  StorageFacts facts() override { return inner_->facts(); }

 private:
  static void wait(std::optional<TokenBucket>& bucket, uint64_t bytes) {
    if (bucket && !bucket->take(bytes)) throw Error(Code::cancelled, "the operation was cancelled");
  }

  const BackendPtr inner_;
  std::optional<TokenBucket> up_, down_;
};

}  // namespace

BackendPtr with_limit(BackendPtr inner, const LimitOptions& options) {
  return std::make_shared<LimitBackend>(std::move(inner), options);
}

}  // namespace sapdr::core
