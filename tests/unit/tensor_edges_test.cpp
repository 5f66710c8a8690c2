#include "chunking/tensor_edges.hpp"

#include <algorithm>

#include "chunking/safetensors.hpp"
#include "engine_support.hpp"
#include "repository/trees.hpp"

using namespace sapdr::test;

namespace {

constexpr size_t kib = 1024;

std::string tensor(const std::string& name, uint64_t begin, uint64_t end) {
  return "\"" + name + R"(":{"dtype":"BF16","shape":[1],"data_offsets":[)" + std::to_string(begin) +
         "," + std::to_string(end) + "]}";
}

std::string with_length(const std::string& json) {
  std::string header(8, '\0');
  store_le<uint64_t>(reinterpret_cast<std::byte*>(header.data()), json.size());
  return header + json;
}

// A file of tensors with these sizes, and random bytes in them.
std::string safetensors(Random& random, const std::vector<size_t>& sizes) {
  std::string header = R"({"__metadata__":{"format":"pt"})";
  uint64_t at = 0;
  for (const size_t size : sizes) {
    header += "," + tensor("t" + std::to_string(at), at, at + size);
    at += size;
  }
  return with_length(header + "}") + random.bytes(at);
}

using Edges = std::vector<uint64_t>;

// All edges of a file that begins so.
Edges edges_of(const std::string& name, const std::string& beginning) {
  TensorEdges edges(name);
  edges.update(as_bytes(beginning));
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
  const std::string header = with_length(
      "{" + tensor("c", 2048 * kib, 3072 * kib) + "," + tensor("a", 0, 1024 * kib) + "," +
      tensor("b", 1024 * kib, 1028 * kib) + "," + tensor("bb", 1028 * kib, 2048 * kib) + "}");
  const uint64_t begin = header.size();
  CHECK(edges_of(".safetensors", header) ==
        Edges{begin + 1024 * kib, begin + 2048 * kib, begin + 3072 * kib});
  CHECK(edges_of(".safetensors", with_length("{}")).empty());
}

TEST_CASE("tensor edges: what is no header is refused") {
  for (const char* json :
       {"", "[]", "{\"a\":1}", "{\"a\":{}}", R"({"a":{"data_offsets":[1]}})",
        R"({"a":{"data_offsets":[-1,2]}})", R"({"a":{"data_offsets":["0","9"]}})",
        R"({"a":{"data_offsets":[0,18446744073709551615]}})",
        R"({"a":{"data_offsets":[0.5,1]}})"}) {
    CAPTURE(json);
    CHECK(code_of([&] { make_safetensors_header()->update(as_bytes(with_length(json))); }) ==
          Code::corrupt);
  }
}

TEST_CASE("tensor edges: only of files named so, as soon as the header is there") {
  Random random;
  const std::string file = safetensors(random, {600 * kib, 700 * kib});
  CHECK(edges_of("/m/a.safetensors", file).size() == 2);
  CHECK(edges_of("/m/a.bin", file).empty());
  TensorEdges edges(".safetensors");
  const size_t header_end = edges_of(".safetensors", file).front() - 600 * kib;
  for (size_t at = 0; at < header_end; ++at) {
    REQUIRE(edges.after(0) == UINT64_MAX);
    edges.update(as_bytes(file).subspan(at, 1));
  }
  CHECK(edges.after(0) == header_end + 600 * kib);
  // A header that is too long, though it is there, a length that cannot be, and one of nothing.
  const std::string json = "{" + tensor("a", 0, 1024 * kib) + "}";
  CHECK(edges_of(".safetensors", with_length(json + std::string(2047 * kib, ' '))).size() == 2);
  CHECK(edges_of(".safetensors", with_length(json + std::string(2048 * kib, ' '))).empty());
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
