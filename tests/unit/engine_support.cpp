#include "engine_support.hpp"

#include <algorithm>
#include <cstring>

#include "repository/lock.hpp"

namespace sapdr::test {

std::vector<std::string> TestBackend::names(FileType type) {
  std::vector<std::string> names;
  inner_->list(type, [&](const ObjectInfo& object) { names.emplace_back(object.name); });
  std::sort(names.begin(), names.end());
  return names;
}

Bytes TestBackend::content(const FileName& file) {
  return inner_->load_all(file, 1U << 30);
}

void TestBackend::replace(const FileName& file, ByteView data) {
  inner_->erase(file);
  inner_->save(file, data);
}

void TestBackend::flip_bit(const FileName& file, size_t byte) {
  Bytes data = content(file);
  data.at(byte) ^= std::byte{4};
  replace(file, data);
}

SecretBytes secret(std::string_view text) {
  const ByteView bytes = as_bytes(text);
  return {bytes.begin(), bytes.end()};
}

ContextPtr test_context(Context::Settings settings) {
  return std::make_shared<const Context>(std::move(settings));
}

RepositoryPtr make_repository(const std::shared_ptr<TestBackend>& backend, uint32_t version,
                              const ContextPtr& context) {
  InitSettings settings;
  settings.version = version;
  settings.password = secret(test_password);
  settings.cost = {.n = 1024, .r = 1, .p = 1};
  return Repository::init(context, backend, settings);
}

OpenSettings open_settings() {
  OpenSettings settings;
  settings.password = secret(test_password);
  return settings;
}

std::unique_ptr<Source> source_of(const Files& files) {
  std::vector<NamedStream> streams;
  for (const auto& [path, content] : files) {
    NamedStream stream;
    stream.path = path;
    stream.mtime = 1'600'000'000'000'000'000;
    stream.read = [&text = content, at = size_t{0}](ByteSpan out) mutable {
      const size_t size = std::min(out.size(), text.size() - at);
      std::memcpy(out.data(), text.data() + at, size);
      at += size;
      return size;
    };
    streams.push_back(std::move(stream));
  }
  return make_stream_source(std::move(streams));
}

void back_up(Repository& repository, const Files& files, BackupResult& result,
             const BackupOptions& options, Progress* progress) {
  Progress own;
  Progress& used = progress != nullptr ? *progress : own;
  const RepositoryLock lock(repository, LockMode::shared, used,
                            {.wait_before_recheck = std::chrono::nanoseconds(0)});
  repository.load_index(used);
  const auto source = source_of(files);
  backup(repository, lock, *source, options, result, used);
}

BackupResult back_up(Repository& repository, const Files& files, const BackupOptions& options) {
  BackupResult result;
  back_up(repository, files, result, options);
  return result;
}

}  // namespace sapdr::test
