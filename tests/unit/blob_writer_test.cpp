#include "repository/blob_writer.hpp"

#include <set>
#include <thread>

#include "checksum/sha256.hpp"
#include "engine_support.hpp"

using namespace sapdr::test;

namespace {

struct Fixture {
  std::shared_ptr<TestBackend> backend = std::make_shared<TestBackend>();
  RepositoryPtr repository = make_repository(backend);
  Progress progress;
  RepositoryLock lock{*repository,
                      LockMode::shared,
                      progress,
                      {.wait_before_recheck = std::chrono::nanoseconds(0)}};

  bool save(BlobWriter& writer, const std::string& text) {
    return writer.save(BlobType::data, sha256(as_bytes(text)), as_bytes(text));
  }
  std::string load(const std::string& text) {
    return std::string(as_text(repository->load_blob(BlobType::data, sha256(as_bytes(text)))));
  }
  RepositoryPtr reopened() {
    auto again = Repository::open(test_context(), backend, open_settings());
    again->load_index(progress);
    return again;
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "blob writer: what is known is not stored again") {
  {
    BlobWriter writer(*repository, lock, false);
    CHECK(save(writer, "one"));
    CHECK_FALSE(save(writer, "one"));
    CHECK_MESSAGE(writer.save(BlobType::tree, sha256(as_bytes("one")), as_bytes("one")),
                  "a tree of the same bytes is another blob");
    writer.finish();
    CHECK(writer.counts().data_blobs == 1);
    CHECK(writer.counts().tree_blobs == 1);
    CHECK(writer.counts().packs == 2);
  }
  BlobWriter writer(*repository, lock, false);
  CHECK_FALSE(save(writer, "one"));
  writer.finish();
  CHECK(writer.counts().packs == 0);
}

TEST_CASE_FIXTURE(Fixture, "blob writer: many threads storing the same blobs store each once") {
  BlobWriter writer(*repository, lock, false);
  std::vector<std::thread> threads;
  std::atomic<int> stored{0};
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 300; ++i) stored += save(writer, "blob " + std::to_string(i)) ? 1 : 0;
    });
  }
  for (auto& thread : threads) thread.join();
  writer.finish();
  CHECK(stored == 300);
  CHECK(reopened()->index().n_blobs() == 300);
  CHECK(load("blob 299") == "blob 299");
}

TEST_CASE_FIXTURE(Fixture, "blob writer: packs keep to their size and the index names every blob") {
  OpenSettings settings = open_settings();
  settings.pack_size = 300'000;
  const auto small = Repository::open(test_context(), backend, settings);
  Random random;
  std::vector<std::string> texts;
  {
    BlobWriter writer(*small, lock, false);
    for (int i = 0; i < 50; ++i) {
      texts.push_back(random.bytes(50'000));
      save(writer, texts.back());
    }
    texts.push_back(random.bytes(400'000));  // more than a pack: gets one of its own
    save(writer, texts.back());
    writer.finish();
  }
  size_t big = 0;
  backend->list(FileType::pack, [&](const ObjectInfo& pack) { big += pack.size > 310'000; });
  CHECK(big == 1);
  const auto again = reopened();
  for (const std::string& text : texts) {
    CHECK(as_text(again->load_blob(BlobType::data, sha256(as_bytes(text)))) == text);
  }
}

TEST_CASE_FIXTURE(Fixture, "blob writer: a dry run counts and stores nothing") {
  BlobWriter writer(*repository, lock, true);
  CHECK(save(writer, std::string(10'000, 'x')));
  CHECK_FALSE(save(writer, std::string(10'000, 'x')));
  writer.finish();
  CHECK(writer.counts().data_blobs == 1);
  CHECK(writer.counts().plain_bytes == 10'000);
  CHECK(writer.counts().stored_bytes < 1000);
  CHECK(backend->names(FileType::pack).empty());
  CHECK(backend->names(FileType::index).empty());
}

TEST_CASE_FIXTURE(Fixture, "blob writer: no index names what was not stored") {
  backend->before = [](const char* call, const FileName& file) {
    if (std::string_view(call) == "save" && file.type == FileType::pack) {
      throw Error(Code::no_space, "the disk is full");
    }
  };
  BlobWriter writer(*repository, lock, false);
  save(writer, "lost");
  CHECK(code_of([&] { writer.finish(); }) == Code::no_space);
  CHECK(backend->names(FileType::index).empty());
}

TEST_CASE_FIXTURE(Fixture,
                  "blob writer: packs are stored before the index, and left if it ends early") {
  {
    BlobWriter writer(*repository, lock, false);
    save(writer, "never finished");
  }
  CHECK(backend->names(FileType::index).empty());
  CHECK(reopened()->index().n_blobs() == 0);
  BlobWriter writer(*repository, lock, false);
  CHECK_MESSAGE(save(writer, "never finished"), "the next run stores it");
  writer.finish();
}

TEST_CASE_FIXTURE(Fixture, "blob writer: refuses what no repository can hold") {
  const Bytes huge(max_blob_size + 1);
  BlobWriter writer(*repository, lock, false);
  CHECK(code_of([&] { writer.save(BlobType::tree, Id{}, huge); }) == Code::unsupported);
}

TEST_CASE_FIXTURE(Fixture,
                  "blob writer: content that does not match its id is caught before it is stored") {
  BlobWriter writer(*repository, lock, false);
  CHECK(code_of([&] { writer.save(BlobType::data, Id{}, as_bytes("flipped in memory")); }) ==
        Code::checksum);
}

TEST_CASE_FIXTURE(Fixture, "blob writer: some at once are stored once each, and read back") {
  Random random;
  BlobWriter writer(*repository, lock, false);
  std::vector<std::string> texts;
  for (int i = 0; i < 40; ++i) texts.push_back(random.bytes(random.below(3000)));
  texts.push_back(texts.front());  // twice in one call
  std::vector<ByteView> plains;
  for (const std::string& text : texts) plains.push_back(as_bytes(text));
  std::vector<Id> ids(texts.size());
  writer.save_all(BlobType::data, plains, ids);
  for (size_t i = 0; i < texts.size(); ++i) CHECK(ids[i] == sha256(plains[i]));
  writer.save_all(BlobType::data, plains, ids);
  writer.save_all(BlobType::data, {}, {});
  writer.finish();
  CHECK(writer.counts().data_blobs == std::set<std::string>(texts.begin(), texts.end()).size());
  const RepositoryPtr again = reopened();
  for (size_t i = 0; i < texts.size(); ++i) {
    CHECK(as_text(again->load_blob(BlobType::data, ids[i])) == texts[i]);
  }
}
