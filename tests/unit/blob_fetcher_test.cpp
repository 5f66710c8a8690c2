#include "repository/blob_fetcher.hpp"

#include <algorithm>
#include <atomic>
#include <map>

#include "checksum/sha256.hpp"
#include "engine_support.hpp"
#include "repository/blob_writer.hpp"

using namespace sapdr::test;

namespace {

struct Fixture {
  std::shared_ptr<TestBackend> backend = std::make_shared<TestBackend>();
  RepositoryPtr repository = make_repository(backend);
  Progress progress;
  Random random;
  std::vector<std::string> texts;
  std::vector<BlobPlace> places;  // of the texts, in the order of their offsets
  std::atomic<int> reads{0};
  std::mutex mutex;
  std::map<size_t, std::string> taken;
  std::map<size_t, Error> lost;  // and why

  // Blobs of these sizes in one pack, one behind the other.
  void store(const std::vector<size_t>& sizes) {
    OpenSettings settings = open_settings();
    settings.compression = Compression::off;
    settings.pack_size = 64 * 1024 * 1024;
    repository = Repository::open(test_context(), backend, settings);
    const RepositoryLock lock(*repository, LockMode::shared, progress,
                              {.wait_before_recheck = std::chrono::nanoseconds(0)});
    BlobWriter writer(*repository, lock, false);
    for (const size_t size : sizes) {
      texts.push_back(random.bytes(size));
      writer.save(BlobType::data, sha256(as_bytes(texts.back())), as_bytes(texts.back()));
    }
    writer.finish();
    for (const std::string& text : texts) {
      places.push_back(*repository->index().find(sha256(as_bytes(text)), BlobType::data));
    }
  }
  BlobsToFetch blobs(std::vector<size_t> chosen) {
    BlobsToFetch blobs;
    blobs.size = chosen.size();
    blobs.place = [this, chosen](size_t at) -> const BlobPlace& { return places[chosen[at]]; };
    blobs.is_needed = [](size_t) { return true; };
    blobs.take = [this, chosen](size_t at, const FetchedBlob& blob) {
      const std::lock_guard lock(mutex);
      CHECK(blob.sealed.size() == blob.place.length);
      CHECK(taken.emplace(chosen[at], as_text(blob.plain)).second);
    };
    blobs.lose = [this, chosen](size_t at, const Error& error) {
      const std::lock_guard lock(mutex);
      CHECK(lost.emplace(chosen[at], error).second);
    };
    return blobs;
  }
  uint64_t fetch(BlobsToFetch what) {
    backend->before = [this](const char* call, const FileName& file) {
      if (std::string_view(call) == "load" && file.type == FileType::pack) ++reads;
    };
    BlobFetcher fetcher(*repository, progress);
    fetcher.run(std::move(what));
    return fetcher.bytes_fetched();
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "blob fetcher: neighbours are read in one go, and all come out right") {
  store({50'000, 1, 70'000, 30'000});
  const uint64_t fetched = fetch(blobs({0, 1, 2, 3}));
  CHECK(reads == 1);
  CHECK(fetched == 150'001 + 4 * seal_overhead);
  REQUIRE(taken.size() == 4);
  for (size_t i = 0; i < texts.size(); ++i) CHECK(taken[i] == texts[i]);
}

TEST_CASE_FIXTURE(Fixture, "blob fetcher: a small gap is read over, a big one is not") {
  store({1000, 30'000, 1000, 100'000, 1000});
  const uint64_t fetched = fetch(blobs({0, 2, 4}));
  CHECK(reads == 2);
  CHECK(fetched == 33'000 + 4 * seal_overhead);
  CHECK(taken.size() == 3);
}

TEST_CASE_FIXTURE(Fixture, "blob fetcher: ranges end at 16 MiB") {
  store({7'000'000, 7'000'000, 7'000'000, 1000});
  fetch(blobs({0, 1, 2, 3}));
  CHECK(reads == 2);
  CHECK(taken.size() == 4);
}

TEST_CASE_FIXTURE(Fixture, "blob fetcher: what nobody needs is not read") {
  store({1000, 200'000, 1000});
  BlobsToFetch some = blobs({0, 2});
  some.is_needed = [](size_t at) { return at == 1; };
  fetch(std::move(some));
  CHECK(reads == 1);
  CHECK(taken.size() == 1);
  CHECK(taken[2] == texts[2]);
}

TEST_CASE_FIXTURE(Fixture, "blob fetcher: a damaged blob is lost, its neighbours are not") {
  store({1000, 1000, 1000});
  const std::string pack = repository->index().pack_id(places[1].pack).hex();
  backend->flip_bit({FileType::pack, pack}, places[1].offset + 20);
  fetch(blobs({0, 1, 2}));
  CHECK(taken.size() == 2);
  REQUIRE(lost.size() == 1);
  const Error& error = lost.at(1);
  CHECK(error.code() == Code::corrupt);
  CHECK(error.message().find(places[1].id.hex()) != std::string::npos);
  CHECK(error.message().find(pack) != std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "blob fetcher: what was damaged on the way is read again") {
  store({1000, 1000, 1000});
  const FileName pack{FileType::pack, repository->index().pack_id(places[1].pack).hex()};
  backend->flip_bit(pack, places[1].offset + 20);
  BlobsToFetch all = blobs({0, 1, 2});
  const auto load = [this, pack] {
    if (++reads == 2) backend->flip_bit(pack, places[1].offset + 20);
  };
  backend->before = [load](const char* call, const FileName& file) {
    if (std::string_view(call) == "load" && file.type == FileType::pack) load();
  };
  BlobFetcher(*repository, progress).run(std::move(all));
  CHECK(reads == 2);
  CHECK(lost.empty());
  REQUIRE(taken.size() == 3);
  CHECK(taken[1] == texts[1]);
}

TEST_CASE_FIXTURE(Fixture, "blob fetcher: what cannot be read is not taken for damaged") {
  store({1000, 200'000, 1000});
  backend->before = [](const char* call, const FileName& file) {
    const bool is_load = std::string_view(call) == "load" && file.type == FileType::pack;
    if (is_load) throw Error(Code::io, "the disk does not answer");
  };
  BlobFetcher(*repository, progress).run(blobs({0, 2}));
  REQUIRE(lost.size() == 2);
  CHECK(lost.at(0).code() == Code::io);
  CHECK(lost.at(2).code() == Code::io);
}

TEST_CASE_FIXTURE(Fixture, "blob fetcher: a missing pack is damage") {
  store({1000, 200'000, 1000});
  backend->erase({FileType::pack, repository->index().pack_id(places[0].pack).hex()});
  BlobFetcher(*repository, progress).run(blobs({0, 2}));
  REQUIRE(lost.size() == 2);
  CHECK(lost.at(0).code() == Code::corrupt);
}

TEST_CASE_FIXTURE(Fixture, "blob fetcher: what a truncated pack still has comes out") {
  store({1000, 1000, 1000});
  const FileName pack{FileType::pack, repository->index().pack_id(places[0].pack).hex()};
  backend->replace(pack, ByteView(backend->content(pack)).first(places[2].offset));
  fetch(blobs({0, 1, 2}));
  CHECK(taken.size() == 2);
  CHECK(lost.count(2) == 1);
}

TEST_CASE_FIXTURE(Fixture, "blob fetcher: what is fatal, and what the functions throw, ends it") {
  store({1000, 200'000, 1000});
  BlobsToFetch all = blobs({0, 2});
  all.take = [](size_t, const FetchedBlob&) { throw Error(Code::no_space, "the disk is full"); };
  CHECK(code_of([&] { fetch(std::move(all)); }) == Code::no_space);
  BlobsToFetch again = blobs({0, 2});
  backend->before = [](const char* call, const FileName& file) {
    if (std::string_view(call) == "load" && file.type == FileType::pack) {
      throw Error(Code::network, "the line is down", Retry::maybe);
    }
  };
  BlobFetcher fetcher(*repository, progress);
  CHECK(code_of([&] { fetcher.run(std::move(again)); }) == Code::network);
  CHECK(lost.empty());
}
