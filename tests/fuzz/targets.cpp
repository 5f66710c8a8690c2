#include "targets.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/encoding.hpp"
#include "base/error.hpp"
#include "base/go_quote.hpp"
#include "base/json.hpp"
#include "base/path.hpp"
#include "checksum/manifest.hpp"
#include "chunking/rabin.hpp"
#include "chunking/tensor_edges.hpp"
#include "component/files/patterns.hpp"
#include "component/mongodb/capture_record.hpp"
#include "component/mongodb/document.hpp"
#include "format/codec.hpp"
#include "format/config.hpp"
#include "format/index.hpp"
#include "format/key.hpp"
#include "format/lock.hpp"
#include "format/pack.hpp"
#include "format/snapshot.hpp"
#include "format/tree.hpp"
#include "net/azure/token_answer.hpp"
#include "net/proxy.hpp"
#include "net/url.hpp"
#include "operation/amount.hpp"
#include "operation/doctor.hpp"
#include "operation/retention.hpp"
#include "storage/azure_blob/blob_list.hpp"
#include "storage/azure_blob/management_answers.hpp"
#include "storage/azure_blob/replication.hpp"
#include "storage/azure_blob/service_properties.hpp"

namespace sapdr::test {

using namespace core;

namespace {

// An input that is refused is fine, by these errors only.
template <class Call>
void refusing(Call call) {
  try {
    call();
  } catch (const Error& error) {
    switch (error.code()) {
      case Code::corrupt:
      case Code::unsupported:
      case Code::invalid_argument:
      case Code::network:  // something else answered
        return;
      default:
        std::fprintf(stderr, "refused by an unexpected error: %s\n", error.what());
        std::abort();
    }
  }
}

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

// What was read is written, and reads as the same.
template <class Parse, class Write>
void round_trip(ByteView input, Parse parse, Write write) {
  refusing([&] {
    const std::string once = write(parse(as_text(input)));
    std::string again;
    try {
      again = write(parse(once));
    } catch (const Error& error) {
      std::fprintf(stderr, "what was written is refused: %s\n%s\n", error.what(), once.c_str());
      std::abort();
    }
    require(once == again, "what is written reads as what was written");
  });
}

void fuzz_config(ByteView input) {
  round_trip(input, parse_config, config_json);
}

void fuzz_index(ByteView input) {
  round_trip(
      input, [](std::string_view text) { return parse_index(text, "index"); }, index_json);
}

void fuzz_tree(ByteView input) {
  round_trip(
      input, [](std::string_view text) { return parse_tree(text, "tree"); }, tree_json);
}

void fuzz_snapshot(ByteView input) {
  round_trip(
      input, [](std::string_view text) { return parse_snapshot(text, "snapshot"); }, snapshot_json);
}

void fuzz_lock(ByteView input) {
  round_trip(
      input, [](std::string_view text) { return parse_lock(text, "lock"); }, lock_json);
}

void fuzz_key(ByteView input) {
  round_trip(
      input, [](std::string_view text) { return parse_key_file(text, "key"); }, key_file_json);
  refusing([&] { parse_master_key(input); });
}

// The first four bytes are the size of the pack's data.
void fuzz_pack_header(ByteView input) {
  if (input.size() < 4) return;
  const uint32_t data_size = load_le<uint32_t>(input.data());
  refusing([&] {
    const auto blobs = parse_pack_header(input.subspan(4), data_size, "pack");
    const Bytes written = encode_pack_header(blobs);
    require(parse_pack_header(written, data_size, "pack") == blobs, "a header reads as written");
  });
}

void fuzz_codec(ByteView input) {
  Codec codec(Compression::fastest, BlobCodec::tensor);
  constexpr size_t limit = 1 << 20;
  Bytes plain;
  if (codec.decompress_unknown(input, limit, plain)) {
    require(plain.size() <= limit, "no more comes out than the limit");
  }
  if (input.size() < 2) return;
  Bytes exact(std::to_integer<size_t>(input[0]) << 8 | std::to_integer<size_t>(input[1]));
  static_cast<void>(codec.decompress(input.subspan(2), exact));
  Bytes packed;
  if (!codec.compress(input, false, packed)) return;
  Bytes back(input.size());
  require(codec.decompress(packed, back), "what was compressed is decompressed");
  require(std::equal(back.begin(), back.end(), input.begin()), "and is what it was");
}

void fuzz_manifest(ByteView input) {
  refusing([&] {
    const ManifestEntry entry = parse_manifest_line(as_text(input));
    std::string line = manifest_line(entry.id, entry.name);
    if (line.ends_with('\n')) line.pop_back();
    const ManifestEntry again = parse_manifest_line(line);
    const std::string name = entry.name == "-" ? "./-" : entry.name;  // not the standard input
    require(again.id == entry.id && again.name == name, "a line reads as written");
  });
}

// A pattern, a newline, a path: the ways to ask for a match agree.
void fuzz_patterns(ByteView input) {
  const std::string_view text = as_text(input);
  const size_t newline = text.find('\n');
  if (newline == std::string_view::npos) return;
  PatternList list;
  bool is_right = false;
  refusing([&] {
    list.add(text.substr(0, newline));
    is_right = true;
  });
  if (!is_right) return;
  const auto names = split_path(text.substr(newline + 1));
  if (names.empty()) return;
  PatternList::State state = list.root();
  std::string path;
  for (size_t i = 0; i < names.size(); ++i) {
    path.append("/").append(names[i]);
    require(list.matches(state, names[i], true) == list.matches(path, true),
            "names one by one and a path match alike");
    if (i + 1 < names.size()) state = list.below(state, names[i]);
  }
}

void fuzz_text(ByteView input) {
  const std::string text(as_text(input));
  require(go_unquote(go_quote(text)) == text, "a quoted name is unquoted as it was");
  refusing([&] { go_unquote(text); });
  refusing([&] { parse_time(text); });
  refusing([&] { from_base64(text); });
  refusing([&] { CalendarSpan::parse(text); });
  parse_bytes(text);
  parse_share(text);
  std::string json = "{\"a\":";
  append_json_string(json, text);
  parse_json(json + "}", "what was written");
}

// The edges of a file that is given in pieces of so many bytes.
std::vector<uint64_t> edges_of(std::string_view name, ByteView file, size_t piece) {
  TensorEdges edges(name);
  while (!file.empty()) {
    const size_t size = std::min(piece, file.size());
    edges.update(file.first(size));
    file = file.subspan(size);
  }
  std::vector<uint64_t> all;
  for (uint64_t at = 0; (at = edges.after(at)) != UINT64_MAX;) all.push_back(at);
  return all;
}

void check_edges(std::string_view name, ByteView file) {
  const std::vector<uint64_t> edges = edges_of(name, file, file.size());
  require(edges == edges_of(name, file, 1), "edges do not depend on the pieces");
  uint64_t last = 0;
  for (const uint64_t edge : edges) {
    require(edge - last >= min_chunk, "edges keep their distance");
    last = edge;
  }
}

void fuzz_gguf(ByteView input) {
  check_edges(".gguf", input);
}

// A file, and the JSON of one.
void fuzz_safetensors(ByteView input) {
  check_edges(".safetensors", input);
  Bytes file(8);
  store_le<uint64_t>(file.data(), input.size());
  file.insert(file.end(), input.begin(), input.end());
  check_edges(".safetensors", file);
}

// Whoever answers a request for a token, or is called az.
void fuzz_token_answer(ByteView input) {
  const std::string_view text = as_text(input);
  constexpr UnixNs asked = 1'800'000'000'000'000'000;
  const auto is_plain = [](const std::string& token) {
    return std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c <= '~'; });
  };
  refusing([&] {
    const IssuedToken issued = parse_token_answer(text, asked, "somebody");
    require(!issued.token.secret.empty() && is_plain(issued.token.secret), "a token is plain");
    require(issued.token.expires >= 0 && issued.refresh >= 0, "times do not overflow");
  });
  refusing([&] {
    const IssuedToken issued = parse_cli_answer(text, "az");
    require(is_plain(issued.token.secret) && issued.token.expires >= 0, "as is that of az");
  });
  const Error error = refusal_error(parse_refusal(text), 400, "somebody", {"hunter2"});
  require(error.message().size() < 1024, "what is told is bounded");
  require(error.message().find("hunter2") == std::string::npos, "and holds no secret");
}

// A storage service: pages of lists, its properties, the age of its second copy, errors.
void fuzz_storage_answer(ByteView input) {
  refusing([&] {
    for (const ListedBlob& blob : parse_blob_page(input).blobs) {
      require(!blob.name.empty(), "a blob has a name");
    }
  });
  refusing([&] { require(parse_soft_delete_days(input) <= 365, "days are days of a year"); });
  refusing([&] { parse_last_sync(input); });
  parse_error_code(input);
}

// Azure Resource Manager: a policy is read as far as it acts on blobs, and judged.
void fuzz_management_answer(ByteView input) {
  const std::string_view json = as_text(input);
  refusing([&] {
    AccountFacts facts;
    facts.container = "c";
    facts.lifecycle = parse_lifecycle(json);
    for (const LifecycleRule& rule : *facts.lifecycle.value()) {
      require(rule.deletes || rule.archives, "a rule that is told acts");
    }
    for (const Finding& each : judge({0, std::nullopt, facts}, Duty::backup, "x", 0)) {
      require(each.message.size() < 1024, "what is told is bounded");
      require(each.message.find('\n') == std::string::npos, "and one line");
    }
  });
  refusing([&] {
    const BlobServiceAnswer answer = parse_blob_service(json);
    require(answer.soft_delete_days <= 365 && answer.container_soft_delete_days <= 365,
            "days are days of a year");
  });
  refusing([&] { parse_account_sku(json); });
  refusing([&] { parse_resources(json); });
  parse_management_error(json);
}

// What is a URL is written and read as the same one, and nothing of it could end a line.
void fuzz_url(ByteView input) {
  const std::string_view text = as_text(input);
  refusing([&] {
    const Url url = Url::parse(text);
    const std::string written = url.origin() + url.target();
    const Url again = Url::parse(written);
    require(again.tls == url.tls && again.host == url.host && again.port == url.port &&
                again.path == url.path && again.query == url.query,
            "a URL reads as written");
    require(std::all_of(written.begin(), written.end(), [](char c) { return c > ' ' && c < 127; }),
            "a URL is printable ASCII");
    require(needs_no_proxy(url.host, url.host), "a host is in the list of itself");
    split_query(url.query);
  });
  refusing([&] { Proxy::parse(text); });
  needs_no_proxy(text, text);
  require(percent_decode(percent_encode(text)) == text, "what is encoded is decoded");
}

void fuzz_capture_record(ByteView input) {
  refusing([&] {
    const std::string json = mongodb::record_json(mongodb::parse_record(as_text(input), "input"));
    require(mongodb::record_json(mongodb::parse_record(json, "again")) == json,
            "a record reads as written");
  });
}

// Everything in a document of BSON is asked for as everything that it may be.
void look_into(const std::optional<mongodb::Value>& value, int depth) {
  if (depth == 0) return;
  mongodb::Members members(value);
  while (const auto member = members.next()) {
    mongodb::text_of(member);
    mongodb::number_of(member);
    mongodb::boolean_of(member);
    mongodb::time_of(member);
    mongodb::uuid_of(member);
    const ByteView inside = mongodb::document_of(member);
    require(inside.data() == nullptr || inside.size() >= 5, "a document has a size and an end");
    look_into(member, depth - 1);
  }
}

void fuzz_bson(ByteView input) {
  for (const char* path : {"cursor.firstBatch", "cursor.nextBatch", "cursor.id", "ts", "o"}) {
    look_into(mongodb::find(input, path), 20);
  }
}

constexpr FuzzTarget targets[] = {
    {"bson", fuzz_bson},
    {"capture_record", fuzz_capture_record},
    {"codec", fuzz_codec},
    {"config", fuzz_config},
    {"gguf", fuzz_gguf},
    {"index", fuzz_index},
    {"key", fuzz_key},
    {"lock", fuzz_lock},
    {"management_answer", fuzz_management_answer},
    {"manifest", fuzz_manifest},
    {"pack_header", fuzz_pack_header},
    {"patterns", fuzz_patterns},
    {"safetensors", fuzz_safetensors},
    {"snapshot", fuzz_snapshot},
    {"storage_answer", fuzz_storage_answer},
    {"text", fuzz_text},
    {"token_answer", fuzz_token_answer},
    {"tree", fuzz_tree},
    {"url", fuzz_url},
};

}  // namespace

std::span<const FuzzTarget> fuzz_targets() {
  return targets;
}

}  // namespace sapdr::test
