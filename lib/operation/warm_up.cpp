#include "operation/warm_up.hpp"

#include <algorithm>
#include <atomic>

#include "base/workers.hpp"

namespace sapdr::core {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::nanoseconds usual_interval = std::chrono::minutes(1);

class WarmUp {
 public:
  WarmUp(Backend& storage, std::vector<Id> packs, WarmUpResult& result, Progress& progress)
      : storage_(storage), packs_(std::move(packs)), result_(result), progress_(progress) {
    std::ranges::sort(packs_);
    result_.packs = packs_.size();
    progress_.expect(packs_.size(), 0);
  }

  // Looks where the packs are and tells how many can be read. Returns those that are cold.
  std::vector<Id> look();
  void ask_for(const std::vector<Id>& cold, unsigned threads);
  // Looks again and again until `end`, or until all can be read.
  void wait_until(Clock::time_point end, std::chrono::nanoseconds interval);
  bool is_done() const { return result_.waiting == 0; }

 private:
  Backend& storage_;
  std::vector<Id> packs_;
  WarmUpResult& result_;
  Progress& progress_;
  uint64_t n_told_ = 0;
};

// One list of all packs costs less than a question about each, and tells how all of them are.
std::vector<Id> WarmUp::look() {
  std::vector<Id> cold;
  result_.waiting = 0;
  storage_.list(FileType::pack, [&](const ObjectInfo& object) {
    if (object.warmth == Warmth::ready) return;
    const Id id = Id::parse(object.name).value();
    if (!std::ranges::binary_search(packs_, id)) return;
    ++result_.waiting;
    if (object.warmth == Warmth::cold) cold.push_back(id);
  });
  const uint64_t ready = packs_.size() - std::min<uint64_t>(result_.waiting, packs_.size());
  progress_.done(ready - std::min(ready, n_told_), 0);
  n_told_ = std::max(n_told_, ready);
  return cold;
}

void WarmUp::ask_for(const std::vector<Id>& cold, unsigned threads) {
  std::atomic<uint64_t> asked = 0;
  Workers workers(threads, threads);
  try {
    for (const Id& pack : cold) {
      workers.submit([&, pack] {
        progress_.checkpoint();
        storage_.warm_up({FileType::pack, pack.hex()});
        ++asked;
      });
    }
    workers.finish();
  } catch (...) {
    result_.asked = asked;
    throw;
  }
  result_.asked = asked;
}

void WarmUp::wait_until(Clock::time_point end, std::chrono::nanoseconds interval) {
  while (!is_done() && Clock::now() < end) {
    const auto next = std::min(Clock::now() + interval, end);
    if (!sleep_until(next)) throw Error(Code::cancelled, "the wait for packs was cancelled");
    progress_.checkpoint();
    look();
  }
}

}  // namespace

void warm_up(Backend& storage, std::vector<Id> packs, const WarmUpOptions& options,
             WarmUpResult& result, Progress& progress) {
  WarmUp run(storage, std::move(packs), result, progress);
  if (const std::vector<Id> cold = run.look(); !cold.empty()) {
    run.ask_for(cold, storage.max_parallel());
    run.look();
  }
  if (options.wait.count() == 0) return;
  const bool is_given = options.interval.count() != 0;
  run.wait_until(Clock::now() + options.wait,
                 is_given ? options.interval : std::min(usual_interval, options.wait / 10));
  if (run.is_done()) return;
  throw Error(Code::timeout, std::to_string(result.waiting) + " of " +
                                 std::to_string(result.packs) + " packs in " + storage.location() +
                                 " are still on their way out of the archive: run it again later");
}

}  // namespace sapdr::core
