#include "operation/backup.hpp"

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "checksum/sha256.hpp"
#include "chunking/rabin.hpp"
#include "engine_support.hpp"
#include "operation/check.hpp"
#include "repository/trees.hpp"
#include "repository/verified.hpp"

using namespace sapdr::test;

namespace {

struct Fixture {
  std::shared_ptr<TestBackend> backend = std::make_shared<TestBackend>();
  RepositoryPtr repository = make_repository(backend);
  Random random;

  const Node node(const Id& snapshot, const std::string& path) {
    const Snapshot loaded = load_snapshot(*repository, snapshot);
    const size_t slash = path.rfind('/');
    const Id folder = find_folder(*repository, loaded.tree, path.substr(0, slash));
    for (const Node& one : load_tree(*repository, folder)) {
      if (one.name == path.substr(slash + 1)) return one;
    }
    FAIL("not in the snapshot: " << path);
    return {};
  }
  std::string content(const Id& snapshot, const std::string& path) {
    std::string text;
    for (const Id& id : node(snapshot, path).content) {
      text += as_text(repository->load_blob(BlobType::data, id));
    }
    return text;
  }
};

// Pushes one file whose reader tells holes.
class SparseSource : public Source {
 public:
  // Each part: so many zeros, then this text.
  using Parts = std::vector<std::pair<uint64_t, std::string>>;
  SparseSource(std::string name, Parts parts, bool as_hole)
      : name_(std::move(name)), parts_(std::move(parts)), as_hole_(as_hole) {}

  std::vector<std::string> paths() const override { return {"/" + name_}; }
  void run(TreeSink& sink) override {
    Node file;
    file.name = name_;
    sink.file(file, "/" + name_, [this](Node&) { return std::make_unique<Reader>(*this); });
  }

 private:
  struct Reader : FileReader {
    const SparseSource& source;
    size_t part = 0;
    uint64_t at = 0;
    explicit Reader(const SparseSource& s) : source(s) {}
    Piece read(ByteSpan out) override {
      while (part < source.parts_.size()) {
        const auto& [zeros, text] = source.parts_[part];
        if (at < zeros && source.as_hole_) return {0, std::exchange(at, zeros) == 0 ? zeros : 0};
        if (at < zeros) {
          const size_t size = static_cast<size_t>(std::min<uint64_t>(zeros - at, out.size()));
          std::memset(out.data(), 0, size);
          at += size;
          return {size, 0};
        }
        const size_t done = static_cast<size_t>(at - zeros);
        if (done < text.size()) {
          const size_t size = std::min(text.size() - done, out.size());
          std::memcpy(out.data(), text.data() + done, size);
          at += size;
          return {size, 0};
        }
        ++part;
        at = 0;
      }
      return {};
    }
  };
  std::string name_;
  Parts parts_;
  bool as_hole_;
};

Node file_node(std::string name) {
  Node node;
  node.name = std::move(name);
  return node;
}

// A text as a file that may have content already.
struct TextReader : FileReader {
  std::string text;
  explicit TextReader(std::string t) : text(std::move(t)) {}
  Piece read(ByteSpan out) override {
    const size_t size = std::min(text.size(), out.size());
    std::memcpy(out.data(), text.data(), size);
    text.erase(0, size);
    return {size, 0};
  }
};

class FileOf : public Source {
 public:
  FileOf(Node node, std::string text) : node_(std::move(node)), text_(std::move(text)) {}
  std::vector<std::string> paths() const override { return {"/" + node_.name}; }
  void run(TreeSink& sink) override {
    sink.file(node_, "/" + node_.name,
              [this](Node&) { return std::make_unique<TextReader>(text_); });
  }

 private:
  const Node node_;
  const std::string text_;
};

BackupResult back_up_source(Repository& repository, Source& source) {
  Progress progress;
  const RepositoryLock lock(repository, LockMode::shared, progress,
                            {.wait_before_recheck = std::chrono::nanoseconds(0)});
  repository.load_index(progress);
  BackupResult result;
  backup(repository, lock, source, {}, result, progress);
  return result;
}

}  // namespace

TEST_CASE_FIXTURE(Fixture, "backup: what went in comes out, small and large") {
  const Files files{{"/d/empty", ""},
                    {"/d/small", "hello"},
                    {"/d/large", random.bytes(20'000'000)},
                    {"/d/sub/deep", random.bytes(600'000)}};
  const BackupResult result = back_up(*repository, files);
  CHECK(result.state == BackupState::written);
  CHECK(result.files_new == 4);
  CHECK(result.dirs_new == 2);
  CHECK(result.items_total == 6);
  CHECK(result.bytes_total == 20'600'005);
  REQUIRE(result.snapshot);
  for (const auto& [path, text] : files) CHECK(content(*result.snapshot, path) == text);
  CHECK(node(*result.snapshot, "/d/large").content.size() > 3);
  CHECK(node(*result.snapshot, "/d/large").size == 20'000'000);
}

TEST_CASE_FIXTURE(Fixture, "backup: chunks do not depend on how many threads cut them") {
  const Files files{{"/a", random.bytes(30'000'000)}};
  std::vector<Id> ids[2];
  for (const unsigned threads : {1U, 7U}) {
    Context::Settings settings;
    settings.threads = threads;
    repository = Repository::open(test_context(settings), backend, open_settings());
    const BackupResult result = back_up(*repository, files);
    ids[threads == 1 ? 0 : 1] = node(*result.snapshot, "/a").content;
  }
  CHECK(ids[0] == ids[1]);
}

TEST_CASE_FIXTURE(Fixture, "backup: a hole gives the same blobs as the zeros that it stands for") {
  const std::string text = random.bytes(100'000);
  const SparseSource::Parts parts{
      {700'000, text}, {0, "x"}, {5'000'000, text}, {512 * 1024, ""}, {20'000'001, ""}};
  SparseSource with_holes("sparse", parts, true);
  SparseSource with_zeros("sparse", parts, false);
  const BackupResult a = back_up_source(*repository, with_holes);
  const BackupResult b = back_up_source(*repository, with_zeros);
  CHECK(node(*a.snapshot, "/sparse").content == node(*b.snapshot, "/sparse").content);
  CHECK(node(*a.snapshot, "/sparse").size == node(*b.snapshot, "/sparse").size);
  CHECK(a.bytes_read < b.bytes_read);
  CHECK(b.data_blobs_new == 0);
}

TEST_CASE_FIXTURE(Fixture, "backup: a hole in the header or the data of tensors changes no edge") {
  const auto number = [](auto value) {
    std::string bytes(sizeof value, '\0');
    store_le(reinterpret_cast<std::byte*>(bytes.data()), value);
    return bytes;
  };
  const auto tensor = [&](uint64_t offset) {
    return number(uint64_t{1}) + "t" + number(uint32_t{0}) + number(uint32_t{0}) + number(offset);
  };
  // The holes begin where chunks end: where the smallest one does, and where a tensor does.
  constexpr uint64_t hole = 3 * min_chunk;
  std::string begin = "GGUF" + number(uint32_t{3}) + number(uint64_t{3}) + number(uint64_t{1}) +
                      number(uint64_t{1}) + "k" + number(uint32_t{8});
  begin += number(uint64_t{min_chunk + hole - begin.size() - 8});
  begin.resize(min_chunk);
  std::string tensors = tensor(0) + tensor(700'000) + tensor(2'000'000);
  tensors.resize((tensors.size() + 31) / 32 * 32);
  const SparseSource::Parts parts{
      {0, begin}, {hole, tensors + random.bytes(700'000)}, {3'000'000, random.bytes(1000)}};
  SparseSource with_holes("a.gguf", parts, true);
  SparseSource with_zeros("a.gguf", parts, false);
  SparseSource without_edges("a", parts, true);
  const BackupResult a = back_up_source(*repository, with_holes);
  const BackupResult b = back_up_source(*repository, with_zeros);
  const BackupResult c = back_up_source(*repository, without_edges);
  CHECK(node(*a.snapshot, "/a.gguf").content == node(*b.snapshot, "/a.gguf").content);
  CHECK(node(*a.snapshot, "/a.gguf").content != node(*c.snapshot, "/a").content);
}

TEST_CASE_FIXTURE(Fixture, "backup: the same again adds no blob and finds its parent") {
  const Files files{{"/d/a", random.bytes(2'000'000)}, {"/d/b", "b"}};
  const BackupResult first = back_up(*repository, files);
  const BackupResult second = back_up(*repository, files);
  CHECK(second.parent == first.snapshot);
  CHECK(second.data_blobs_new == 0);
  CHECK(second.tree_blobs_new == 0);
  CHECK(second.dirs_unmodified == 1);
}

TEST_CASE_FIXTURE(Fixture, "backup: parents are of the same host and paths, or as told") {
  BackupOptions options;
  options.host = "one";
  const BackupResult first = back_up(*repository, {{"/a", "1"}}, options);
  options.host = "two";
  CHECK_FALSE(back_up(*repository, {{"/a", "1"}}, options).parent);
  options.parent = first.snapshot->hex().substr(0, 10);
  CHECK(back_up(*repository, {{"/a", "1"}}, options).parent == first.snapshot);
  options.host = "one";
  options.parent = "none";
  CHECK_FALSE(back_up(*repository, {{"/a", "1"}}, options).parent);
  options.parent = "";
  CHECK_FALSE(back_up(*repository, {{"/b", "1"}}, options).parent);
  options.parent = "0123456789";
  CHECK(code_of([&] { back_up(*repository, {{"/a", "1"}}, options); }) == Code::not_found);
}

TEST_CASE_FIXTURE(Fixture, "backup: a damaged tree of the parent costs a new read, no more") {
  const Files files{{"/d/a", "content"}};
  const BackupResult first = back_up(*repository, files);
  const Id root = load_snapshot(*repository, *first.snapshot).tree;
  const auto place = repository->index().find(root, BlobType::tree);
  const FileName pack{FileType::pack, repository->index().pack_id(place->pack).hex()};
  backend->flip_bit(pack, place->offset + 17);
  CHECK(back_up(*repository, files).state == BackupState::written);
}

TEST_CASE_FIXTURE(Fixture,
                  "backup: verified means that every pack was read back, and is recorded") {
  BackupOptions options;
  const BackupResult first = back_up(*repository, {{"/a", random.bytes(1'000'000)}}, options);
  CHECK(load_verified(*repository).snapshots.empty());
  options.verify = true;
  const BackupResult second = back_up(*repository, {{"/a", random.bytes(1'000'000)}}, options);
  CHECK(second.state == BackupState::verified);
  CHECK(second.packs_verified == 2);
  const VerifiedTimes times = load_verified(*repository);
  CHECK(times.snapshots.contains(*second.snapshot));
  CHECK_FALSE(times.snapshots.contains(*first.snapshot));

  options.verify_max_age_ns = std::chrono::nanoseconds(std::chrono::hours(1)).count();
  CHECK_MESSAGE(back_up(*repository, {{"/b", "b"}}, options).packs_verified == 2,
                "what was proven within the hour is not read again");
}

TEST_CASE_FIXTURE(Fixture, "backup: old packs that a snapshot needs are verified with it") {
  const Files files{{"/a", random.bytes(1'000'000)}};
  back_up(*repository, files);
  BackupOptions options;
  options.verify = true;
  const BackupResult second = back_up(*repository, files, options);
  CHECK(second.packs_new == 0);
  CHECK(second.packs_verified == 2);
}

TEST_CASE_FIXTURE(Fixture,
                  "backup: a pack that does not read back right leaves the snapshot unverified") {
  backend->before = [&, done = false](const char* call, const FileName& file) mutable {
    if (std::string_view(call) != "save" || file.type != FileType::snapshot || done) return;
    done = true;  // all packs are stored by now
    backend->flip_bit({FileType::pack, backend->names(FileType::pack)[0]}, 40);
  };
  BackupOptions options;
  options.verify = true;
  BackupResult result;
  CHECK(code_of([&] {
          back_up(*repository, {{"/a", "content"}}, result, options);
        }) == Code::corrupt);
  CHECK(result.state == BackupState::written);
  CHECK(load_verified(*repository).snapshots.empty());
}

TEST_CASE_FIXTURE(Fixture, "backup: a stream that fails leaves no snapshot") {
  std::vector<NamedStream> streams(2);
  streams[0].path = "/good";
  streams[0].read = [](ByteSpan) -> size_t { return 0; };
  streams[1].path = "/bad";
  streams[1].read = [](ByteSpan) -> size_t { throw Error(Code::network, "the server went away"); };
  const auto source = make_stream_source(std::move(streams));
  Progress progress;
  const RepositoryLock lock(*repository, LockMode::shared, progress,
                            {.wait_before_recheck = std::chrono::nanoseconds(0)});
  BackupOptions options;
  BackupResult result;
  const auto run = [&] { backup(*repository, lock, *source, options, result, progress); };
  SUBCASE("told to fail") {
    options.fail_on_error = true;
    CHECK(code_of(run) == Code::network);
    CHECK(backend->names(FileType::snapshot).empty());
  }
  SUBCASE("told to go on: incomplete, and counted") {
    CHECK(code_of(run) == Code::incomplete);
    CHECK(result.state == BackupState::incomplete);
    CHECK(result.items_failed == 1);
    CHECK(result.files_new == 1);
    CHECK(backend->names(FileType::snapshot).size() == 1);
  }
}

TEST_CASE_FIXTURE(Fixture, "backup: when nothing can be read there is no snapshot") {
  std::vector<NamedStream> streams(1);
  streams[0].path = "/bad";
  streams[0].read = [](ByteSpan) -> size_t { throw Error(Code::io, "broken"); };
  const auto source = make_stream_source(std::move(streams));
  CHECK(code_of([&] { back_up_source(*repository, *source); }) == Code::io);
  CHECK(backend->names(FileType::snapshot).empty());
}

TEST_CASE_FIXTURE(Fixture,
                  "backup: failing storage ends the run, at every call, and the next one works") {
  const Files files{{"/d/a", random.bytes(1'500'000)}, {"/d/b", "b"}};
  int last = 0;
  for (int fail_at = 1; last == 0; ++fail_at) {
    std::atomic<int> calls{0};
    backend->before = [&](const char* call, const FileName&) {
      if (std::string_view(call) == "save" && ++calls == fail_at) {
        throw Error(Code::io, "storage failed");
      }
    };
    const Code code = code_of([&] { back_up(*repository, files); });
    backend->before = nullptr;
    if (code == Code::ok) last = fail_at;
    if (code != Code::ok) CHECK(backend->names(FileType::snapshot).empty());
    CHECK_MESSAGE(backend->names(FileType::lock).empty(), "no lock is left");
  }
  CHECK(last > 4);
  CHECK(back_up(*repository, files).data_blobs_new == 0);
}

TEST_CASE_FIXTURE(Fixture,
                  "backup: after a failure the same handle stores what no index file names again") {
  const Files files{{"/d/a", random.bytes(1'500'000)}, {"/d/b", "b"}};
  for (const FileType failing : {FileType::index, FileType::snapshot}) {
    backend->before = [&](const char* call, const FileName& file) {
      if (std::string_view(call) == "save" && file.type == failing) {
        throw Error(Code::io, "storage failed");
      }
    };
    CHECK(code_of([&] { back_up(*repository, files); }) == Code::io);
    backend->before = nullptr;
    CHECK(back_up(*repository, files).state == BackupState::written);
    // Another process knows only what is stored.
    Progress progress;
    const auto fresh = Repository::open(test_context(), backend, open_settings());
    CheckResult result;
    CHECK(code_of([&] { check(*fresh, {.read_data = true, .subset = {}}, result, progress); }) ==
          Code::ok);
  }
}

TEST_CASE_FIXTURE(Fixture, "backup: cancelling ends it without a snapshot and without a lock") {
  Cancel cancel;
  Progress progress(nullptr, &cancel);
  const Files files{{"/a", random.bytes(40'000'000)}};
  backend->before = [&](const char* call, const FileName& file) {
    if (std::string_view(call) == "save" && file.type == FileType::pack) cancel.trigger();
  };
  BackupResult result;
  CHECK(code_of([&] { back_up(*repository, files, result, {}, &progress); }) == Code::cancelled);
  CHECK(backend->names(FileType::snapshot).empty());
  CHECK(backend->names(FileType::lock).empty());
}

TEST_CASE_FIXTURE(Fixture, "backup: a callback can stop it") {
  sapdr_observer observer{};
  observer.struct_size = sizeof observer;
  observer.on_item = [](void*, const sapdr_item*) -> int32_t { return 1; };
  Progress progress(&observer);
  BackupResult result;
  CHECK(code_of([&] {
          back_up(*repository, {{"/a", "x"}}, result, {}, &progress);
        }) == Code::callback);
  CHECK(backend->names(FileType::snapshot).empty());
}

TEST_CASE_FIXTURE(Fixture, "backup: a dry run stores nothing and counts all the same") {
  BackupOptions options;
  options.dry_run = true;
  const BackupResult result = back_up(*repository, {{"/d/a", random.bytes(1'000'000)}}, options);
  CHECK_FALSE(result.snapshot);
  CHECK(result.files_new == 1);
  CHECK(result.bytes_stored > 900'000);
  CHECK(backend->names(FileType::pack).empty());
  CHECK(backend->names(FileType::snapshot).empty());
}

TEST_CASE_FIXTURE(Fixture, "backup: a folder of many thousand files becomes one sorted tree") {
  Files files;
  for (int i = 0; i < 5000; ++i) files["/d/" + std::to_string(i)] = std::to_string(i % 10);
  const BackupResult result = back_up(*repository, files);
  CHECK(result.data_blobs_new == 10);
  const Id folder =
      find_folder(*repository, load_snapshot(*repository, *result.snapshot).tree, "/d");
  const std::vector<Node> nodes = load_tree(*repository, folder);
  CHECK(nodes.size() == 5000);
  CHECK(std::is_sorted(nodes.begin(), nodes.end(),
                       [](const Node& a, const Node& b) { return a.name < b.name; }));
}

TEST_CASE_FIXTURE(Fixture, "backup: what is read comes behind the content that a file has") {
  const std::string first = random.bytes(3'000'000), second = random.bytes(2'000'000);
  FileOf begin(file_node("log"), first);
  const Id before = back_up_source(*repository, begin).snapshot.value();
  FileOf more(node(before, "/log"), second);
  const BackupResult result = back_up_source(*repository, more);
  CHECK(content(*result.snapshot, "/log") == first + second);
  CHECK(node(*result.snapshot, "/log").size == first.size() + second.size());
  CHECK(result.bytes_read == second.size());
  CHECK(result.bytes_total == first.size() + second.size());
  CHECK(result.bytes_new < second.size() + 100'000);

  FileOf nothing(node(*result.snapshot, "/log"), "");
  const Id same = back_up_source(*repository, nothing).snapshot.value();
  CHECK(content(same, "/log") == first + second);
}

TEST_CASE("backup: a file that waits for all others does not keep them from being read") {
  Context::Settings settings;
  settings.threads = 1;
  const RepositoryPtr repository =
      make_repository(std::make_shared<TestBackend>(), 2, test_context(settings));

  // One file says how many of the others were read, once all of them were.
  class Waiting : public Source {
   public:
    std::vector<std::string> paths() const override { return {"/"}; }
    unsigned waiting_files() const override { return 1; }
    void run(TreeSink& sink) override {
      sink.file(file_node("waits"), "/waits", [this](Node&) {
        std::unique_lock lock(mutex_);
        is_read_.wait(lock, [this] { return n_read_ == n_; });
        return std::make_unique<TextReader>("all of them");
      });
      for (int i = 0; i < n_; ++i) {
        const std::string name = "file" + std::to_string(i);
        sink.file(file_node(name), "/" + name, [this, name](Node&) {
          const std::lock_guard lock(mutex_);
          ++n_read_;
          is_read_.notify_all();
          return std::make_unique<TextReader>(name);
        });
      }
    }

   private:
    const int n_ = 10;
    std::mutex mutex_;
    std::condition_variable is_read_;
    int n_read_ = 0;
  } source;
  CHECK(back_up_source(*repository, source).files_new == 11);
}
