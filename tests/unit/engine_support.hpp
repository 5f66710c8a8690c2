// Repositories for tests: in memory, with a cheap key, and storage that can be made to fail.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "component/streams/stream_source.hpp"
#include "operation/backup.hpp"
#include "repository/repository.hpp"
#include "storage/memory.hpp"
#include "support.hpp"

namespace sapdr::test {

// Forwards to memory; `before` runs first in every call and may throw.
class TestBackend : public Backend {
 public:
  std::function<void(const char* call, const FileName& file)> before;
  unsigned parallel = 4;
  // What list tells as the time an object was written; empty: when it was.
  std::function<UnixNs(std::string_view name, UnixNs modified)> modified;

  std::string location() const override { return "memory:"; }
  unsigned max_parallel() const override { return parallel; }
  bool is_remote() const override { return true; }  // a cache may be put around it
  void create() override { inner_->create(); }
  bool exists(const FileName& file) override { return at("exists", file).exists(file); }
  uint64_t size_of(const FileName& file) override { return at("size_of", file).size_of(file); }
  void load(const FileName& file, uint64_t offset, ByteSpan out) override {
    at("load", file).load(file, offset, out);
  }
  void save(const FileName& file, ByteView data) override { at("save", file).save(file, data); }
  void list(FileType type, const ObjectVisitor& each) override {
    at("list", {type, ""}).list(type, [&](const ObjectInfo& object) {
      const UnixNs time = modified ? modified(object.name, object.modified) : object.modified;
      each({object.name, object.size, time});
    });
  }
  void erase(const FileName& file) override { at("erase", file).erase(file); }
  void sync_names(FileType type) override { at("sync_names", {type, ""}).sync_names(type); }

  // For tests that damage what is stored.
  std::vector<std::string> names(FileType type);
  Bytes content(const FileName& file);
  void replace(const FileName& file, ByteView data);
  void flip_bit(const FileName& file, size_t byte);

 private:
  Backend& at(const char* call, const FileName& file) {
    if (before) before(call, file);
    return *inner_;
  }
  BackendPtr inner_ = open_memory();
};

inline constexpr const char* test_password = "correct horse";

SecretBytes secret(std::string_view text);
ContextPtr test_context(Context::Settings settings = {});
RepositoryPtr make_repository(const std::shared_ptr<TestBackend>& backend, uint32_t version = 2,
                              const ContextPtr& context = test_context());
OpenSettings open_settings();

// Path in the snapshot and content.
using Files = std::map<std::string, std::string>;
std::unique_ptr<Source> source_of(const Files& files);

// Backs `files` up; throws what backup throws, after it filled in `result`.
void back_up(Repository& repository, const Files& files, BackupResult& result,
             const BackupOptions& options = {}, Progress* progress = nullptr);
BackupResult back_up(Repository& repository, const Files& files, const BackupOptions& options = {});

}  // namespace sapdr::test
