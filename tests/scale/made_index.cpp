// A repository whose index names any number of blobs, none of which is there; and what it costs to
// load that index.
//
// usage: made_index make FOLDER BLOBS
//        made_index load FOLDER
//
// load prints {"blobs":…,"seconds":…,"bytes":…,"peak_bytes":…}: what the process grew by for good,
// and meanwhile.
#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "format/index.hpp"
#include "repository/repository.hpp"
#include "storage/local.hpp"

using namespace sapdr::core;

namespace {

constexpr uint32_t blobs_in_pack = 16;
constexpr uint32_t packs_in_file = 3125;  // restic ends a file at 50,000 blobs

SecretBytes password() {
  const ByteView text = as_bytes("scale");
  return SecretBytes(text.begin(), text.end());
}

ContextPtr context() {
  return std::make_shared<const Context>(Context::Settings());
}

void make(const std::string& folder, uint64_t n) {
  const ContextPtr ctx = context();
  InitSettings settings;
  settings.password = password();
  settings.cost.n = 1024;
  const auto repository = Repository::init(ctx, open_local(folder), settings);
  const auto random_id = [&] {
    Id id;
    ctx->random(id.bytes);
    return id;
  };
  while (n > 0) {
    IndexFile file;
    for (uint32_t pack = 0; pack < packs_in_file && n > 0; ++pack) {
      IndexedPack& indexed = file.packs.emplace_back();
      indexed.id = random_id();
      for (uint32_t blob = 0; blob < blobs_in_pack && n > 0; ++blob, --n) {
        PackedBlob& packed = indexed.blobs.emplace_back();
        packed.id = random_id();
        packed.offset = blob * 1'000'000;
        packed.length = 900'000 + blob;
        packed.plain_length = 1'000'000;
      }
    }
    repository->save_unpacked(FileType::index, index_json(file));
  }
}

uint64_t peak_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<uint64_t>(usage.ru_maxrss) * 1024;
}

uint64_t resident_bytes() {
  malloc_trim(0);
  unsigned long long size = 0;
  unsigned long long resident = 0;
  std::FILE* file = std::fopen("/proc/self/statm", "r");
  if (file == nullptr || std::fscanf(file, "%llu %llu", &size, &resident) != 2) std::abort();
  std::fclose(file);
  return resident * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

void load(const std::string& folder) {
  OpenSettings settings;
  settings.password = password();
  const auto repository = Repository::open(context(), open_local(folder), settings);
  const uint64_t before = resident_bytes();
  const auto start = std::chrono::steady_clock::now();
  Progress progress;
  repository->load_index(progress);
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  std::printf("{\"blobs\":%zu,\"seconds\":%.3f,\"bytes\":%llu,\"peak_bytes\":%llu}\n",
              repository->index().n_blobs(), taken.count(),
              static_cast<unsigned long long>(resident_bytes() - before),
              static_cast<unsigned long long>(peak_bytes() - before));
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc == 4 && std::strcmp(argv[1], "make") == 0) {
      make(argv[2], std::strtoull(argv[3], nullptr, 10));
    } else if (argc == 3 && std::strcmp(argv[1], "load") == 0) {
      load(argv[2]);
    } else {
      std::fprintf(stderr, "usage: made_index make FOLDER BLOBS | made_index load FOLDER\n");
      return 2;
    }
  } catch (const Error& error) {
    std::fprintf(stderr, "made_index: %s\n", error.what());
    return 1;
  }
}
