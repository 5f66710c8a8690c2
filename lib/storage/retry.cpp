#include "storage/retry.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <mutex>
#include <optional>
#include <random>
#include <utility>

#include "base/cancel.hpp"
#include "storage/facts.hpp"
#include "storage/listing.hpp"

namespace sapdr::core {

namespace {

using Clock = std::chrono::steady_clock;
using Nanoseconds = std::chrono::nanoseconds;

constexpr size_t compared_at_once = 4 * 1024 * 1024;

std::string seconds(Nanoseconds duration) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
  std::string fraction = std::to_string(ms % 1000);
  fraction.insert(0, 3 - fraction.size(), '0');
  return std::to_string(ms / 1000) + "." + fraction + " s";
}

// What the storage asked for, zero if it did not.
Nanoseconds asked_pause(const Error& error) {
  constexpr uint64_t longest = 365 * 86'400;
  uint64_t asked = 0;
  if (const std::string* text = error.detail("retry_after")) {
    std::from_chars(text->data(), text->data() + text->size(), asked);
  }
  return std::chrono::seconds(std::min(asked, longest));
}

class RetryBackend final : public Backend {
 public:
  RetryBackend(ContextPtr context, BackendPtr inner, const RetryOptions& options)
      : context_(std::move(context)), inner_(std::move(inner)), options_(options) {
    uint64_t seed;
    context_->random({reinterpret_cast<std::byte*>(&seed), sizeof seed});
    random_.seed(seed);
  }

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
  void run(const std::string& what, Call call);
  void wait_after(const std::string& what, unsigned attempt, Clock::time_point start,
                  const Error& error);
  Nanoseconds pause_after(unsigned attempt);
  bool holds(const FileName& file, ByteView data);
  void log(LogLevel level, const std::string& text) const { context_->log(level, "storage", text); }

  const ContextPtr context_;
  const BackendPtr inner_;
  const RetryOptions options_;
  std::mutex mutex_;  // around random_
  std::mt19937_64 random_;
};

// Makes `call` until it succeeds, telling it whether it was made before.
template <class Call>
void RetryBackend::run(const std::string& what, Call call) {
  const auto start = Clock::now();
  for (unsigned attempt = 1;; ++attempt) {
    try {
      call(attempt > 1);
      if (attempt > 1) {
        log(LogLevel::info, "could " + what + " at attempt " + std::to_string(attempt));
      }
      return;
    } catch (const Error& error) {
      if (error.retry() == Retry::never) throw;
      wait_after(what, attempt, start, error);
    }
  }
}

// Throws if the failed attempt was the last.
void RetryBackend::wait_after(const std::string& what, unsigned attempt, Clock::time_point start,
                              const Error& error) {
  const Nanoseconds pause = std::max(pause_after(attempt), asked_pause(error));
  const auto next = Clock::now() + pause;
  const std::string count = std::to_string(attempt);
  const bool was_last = options_.max_attempts != 0 && attempt >= options_.max_attempts;
  if (was_last || next - start > options_.max_elapsed) {
    log(LogLevel::error, "could not " + what + " in " + count + " attempts: " + error.message());
    throw error;
  }
  log(LogLevel::warning, "attempt " + count + " to " + what + " failed, the next one is in " +
                             seconds(pause) + ": " + error.message());
  if (!sleep_until(next)) {
    throw Error(Code::cancelled, "the operation was cancelled after " + count + " attempts to " +
                                     what + " in " + location())
        .because(error);
  }
}

Nanoseconds RetryBackend::pause_after(unsigned attempt) {
  const double doubled = static_cast<double>(options_.min_wait.count()) * std::exp2(attempt - 1);
  const double limited = std::min(doubled, static_cast<double>(options_.max_wait.count()));
  const std::lock_guard lock(mutex_);
  std::uniform_real_distribution<double> jitter(0.5, 1.5);
  return Nanoseconds(static_cast<int64_t>(limited * jitter(random_)));
}

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
