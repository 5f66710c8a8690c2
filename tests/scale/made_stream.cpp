// What a backup costs at any size: streams that are made as they are read, into storage that keeps
// no packs.
//
// usage: made_stream MIB STREAM_MIB weights|random
//
// Backs up so many MiB, as streams of STREAM_MIB each, on two threads, and prints one line:
// {"bytes":…,"stored":…,"blobs":…,"wall":…,"cpu":…,"making":…,"peak":…}: seconds, of `cpu` the
// share of making the data, and the most memory that the process had. No two blobs are alike.
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <random>
#include <sapdr/sapdr.hpp>
#include <string>
#include <vector>

namespace {

constexpr uint64_t mib = 1024 * 1024;
constexpr size_t page = 4096;

double seconds_of(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

// Keeps what a backup may want to see again: key, config and lock. Of the rest only that it is
// there.
class Forgetful final : public sapdr::storage {
 public:
  std::string location() const override { return "forgetful:"; }
  uint64_t size(const sapdr::object_name& object) override { return find(object).size(); }
  size_t load(const sapdr::object_name& object, uint64_t offset,
              std::span<std::byte> buffer) override {
    const std::string content = find(object);
    if (offset >= content.size()) return 0;
    return content.copy(reinterpret_cast<char*>(buffer.data()), buffer.size(), offset);
  }
  void save(const sapdr::object_name& object, std::span<const std::byte> data) override {
    if (object.type == SAPDR_OBJECT_PACK) return;
    const bool is_kept = object.type != SAPDR_OBJECT_INDEX && object.type != SAPDR_OBJECT_SNAPSHOT;
    const std::lock_guard lock(mutex_);
    objects_[{object.type, object.name}] =
        is_kept ? std::string(reinterpret_cast<const char*>(data.data()), data.size()) : "";
  }
  void list(int32_t type, const visitor& each) override {
    const std::lock_guard lock(mutex_);
    for (const auto& [key, content] : objects_) {
      if (key.first == type) each({key.second, content.size(), 0});
    }
  }
  void erase(const sapdr::object_name& object) override {
    const std::lock_guard lock(mutex_);
    objects_.erase({object.type, object.name});
  }

 private:
  std::string find(const sapdr::object_name& object) {
    const std::lock_guard lock(mutex_);
    const auto at = objects_.find({object.type, object.name});
    if (at == objects_.end()) throw sapdr::error(SAPDR_E_NOT_FOUND, object.path + " is not there");
    return at->second;
  }

  std::mutex mutex_;
  std::map<std::pair<int32_t, std::string>, std::string> objects_;
};

// The same bytes over and over, but each page has a number of its own: no chunk comes twice, and it
// costs little more than a copy.
class Maker {
 public:
  explicit Maker(bool is_weights) : base_(24 * mib) {
    std::mt19937_64 random(7);
    for (size_t i = 0; i < base_.size(); i += sizeof(uint64_t)) {
      uint64_t number = random();
      if (is_weights) number = with_exponents(number, random());
      std::memcpy(base_.data() + i, &number, sizeof number);
    }
  }

  // `at`: of the stream, from whose numbers those of other streams differ.
  void fill(uint64_t stream, uint64_t at, std::span<std::byte> out) {
    const double began = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    for (size_t done = 0; done < out.size();) {
      const auto from = static_cast<size_t>((at + done) % base_.size());
      const size_t n = std::min(out.size() - done, page - from % page);
      std::memcpy(out.data() + done, base_.data() + from, n);
      const uint64_t mark[2] = {stream, (at + done) / page};
      if (n >= sizeof mark) std::memcpy(out.data() + done, mark, sizeof mark);
      done += n;
    }
    const double taken = seconds_of(CLOCK_THREAD_CPUTIME_ID) - began;
    nanoseconds_ += static_cast<uint64_t>(taken * 1e9);
  }

  double seconds() const { return static_cast<double>(nanoseconds_) / 1e9; }

 private:
  // Every other byte is one of few, as the exponents of bfloat16 weights are.
  static uint64_t with_exponents(uint64_t number, uint64_t bits) {
    for (unsigned i = 1; i < 8; i += 2) {
      const auto few = static_cast<uint64_t>(0x3a + std::popcount((bits >> (8 * i)) & 0xff));
      number = (number & ~(uint64_t{0xff} << (8 * i))) | few << (8 * i);
    }
    return number;
  }

  std::vector<std::byte> base_;
  std::atomic<uint64_t> nanoseconds_{0};
};

sapdr::stream_source streams_of(Maker& maker, uint64_t total, uint64_t each) {
  sapdr::stream_source source;
  source.next = [&maker, total, each,
                 number = uint64_t{0}]() mutable -> std::optional<sapdr::stream> {
    const uint64_t begin = number * each;
    if (begin >= total) return std::nullopt;
    const uint64_t size = std::min(each, total - begin);
    sapdr::stream made;
    made.path = "/made/" + std::to_string(number);
    made.size_hint = size;
    made.read = [&maker, stream = number, size,
                 at = uint64_t{0}](std::span<std::byte> out) mutable -> size_t {
      const auto n = static_cast<size_t>(std::min<uint64_t>(out.size(), size - at));
      maker.fill(stream, at, out.first(n));
      at += n;
      return n;
    };
    ++number;
    return made;
  };
  return source;
}

int run(uint64_t total, uint64_t each, bool is_weights) {
  const sapdr::context context({.threads = 2});
  const auto storage = sapdr::backend::of(context, std::make_unique<Forgetful>());
  auto repository = sapdr::repository::init(
      context, storage, {.password = "scale", .scrypt_n = 1024, .scrypt_r = 8, .scrypt_p = 1});
  Maker maker(is_weights);
  const double wall = seconds_of(CLOCK_MONOTONIC);
  const double cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
  const auto result = repository.backup_source(streams_of(maker, total, each));
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::printf(
      "{\"bytes\":%llu,\"stored\":%llu,\"blobs\":%llu,\"wall\":%.3f,\"cpu\":%.3f,\"making\":%.3f,"
      "\"peak\":%llu}\n",
      static_cast<unsigned long long>(result.bytes_total),
      static_cast<unsigned long long>(result.bytes_stored),
      static_cast<unsigned long long>(result.data_blobs_new + result.tree_blobs_new),
      seconds_of(CLOCK_MONOTONIC) - wall, seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu,
      maker.seconds(), static_cast<unsigned long long>(usage.ru_maxrss) * 1024);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string kind = argc == 4 ? argv[3] : "";
  if (kind != "weights" && kind != "random") {
    std::fprintf(stderr, "usage: made_stream MIB STREAM_MIB weights|random\n");
    return 2;
  }
  try {
    return run(std::strtoull(argv[1], nullptr, 10) * mib, std::strtoull(argv[2], nullptr, 10) * mib,
               kind == "weights");
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "made_stream: %s\n", failure.what());
    return 1;
  }
}
