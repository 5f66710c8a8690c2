#include "operation/snapshot_file.hpp"

#include <limits>
#include <mutex>
#include <numeric>
#include <thread>

#include "format/index.hpp"
#include "restore_support.hpp"

namespace sapdr::test {

namespace {

std::string read(SnapshotFile& file, uint64_t offset, size_t size) {
  Progress progress;
  std::string out(size, '\0');
  out.resize(file.read(offset, std::as_writable_bytes(std::span(out)), progress));
  return out;
}

int total(const Bench::Loads& loads) {
  return std::accumulate(loads.begin(), loads.end(), 0,
                         [](int sum, const auto& load) { return sum + load.second; });
}

// A file of ten blobs, "b0" to "b9" repeated to 1000 bytes each, each in a pack of its own.
struct FileBench : Bench {
  FileBench() {
    for (int i = 0; i < 10; ++i) {
      std::string text;
      while (text.size() < 1000) text += "b" + std::to_string(i);
      blobs.push_back(save_blob(text));
      content += text;
    }
    ref = save_snapshot(save_tree({file_node("f", blobs, content.size())}));
  }
  SnapshotFile open(std::string_view path = "/f") const {
    return SnapshotFile(repository, ref, path);
  }

  std::vector<Id> blobs;
  std::string content;
  SnapshotRef ref;
};

}  // namespace

TEST_CASE("file: any range is that of the file") {
  Bench bench;
  const TempDir source;
  Random random;
  const std::string content = random_content(9'500'000, random.number());
  write_file(source / "file", content);
  SnapshotFile file(bench.repository, bench.back_up({source.path()}), source / "file");
  CHECK(file.size() == content.size());
  CHECK(file.node().size == content.size());
  CHECK(file.path() == source / "file");
  std::vector<uint64_t> edges;
  for (uint64_t end = 0; end < content.size(); edges.push_back(end)) end = file.blob_end(end);
  CHECK(edges.size() == file.node().content.size());
  CHECK(edges.size() > 3);
  CHECK(edges.back() == content.size());

  const auto check = [&](uint64_t offset, size_t size) {
    const std::string expected =
        offset < content.size() ? content.substr(static_cast<size_t>(offset), size) : "";
    CHECK_MESSAGE(read(file, offset, size) == expected, "at ", offset, " of ", size);
  };
  for (const uint64_t edge : edges) {
    for (const size_t size : {1UL, 2UL, 3UL, 5000UL, 3'000'000UL}) {
      for (const uint64_t before : {0UL, 1UL, 2UL}) check(edge - before, size);
    }
  }
  for (int i = 0; i < 200; ++i) {
    check(random.below(content.size() + 10),
          static_cast<size_t>(random.below(i % 10 == 0 ? content.size() : 100'000)));
  }
  check(0, content.size());
  check(0, content.size() + 1);
  check(content.size(), 1);
  for (const uint64_t offset : {uint64_t{1} << 32, uint64_t{1} << 63, UINT64_MAX - 1, UINT64_MAX}) {
    CHECK(read(file, offset, 10).empty());
    CHECK(file.blob_end(offset) == content.size());
  }
}

TEST_CASE("file: read from front to back, each blob is loaded once") {
  FileBench bench;
  const Bench::Loads& loads = bench.count_loads();
  for (const size_t piece : {1UL, 300UL, 1000UL, 1001UL, 4500UL, 10'000UL}) {
    bench.count_loads();
    SnapshotFile file = bench.open();
    std::string all;
    for (std::string part; !(part = read(file, all.size(), piece)).empty();) all += part;
    CHECK(all == bench.content);
    CHECK(loads.size() == 10 + 1);  // and the tree
    CHECK(total(loads) == 10 + 1);
  }
}

TEST_CASE("file: a read loads what it touches, and nothing else") {
  FileBench bench;
  SnapshotFile file = bench.open();
  const Bench::Loads& loads = bench.count_loads();
  const auto loaded_by = [&](uint64_t offset, size_t size) {
    bench.count_loads();
    CHECK(read(file, offset, size) == bench.content.substr(static_cast<size_t>(offset), size));
    return total(loads);
  };
  CHECK(loaded_by(10, 8) == 1);
  CHECK(loaded_by(18, 100) == 0);
  CHECK(loaded_by(9500, 500) == 1);
  CHECK(loaded_by(4500, 1000) == 2);
  CHECK(loaded_by(0, 1) == 0);  // kept
  // No more than eight are kept; the least recently used one goes.
  for (const uint64_t blob : {2UL, 7UL, 3UL, 6UL, 1UL, 8UL}) read(file, blob * 1000, 1);
  CHECK(loaded_by(0, 1) == 0);
  CHECK(loaded_by(9000, 1) == 1);
  CHECK(file.blob_end(0) == 1000);
  CHECK(file.blob_end(999) == 1000);
  CHECK(file.blob_end(1000) == 2000);
  CHECK(file.blob_end(10'000) == 10'000);
}

TEST_CASE("file: who reads on has blobs loaded at the same time, who jumps about has not") {
  FileBench bench;
  Context::Settings settings;
  settings.threads = 4;
  bench.repository = Repository::open(test_context(settings), bench.backend, open_settings());
  Progress progress;
  bench.repository->load_index(progress);
  std::mutex mutex;
  int loads = 0, at_once = 0, most = 0;
  bench.backend->before = [&](const char* call, const FileName&) {
    if (std::string_view(call) != "load") return;
    {
      const std::lock_guard lock(mutex);
      ++loads;
      most = std::max(most, ++at_once);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    const std::lock_guard lock(mutex);
    --at_once;
  };
  const auto most_at_once = [&](const auto& use) {
    SnapshotFile file = bench.open();
    loads = most = 0;
    use(file);
    return most;
  };
  const auto in_pieces = [&](SnapshotFile& file) {
    for (uint64_t at = 0; at < file.size(); at += 500) read(file, at, 500);
  };
  CHECK(most_at_once([](SnapshotFile& file) { read(file, 0, 10'000); }) > 1);
  CHECK(most_at_once(in_pieces) > 1);
  CHECK(loads == 10);
  CHECK(most_at_once([](SnapshotFile& file) {
          for (const uint64_t blob : {9UL, 1UL, 8UL, 0UL, 2UL, 4UL})
            read(file, blob * 1000 + 1, 500);
        }) == 1);
  CHECK(loads == 6);
}

TEST_CASE("file: a blob that comes again and again is loaded once") {
  Bench bench;
  const Id zeros = bench.save_blob(std::string(1000, '\0'));
  const SnapshotRef ref =
      bench.save_snapshot(bench.save_tree({file_node("f", std::vector<Id>(50, zeros), 50'000)}));
  SnapshotFile file(bench.repository, ref, "f");
  const Bench::Loads& loads = bench.count_loads();
  for (uint64_t at = 0; at < 50'000; at += 700) read(file, at, 1);
  CHECK(total(loads) == 1);
}

TEST_CASE("file: a damaged blob fails the reads that touch it") {
  FileBench bench;
  bench.backend->flip_bit({FileType::pack, bench.pack_of(bench.blobs[4])}, 20);
  SnapshotFile file = bench.open();
  for (int round = 0; round < 2; ++round) {
    CHECK(read(file, 0, 4000) == bench.content.substr(0, 4000));
    CHECK(code_of([&] { read(file, 3999, 2); }) == Code::corrupt);
    CHECK(code_of([&] { read(file, 4500, 1); }) == Code::corrupt);
    CHECK(code_of([&] { read(file, 0, 10'000); }) == Code::corrupt);
    CHECK(read(file, 5000, 5000) == bench.content.substr(5000));
  }
  // Not even from front to back, where it was loaded ahead.
  std::string all;
  CHECK(code_of([&] {
          while (true) all += read(file, all.size(), 500);
        }) == Code::corrupt);
  CHECK(all == bench.content.substr(0, 4000));
}

TEST_CASE("file: what cannot be opened") {
  FileBench bench;
  Random random;
  const Id blob = bench.blobs[0];
  const Id d = bench.save_tree({file_node("inner", {blob}, 1000)});
  bench.ref = bench.save_snapshot(bench.save_tree(
      {dir_node("d", d), file_node("empty", {}, 0), link_node("l", "f"),
       file_node("lie", {blob}, 1001), file_node("lost", {blob, random.id()}, 2000)}));
  CHECK(code_of([&] { bench.open("/nowhere"); }) == Code::not_found);
  CHECK(code_of([&] { bench.open("/nowhere/at/all"); }) == Code::not_found);
  CHECK(code_of([&] { bench.open("/d"); }) == Code::invalid_argument);
  CHECK(code_of([&] { bench.open("/l"); }) == Code::invalid_argument);
  CHECK(code_of([&] { bench.open("/"); }) == Code::invalid_argument);
  CHECK(code_of([&] { bench.open("/empty/below"); }) == Code::invalid_argument);
  CHECK(code_of([&] { bench.open("/lie"); }) == Code::corrupt);
  CHECK(code_of([&] { bench.open("/lost"); }) == Code::corrupt);
  CHECK(bench.open("d//inner/").size() == 1000);
  SnapshotFile empty = bench.open("/empty");
  CHECK(empty.size() == 0);
  CHECK(read(empty, 0, 10).empty());
  CHECK(read(empty, UINT64_MAX, 10).empty());
  CHECK(empty.blob_end(0) == 0);
  bench.ref = bench.find("latest:/d");
  CHECK(bench.open("/inner").size() == 1000);
}

TEST_CASE("file: an index that lies about the size of a blob leads to no other bytes") {
  for (const uint32_t lie : {1U, 999U, 1001U, 100'000U}) {
    FileBench bench;
    bench.ref = bench.save_snapshot(bench.save_tree({file_node("f", {bench.blobs[0]}, lie)}));
    // The lie comes first, about a pack that is not there; then all that is true.
    const BlobIndex& index = bench.repository->index();
    Random random;
    IndexFile forged;
    PackedBlob lying{.id = bench.blobs[0], .offset = 0, .length = 500, .plain_length = lie};
    forged.packs.push_back({random.id(), {lying}});
    for (uint32_t pack = 0; pack < index.n_packs(); ++pack) {
      forged.packs.push_back({index.pack_id(pack), {}});
      for (const BlobPlace& place : index.blobs_in(pack)) {
        forged.packs.back().blobs.push_back({place.id, place.type, place.offset, place.length,
                                             place.compressed ? place.plain_length : 0});
      }
    }
    for (const std::string& name : bench.backend->names(FileType::index)) {
      bench.backend->erase({FileType::index, name});
    }
    bench.repository->save_unpacked(FileType::index, index_json(forged));
    bench.reopen();
    SnapshotFile file = bench.open();
    CHECK(file.size() == lie);
    CHECK(code_of([&] { read(file, 0, lie); }) == Code::corrupt);
    CHECK(code_of([&] { read(file, 0, 1); }) == Code::corrupt);
  }
}

TEST_CASE("file: a cancel stops a read") {
  FileBench bench;
  SnapshotFile file = bench.open();
  Cancel cancel;
  cancel.trigger();
  Progress progress(nullptr, &cancel);
  std::string out(100, '\0');
  const auto bytes = std::as_writable_bytes(std::span(out));
  CHECK(code_of([&] { file.read(0, bytes, progress); }) == Code::cancelled);
  cancel.reset();
  CHECK(file.read(0, bytes, progress) == 100);
}

}  // namespace sapdr::test
