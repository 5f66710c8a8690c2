#include "chunking/tensor_edges.hpp"

#include <algorithm>

#include "chunking/rabin.hpp"
#include "engine_support.hpp"
#include "repository/trees.hpp"

using namespace sapdr::test;

namespace {

constexpr size_t kib = 1024;

std::string tensor(const std::string& name, uint64_t begin, uint64_t end) {
  return "\"" + name + R"(":{"dtype":"BF16","shape":[1],"data_offsets":[)" + std::to_string(begin) +
         "," + std::to_string(end) + "]}";
}

// A file of tensors with these sizes, and random bytes in them.
std::string safetensors(Random& random, const std::vector<size_t>& sizes) {
  std::string header = R"({"__metadata__":{"format":"pt"})";
  uint64_t at = 0;
  for (const size_t size : sizes) {
    header += "," + tensor("t" + std::to_string(at), at, at + size);
    at += size;
  }
  header += "}";
  std::string file;
  for (int i = 0; i < 8; ++i) file += static_cast<char>(header.size() >> 8 * i & 0xFF);
  return file + header + random.bytes(at);
}

using Edges = std::vector<uint64_t>;

// All edges of a file that begins so.
Edges edges_of(const std::string& name, const std::string& beginning) {
  TensorEdges edges(name);
  static_cast<void>(edges.needs_more(as_bytes(beginning)));
  Edges all;
  for (uint64_t at = 0; (at = edges.after(at)) != UINT64_MAX;) all.push_back(at);
  return all;
}

// The ids of a backed up file's blobs.
std::vector<Id> blobs_of(const RepositoryPtr& repository, const std::string& path,
                         const std::string& content, Chunker chunker) {
  BackupOptions options;
  options.chunker = chunker;
  options.parent = "none";
  const Id snapshot = back_up(*repository, {{path, content}}, options).snapshot.value();
  const Id tree = find_snapshot(*repository, snapshot.hex(), {}).snapshot.tree;
  return find_file(*repository, tree, path).content;
}

}  // namespace

TEST_CASE("tensor edges: large tensors are cut off, small ones go with what follows") {
  const std::string json = "{" + tensor("c", 2048 * kib, 3072 * kib) + "," +
                           tensor("a", 0, 1024 * kib) + "," + tensor("b", 1024 * kib, 1028 * kib) +
                           "," + tensor("bb", 1028 * kib, 2048 * kib) + "}";
  CHECK(safetensors_edges(json, 100) ==
        Edges{100 + 1024 * kib, 100 + 2048 * kib, 100 + 3072 * kib});
  CHECK(safetensors_edges("{}", 100).empty());
}

TEST_CASE("tensor edges: what is no header is refused") {
  for (const char* json :
       {"", "[]", "{\"a\":1}", "{\"a\":{}}", R"({"a":{"data_offsets":[1]}})",
        R"({"a":{"data_offsets":[-1,2]}})", R"({"a":{"data_offsets":["0","9"]}})",
        R"({"a":{"data_offsets":[0,18446744073709551615]}})",
        R"({"a":{"data_offsets":[0.5,1]}})"}) {
    CAPTURE(json);
    CHECK(code_of([&] { safetensors_edges(json, 100); }) == Code::corrupt);
  }
}

TEST_CASE("tensor edges: only of files named so, and only as much of them as is needed") {
  Random random;
  const std::string file = safetensors(random, {600 * kib, 700 * kib});
  CHECK(edges_of("/m/a.safetensors", file).size() == 2);
  CHECK(edges_of("/m/a.bin", file).empty());
  TensorEdges edges(".safetensors");
  const size_t header_end = edges_of(".safetensors", file).front() - 600 * kib;
  for (size_t size = 0; size < header_end; ++size) {
    REQUIRE(edges.needs_more(as_bytes(file).first(size)));
  }
  CHECK_FALSE(edges.needs_more(as_bytes(file).first(header_end)));
  CHECK(edges.after(0) != UINT64_MAX);
  // A length that cannot be, and a header that is none.
  CHECK(edges_of(".safetensors", std::string(100, '\xff')).empty());
  CHECK(edges_of(".safetensors", std::string(100, '\0')).empty());
}

TEST_CASE("tensor edges: a tensor that changes is stored anew, and nothing else") {
  Random random;
  const auto backend = std::make_shared<TestBackend>();
  const RepositoryPtr repository = make_repository(backend);
  const std::string path = "/model.safetensors";
  std::string file =
      safetensors(random, {3000 * kib, 4 * kib, 1500 * kib, 700 * kib, 100 * kib, 9000 * kib});
  const std::vector<Id> before = blobs_of(repository, path, file, Chunker::automatic);
  uint64_t at = 0;
  Edges ends;
  for (const Id& id : before)
    ends.push_back(at += repository->load_blob(BlobType::data, id).size());
  CHECK(at == file.size());
  const Edges edges = edges_of(path, file);
  CHECK(edges.size() == 4);
  for (const uint64_t edge : edges) CHECK(std::ranges::find(ends, edge) != ends.end());

  // The small tensor is cut off together with the one that follows it.
  const size_t begin = file.size() - (9000 + 100 + 700 + 1500) * kib;
  file.replace(begin, 1500 * kib, random.bytes(1500 * kib));
  const std::vector<Id> after = blobs_of(repository, path, file, Chunker::automatic);
  uint64_t changed = 0;
  for (const Id& id : after) {
    if (std::ranges::find(before, id) != before.end()) continue;
    changed += repository->load_blob(BlobType::data, id).size();
  }
  CHECK(changed == 1504 * kib);
}

TEST_CASE("tensor edges: with restic's chunker a file is cut like any other") {
  Random random;
  const RepositoryPtr repository = make_repository(std::make_shared<TestBackend>());
  const std::string file = safetensors(random, {3000 * kib, 5000 * kib});
  const auto plain = blobs_of(repository, "/model.bin", file, Chunker::automatic);
  CHECK(blobs_of(repository, "/model.safetensors", file, Chunker::restic) == plain);
  CHECK(blobs_of(repository, "/model.safetensors", file, Chunker::automatic) != plain);
  // What only looks like one is cut like any other, too.
  const std::string fake = random.bytes(3000 * kib);
  CHECK(blobs_of(repository, "/fake.safetensors", fake, Chunker::automatic) ==
        blobs_of(repository, "/fake.bin", fake, Chunker::automatic));
}
