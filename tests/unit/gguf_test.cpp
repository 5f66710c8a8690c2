#include "chunking/gguf.hpp"

#include <algorithm>

#include "chunking/tensor_edges.hpp"
#include "engine_support.hpp"

using namespace sapdr::test;

namespace {

constexpr size_t kib = 1024;
constexpr uint32_t type_uint8 = 0, type_uint32 = 4, type_string = 8, type_array = 9;

using Edges = std::vector<uint64_t>;

template <class Number>
std::string number(Number value) {
  std::string bytes(sizeof value, '\0');
  store_le(reinterpret_cast<std::byte*>(bytes.data()), value);
  return bytes;
}

std::string text(const std::string& value) {
  return number<uint64_t>(value.size()) + value;
}

std::string pair(const std::string& key, uint32_t type, const std::string& value) {
  return text(key) + number(type) + value;
}

std::string array(uint32_t type, uint64_t count, const std::string& values) {
  return number(type) + number(count) + values;
}

std::string alignment(uint32_t value) {
  return pair("general.alignment", type_uint32, number(value));
}

// One of two dimensions.
std::string tensor(uint64_t offset) {
  return text("blk." + std::to_string(offset)) + number<uint32_t>(2) + number<uint64_t>(64) +
         number<uint64_t>(offset) + number<uint32_t>(30) + number(offset);
}

struct Gguf {
  std::string magic = "GGUF";
  uint32_t version = 3;
  std::vector<std::string> pairs = {};
  std::vector<std::string> tensors = {};

  std::string header() const {
    std::string all =
        magic + number(version) + number<uint64_t>(tensors.size()) + number<uint64_t>(pairs.size());
    for (const std::string& each : pairs) all += each;
    for (const std::string& each : tensors) all += each;
    return all;
  }
};

Gguf with_pair(const std::string& each) {
  return {.pairs = {each}, .tensors = {tensor(0), tensor(1024 * kib)}};
}

// All types of values.
Gguf full() {
  Gguf file{.tensors = {tensor(0), tensor(700 * kib), tensor(704 * kib), tensor(2000 * kib)}};
  constexpr size_t sizes[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
  for (uint32_t type = 0; type < std::size(sizes); ++type) {
    const size_t size = sizes[type];
    if (size == 0) continue;
    file.pairs.push_back(pair("one", type, std::string(size, '\xff')));
    file.pairs.push_back(pair("ten", type_array, array(type, 10, std::string(10 * size, '\xff'))));
  }
  const std::string words = array(type_string, 3, text("GGUF") + text("") + text("general"));
  const std::string bytes = array(type_uint8, 5, "\1\2\3\4\5");
  file.pairs.push_back(pair("name", type_string, text("general.alignment")));
  file.pairs.push_back(pair("words", type_array, words));
  file.pairs.push_back(pair("none", type_array, array(type_string, 0, "")));
  file.pairs.push_back(pair("", type_array, array(type_uint32, 0, "")));
  file.pairs.push_back(
      pair("nested", type_array,
           array(type_array, 3, words + array(type_array, 2, words + bytes) + bytes)));
  return file;
}

Edges all_of(TensorEdges& edges) {
  Edges all;
  for (uint64_t at = 0; (at = edges.after(at)) != UINT64_MAX;) all.push_back(at);
  return all;
}

// `beginning` is given in pieces of up to so many bytes.
Edges edges_of(Random& random, std::string_view beginning, size_t max_piece) {
  TensorEdges edges(".gguf");
  while (!beginning.empty()) {
    const size_t piece = std::min<size_t>(1 + random.below(max_piece), beginning.size());
    edges.update(as_bytes(beginning.substr(0, piece)));
    beginning.remove_prefix(piece);
  }
  return all_of(edges);
}

Edges edges_of(const std::string& beginning) {
  TensorEdges edges("/m/a.gguf");
  edges.update(as_bytes(beginning));
  return all_of(edges);
}

uint64_t rounded_up(uint64_t size, uint64_t to) {
  return (size + to - 1) / to * to;
}

bool is_refused(const std::string& beginning) {
  return code_of([&] { make_gguf_header()->update(as_bytes(beginning)); }) == Code::corrupt &&
         edges_of(beginning).empty();
}

bool is_incomplete(const std::string& beginning) {
  return !make_gguf_header()->update(as_bytes(beginning)).has_value();
}

}  // namespace

TEST_CASE("gguf: edges are where tensors begin") {
  Gguf file = full();
  for (const uint32_t version : {2u, 3u}) {
    file.version = version;
    const uint64_t begin = rounded_up(file.header().size(), 32);
    CHECK(edges_of(file.header()) == Edges{begin + 700 * kib, begin + 2000 * kib});
  }
  std::ranges::reverse(file.tensors);
  CHECK(edges_of(file.header()).size() == 2);
  // The data of a large header are cut off from it.
  file.pairs.push_back(pair("large", type_string, text(std::string(600 * kib, 'x'))));
  CHECK(edges_of(file.header()).front() == rounded_up(file.header().size(), 32));
  CHECK(edges_of(Gguf{}.header()).empty());
}

TEST_CASE("gguf: data begin at a multiple of the alignment") {
  for (const uint32_t align : {1u, 24u, 32u, 4096u, 0xFFFFFFFFu}) {
    const std::string header = with_pair(alignment(align)).header();
    CHECK(edges_of(header).back() == rounded_up(header.size(), align) + 1024 * kib);
  }
  CHECK(is_refused(with_pair(alignment(0)).header()));
  CHECK(is_refused(with_pair(pair("general.alignment", 10, number<uint64_t>(32))).header()));
}

TEST_CASE("gguf: in pieces or as a whole, edges are known when the header is complete") {
  Random random;
  const std::string header = full().header();
  const Edges edges = edges_of(header);
  CHECK(edges.size() == 2);
  for (size_t size = 0; size < header.size(); ++size) {
    const auto prefix = std::string_view(header).substr(0, size);
    REQUIRE(is_incomplete(std::string(prefix)));
    REQUIRE(edges_of(random, prefix, 1 + random.below(size + 1)).empty());
  }
  for (const size_t max_piece : {1, 2, 10, 100, 1000, 10000}) {
    CHECK(edges_of(random, header, max_piece) == edges);
    CHECK(edges_of(random, header + random.bytes(100), max_piece) == edges);
  }
}

TEST_CASE("gguf: other files and versions are refused") {
  Gguf file = full();
  for (const uint32_t version : {0u, 1u, 4u, 0x02000000u, 0x03000000u}) {
    file.version = version;
    CHECK(is_refused(file.header()));
  }
  file = full();
  file.magic = "GGML";
  CHECK(is_refused(file.header()));
  CHECK(is_refused(std::string(100, '\0')));
  CHECK(is_refused(std::string(100, '\xff')));
}

TEST_CASE("gguf: numbers that cannot be are refused, or never come to an end") {
  const auto begin = [](uint64_t tensors, uint64_t pairs) {
    return "GGUF" + number<uint32_t>(3) + number(tensors) + number(pairs);
  };
  constexpr uint64_t huge = uint64_t{1} << 63;
  CHECK(is_refused(begin(huge, 0)));
  CHECK(is_refused(begin(256 * kib + 1, 0)));
  CHECK(is_incomplete(begin(256 * kib, 0) + tensor(0)));
  CHECK(is_incomplete(begin(1, huge) + alignment(32)));
  CHECK(is_refused(begin(1, 1) + number(huge)));
  CHECK(is_refused(begin(1, 1) + number<uint64_t>(65536)));

  CHECK(is_refused(with_pair(pair("a", 13, "")).header()));
  CHECK(is_refused(with_pair(pair("a", type_array, array(0xFFFFFFFF, 1, ""))).header()));
  CHECK(is_refused(with_pair(pair("a", type_array, array(type_uint32, huge, ""))).header()));
  for (const uint32_t type : {type_uint8, type_string, type_array}) {
    CHECK(is_incomplete(with_pair(pair("a", type_array, array(type, huge, ""))).header()));
  }
  CHECK(is_incomplete(with_pair(pair("a", type_string, number(UINT64_MAX))).header()));
  CHECK(is_incomplete(begin(1, 0) + number(UINT64_MAX) + tensor(0)));
  CHECK(is_incomplete(begin(1, 0) + text("a") + number(UINT32_MAX) + tensor(0)));
  CHECK(is_refused(begin(1, 0) + tensor(UINT64_MAX)));

  const auto nested = [](int depth) {
    std::string value = array(type_uint8, 1, "a");
    for (; depth > 1; --depth) value = array(type_array, 1, value);
    return with_pair(pair("a", type_array, value)).header();
  };
  CHECK(edges_of(nested(8)).size() == 1);
  CHECK(is_refused(nested(9)));
  CHECK(is_refused(nested(1000)));
}

TEST_CASE("gguf: what changes is stored anew, and nothing else, behind a header of megabytes") {
  Random random;
  const RepositoryPtr repository = make_repository(std::make_shared<TestBackend>());
  constexpr size_t tokens = 300'000, tensor_size = 1500 * kib;
  std::string words;
  for (size_t i = 0; i < tokens; ++i) words += text(random.bytes(24));
  Gguf file{.pairs = {pair("name", type_string, text("before")),
                      pair("tokens", type_array, array(type_string, tokens, words))}};
  std::vector<std::string> tensors;
  for (size_t i = 0; i < 5; ++i) {
    file.tensors.push_back(tensor(i * tensor_size));
    tensors.push_back(random.bytes(tensor_size));
  }
  const auto bytes_new = [&] {
    std::string content = file.header();
    content.resize(rounded_up(content.size(), 32));
    for (const std::string& each : tensors) content += each;
    BackupOptions options;
    options.parent = "none";
    return back_up(*repository, {{"/model.gguf", content}}, options).bytes_new;
  };
  CHECK(file.header().size() > 9'000 * kib);
  CHECK(bytes_new() > file.header().size() + 5 * tensor_size);

  constexpr size_t tree_size = 10'000;
  tensors[2] = random.bytes(tensor_size);
  CHECK(bytes_new() - tensor_size < tree_size);
  // Data that move cost what is before them.
  file.pairs[0] = pair("name", type_string, text("a name that takes more bytes"));
  CHECK(bytes_new() < file.header().size() + tree_size);
  std::swap(tensors[0], tensors[4]);
  CHECK(bytes_new() < tree_size);
}
