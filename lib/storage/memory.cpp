#include "storage/memory.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <vector>

namespace sapdr::core {

namespace {

class MemoryBackend final : public Backend {
 public:
  std::string location() const override { return "memory:"; }
  unsigned max_parallel() const override { return 8; }
  bool is_remote() const override { return false; }
  void create() override {}

  bool exists(const FileName& file) override {
    require_valid(file);
    const std::shared_lock lock(mutex_);
    return objects_.contains({file.type, file.name});
  }

  uint64_t size_of(const FileName& file) override { return find(file)->size(); }

  void load(const FileName& file, uint64_t offset, ByteSpan out) override {
    const Data object = find(file);
    if (offset > object->size() || out.size() > object->size() - offset) {
      throw Error(Code::corrupt, to_string(file) + " in memory: is shorter than expected: it has " +
                                     std::to_string(object->size()) + " bytes");
    }
    std::copy_n(object->begin() + static_cast<std::ptrdiff_t>(offset), out.size(), out.begin());
  }

  void save(const FileName& file, ByteView data) override {
    require_valid(file);
    Object object{std::make_shared<const Bytes>(data.begin(), data.end()), now_ns()};
    const std::unique_lock lock(mutex_);
    if (!objects_.try_emplace({file.type, file.name}, std::move(object)).second) {
      throw Error(Code::exists, to_string(file) + " is in memory: already");
    }
  }

  // The callback may use the backend: it is called without the lock.
  void list(FileType type, const ObjectVisitor& each) override {
    struct Found {
      std::string name;
      uint64_t size;
      UnixNs modified;
    };
    std::vector<Found> found;
    {
      const std::shared_lock lock(mutex_);
      for (auto at = objects_.lower_bound({type, ""});
           at != objects_.end() && at->first.first == type; ++at) {
        found.push_back({at->first.second, at->second.data->size(), at->second.modified});
      }
    }
    for (const Found& object : found) each({object.name, object.size, object.modified});
  }

  void erase(const FileName& file) override {
    require_valid(file);
    const std::unique_lock lock(mutex_);
    if (objects_.erase({file.type, file.name}) == 0) throw missing(file);
  }

 private:
  // Shared, so that a reader copies without holding the lock.
  using Data = std::shared_ptr<const Bytes>;
  struct Object {
    Data data;
    UnixNs modified;
  };

  static Error missing(const FileName& file) {
    return Error(Code::not_found, to_string(file) + " is not in memory:");
  }

  Data find(const FileName& file) const {
    require_valid(file);
    const std::shared_lock lock(mutex_);
    const auto at = objects_.find({file.type, file.name});
    if (at == objects_.end()) throw missing(file);
    return at->second.data;
  }

  mutable std::shared_mutex mutex_;
  std::map<std::pair<FileType, std::string>, Object> objects_;
};

}  // namespace

BackendPtr open_memory() {
  return std::make_shared<MemoryBackend>();
}

}  // namespace sapdr::core
