// Objects to and from Azure Blob Storage through the public ABI, as an operation moves packs: each
// thread has one buffer as large as a pack.
//
// usage: azure_transfer put|get LOCATION COUNT SIZE CONCURRENCY
//        azure_transfer names LOCATION COUNT CONCURRENCY
//        azure_transfer list LOCATION
//
// The key is in AZURE_STORAGE_KEY. `put` stores COUNT packs, `get` loads them and looks whether
// they are what was stored, `names` stores empty snapshots, `list` lists these. Prints
// {"wall":…,"cpu":…,"peak":…,"floor":…,"count":…}: seconds of the transfer alone, bytes of resident
// memory at its end and before its buffers were made.
#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fstream>
#include <functional>
#include <mutex>
#include <random>
#include <sapdr/sapdr.hpp>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using Bytes = std::vector<std::byte>;

uint64_t number(const char* text) {
  char* end = nullptr;
  const uint64_t value = std::strtoull(text, &end, 10);
  if (end == text || *end != '\0') throw std::invalid_argument(std::string(text) + " is no number");
  return value;
}

double cpu_seconds() {
  rusage found{};
  getrusage(RUSAGE_SELF, &found);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(found.ru_utime) + seconds(found.ru_stime);
}

// Of this program: getrusage begins with the peak of whoever started it.
uint64_t peak_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    uint64_t kib = 0;
    if (std::sscanf(line.c_str(), "VmHWM: %" SCNu64, &kib) == 1) return kib * 1024;
  }
  throw std::runtime_error("/proc/self/status does not tell the peak");
}

// The names of restic are hashes, so spread over its folders.
std::string name_of(uint64_t index) {
  std::mt19937_64 random(index);
  std::string name;
  for (int part = 0; part < 4; ++part) {
    char hex[17];
    std::snprintf(hex, sizeof hex, "%016" PRIx64, random());
    name += hex;
  }
  return name;
}

// No two packs are alike, at their beginning and at their end.
void stamp(std::span<std::byte> pack, uint64_t index) {
  std::memcpy(pack.data(), &index, sizeof index);
  std::memcpy(pack.data() + pack.size() - sizeof index, &index, sizeof index);
}

void require_stamp(std::span<const std::byte> pack, uint64_t index) {
  const std::byte* end = pack.data() + pack.size() - sizeof index;
  if (std::memcmp(pack.data(), &index, sizeof index) == 0 &&
      std::memcmp(end, &index, sizeof index) == 0) {
    return;
  }
  throw std::runtime_error("pack " + std::to_string(index) + " is not what was stored");
}

// Calls `each(index)` for all below `count`, from so many threads, which first call `begin`.
class Threads {
 public:
  using Each = std::function<void(uint64_t index)>;

  void run(uint64_t count, uint64_t concurrency, const std::function<Each()>& begin) {
    std::vector<std::thread> threads;
    for (uint64_t i = 0; i < concurrency; ++i) {
      threads.emplace_back([&] { work(count, begin); });
    }
    for (std::thread& thread : threads) thread.join();
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  void work(uint64_t count, const std::function<Each()>& begin) {
    try {
      const Each each = begin();
      for (uint64_t i = next_++; i < count; i = next_++) each(i);
    } catch (...) {
      next_ = count;
      const std::lock_guard lock(mutex_);
      failure_ = std::current_exception();
    }
  }

  std::atomic<uint64_t> next_{0};
  std::mutex mutex_;
  std::exception_ptr failure_;
};

// Prints what `transfer`, which returns how many objects it moved, costs.
void measure(uint64_t floor, const std::function<uint64_t()>& transfer) {
  const auto began = std::chrono::steady_clock::now();
  const double cpu = cpu_seconds();
  const uint64_t count = transfer();
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - began;
  std::printf("{\"wall\":%.6f,\"cpu\":%.6f,\"peak\":%" PRIu64 ",\"floor\":%" PRIu64
              ",\"count\":%" PRIu64 "}\n",
              wall.count(), cpu_seconds() - cpu, peak_bytes(), floor, count);
}

sapdr::backend open(const sapdr::context& context, const char* location, uint64_t concurrency) {
  sapdr::azure_options options;
  options.connections = static_cast<uint32_t>(concurrency);
  const char* key = std::getenv("AZURE_STORAGE_KEY");
  if (key == nullptr) throw std::invalid_argument("AZURE_STORAGE_KEY is not set");
  options.account_key = key;
  options.proxy = "none";
  return {context, location, options};
}

// One buffer for each thread, made before anything is measured.
std::vector<Bytes> make_buffers(uint64_t concurrency, uint64_t size) {
  std::vector<Bytes> buffers(concurrency, Bytes(size));
  for (uint64_t i = 0; i < concurrency; ++i) {
    std::mt19937_64 random(i);
    for (size_t at = 0; at + sizeof(uint64_t) <= size; at += sizeof(uint64_t)) {
      const uint64_t value = random();
      std::memcpy(buffers[i].data() + at, &value, sizeof value);
    }
  }
  return buffers;
}

void packs(sapdr::backend& storage, bool is_put, uint64_t count, uint64_t size,
           uint64_t concurrency) {
  if (size < 2 * sizeof(uint64_t)) throw std::invalid_argument("packs are larger than that");
  const uint64_t floor = peak_bytes();
  std::vector<Bytes> buffers = make_buffers(concurrency, size);
  std::atomic<uint64_t> next_buffer{0};
  const auto begin = [&]() -> Threads::Each {
    Bytes& buffer = buffers[next_buffer++];
    return [&, is_put](uint64_t index) {
      const sapdr::object_name name{SAPDR_OBJECT_PACK, name_of(index)};
      if (is_put) {
        stamp(buffer, index);
        storage.save(name, buffer);
      } else {
        storage.load(name, 0, buffer);
        require_stamp(buffer, index);
      }
    };
  };
  measure(floor, [&] {
    Threads().run(count, concurrency, begin);
    return count;
  });
}

void names(sapdr::backend& storage, uint64_t count, uint64_t concurrency) {
  const auto begin = [&]() -> Threads::Each {
    return [&](uint64_t index) { storage.save({SAPDR_OBJECT_SNAPSHOT, name_of(index)}, {}); };
  };
  measure(peak_bytes(), [&] {
    Threads().run(count, concurrency, begin);
    return count;
  });
}

void list(sapdr::backend& storage) {
  measure(peak_bytes(), [&] {
    uint64_t count = 0;
    storage.list(SAPDR_OBJECT_SNAPSHOT, [&](const sapdr::object_info&) { ++count; });
    return count;
  });
}

bool run(int argc, char** argv) {
  const std::string action = argc > 2 ? argv[1] : "";
  const sapdr::context context;
  if ((action == "put" || action == "get") && argc == 6) {
    const uint64_t concurrency = number(argv[5]);
    sapdr::backend storage = open(context, argv[2], concurrency);
    if (action == "put") storage.create();
    packs(storage, action == "put", number(argv[3]), number(argv[4]), concurrency);
  } else if (action == "names" && argc == 5) {
    const uint64_t concurrency = number(argv[4]);
    sapdr::backend storage = open(context, argv[2], concurrency);
    storage.create();
    names(storage, number(argv[3]), concurrency);
  } else if (action == "list" && argc == 3) {
    sapdr::backend storage = open(context, argv[2], 1);
    list(storage);
  } else {
    return false;
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (run(argc, argv)) return 0;
    std::fprintf(stderr,
                 "usage: azure_transfer put|get LOCATION COUNT SIZE CONCURRENCY\n"
                 "       azure_transfer names LOCATION COUNT CONCURRENCY\n"
                 "       azure_transfer list LOCATION\n");
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "azure_transfer: %s\n", error.what());
    return 1;
  }
}
