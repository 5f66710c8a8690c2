#include "repository/repository.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include "checksum/sha256.hpp"
#include "engine_support.hpp"
#include "repository/snapshots.hpp"

using namespace sapdr::test;

namespace {

struct Fixture {
  std::shared_ptr<TestBackend> backend = std::make_shared<TestBackend>();
  RepositoryPtr repository = make_repository(backend);

  RepositoryPtr open(OpenSettings settings = open_settings()) {
    return Repository::open(test_context(), backend, settings);
  }
  FileName only(FileType type) { return {type, backend->names(type).at(0)}; }
};

const FileName config{FileType::config, ""};

// Bytes that repeat from run to run.
Context::Settings fixed_settings() {
  Context::Settings settings;
  settings.clock = [] { return UnixNs{1'700'000'000'123'456'789}; };
  settings.random = [splitmix = std::make_shared<Splitmix>(42)](ByteSpan out) {
    const std::string bytes = splitmix->bytes((out.size() + 7) / 8 * 8);
    std::memcpy(out.data(), bytes.data(), out.size());
  };
  settings.threads = 1;
  return settings;
}

}  // namespace

TEST_CASE_FIXTURE(Fixture, "repository: opens with its password and keeps its config") {
  const auto again = open();
  CHECK(again->config().id == repository->config().id);
  CHECK(again->config().version == 2);
  CHECK(again->config().polynomial == repository->config().polynomial);
  CHECK(again->settings().password.empty());
}

TEST_CASE_FIXTURE(Fixture, "repository: another password is refused as such") {
  OpenSettings settings = open_settings();
  settings.password = secret("wrong");
  CHECK(code_of([&] { open(settings); }) == Code::auth);
}

TEST_CASE_FIXTURE(Fixture, "repository: init never replaces one") {
  CHECK(code_of([&] { make_repository(backend); }) == Code::exists);
  backend->erase(config);
  CHECK_MESSAGE(code_of([&] { make_repository(backend); }) == Code::exists, "keys are left");
}

TEST_CASE("repository: init refuses an empty password and unknown versions") {
  InitSettings settings;
  const auto init = [&] {
    Repository::init(test_context(), std::make_shared<TestBackend>(), settings);
  };
  CHECK(code_of(init) == Code::invalid_argument);
  settings.password = secret("x");
  settings.version = 3;
  CHECK(code_of(init) == Code::unsupported);
}

TEST_CASE("repository: where there is none, that is said") {
  const auto backend = std::make_shared<TestBackend>();
  CHECK(code_of([&] { Repository::open(test_context(), backend, open_settings()); }) ==
        Code::no_repository);
}

TEST_CASE_FIXTURE(Fixture, "repository: a missing config beside keys is damage, not absence") {
  backend->erase(config);
  CHECK(code_of([&] { open(); }) == Code::corrupt);
}

TEST_CASE_FIXTURE(Fixture, "repository: a damaged config is told") {
  SUBCASE("a bit flipped") {
    backend->flip_bit(config, 20);
  }
  SUBCASE("truncated") {
    backend->replace(config, ByteView(backend->content(config)).first(40));
  }
  SUBCASE("empty") {
    backend->replace(config, {});
  }
  CHECK(code_of([&] { open(); }) == Code::corrupt);
}

TEST_CASE_FIXTURE(Fixture, "repository: a damaged key is told, not taken for a wrong password") {
  const FileName key = only(FileType::key);
  SUBCASE("truncated") {
    backend->replace(key, ByteView(backend->content(key)).first(50));
  }
  SUBCASE("empty") {
    backend->replace(key, {});
  }
  SUBCASE("the sealed part flipped") {
    const Bytes content = backend->content(key);
    const size_t at = as_text(content).find("\"data\":\"") + 20;
    Bytes changed = content;
    changed[at] = changed[at] == std::byte{'A'} ? std::byte{'B'} : std::byte{'A'};
    backend->replace(key, changed);
  }
  CHECK(code_of([&] { open(); }) == Code::corrupt);
}

TEST_CASE_FIXTURE(Fixture, "repository: a damaged key does not hide a good one") {
  const Bytes good = backend->content(only(FileType::key));
  backend->save({FileType::key, std::string(64, '0')}, ByteView(good).first(30));
  CHECK(open()->config().id == repository->config().id);
}

TEST_CASE_FIXTURE(Fixture, "repository: no key at all is told as damage") {
  backend->erase(only(FileType::key));
  CHECK(code_of([&] { open(); }) == Code::corrupt);
}

TEST_CASE_FIXTURE(Fixture, "repository: files come back as they were saved, or not at all") {
  const Id id = repository->save_unpacked(FileType::snapshot, "{\"time\":1}");
  CHECK(as_text(repository->load_unpacked(FileType::snapshot, id)) == "{\"time\":1}");
  const FileName name{FileType::snapshot, id.hex()};
  const Bytes stored = backend->content(name);
  for (size_t at = 0; at < stored.size(); ++at) {
    backend->flip_bit(name, at);
    CHECK(code_of([&] { repository->load_unpacked(FileType::snapshot, id); }) == Code::corrupt);
    backend->replace(name, stored);
  }
  backend->replace(name, ByteView(stored).first(10));
  CHECK(code_of([&] { repository->load_unpacked(FileType::snapshot, id); }) == Code::corrupt);
  backend->erase(name);
  CHECK(code_of([&] { repository->load_unpacked(FileType::snapshot, id); }) == Code::not_found);
}

TEST_CASE_FIXTURE(Fixture, "repository: what was damaged on the way is read again") {
  back_up(*repository, {{"/a", "some content"}});
  const auto tree = list_snapshots(*repository, {}).front().tree;
  for (const FileType type :
       {FileType::key, FileType::config, FileType::index, FileType::snapshot}) {
    CAPTURE(to_string(type));
    const FileName file = type == FileType::config ? FileName{type, ""} : only(type);
    for (const int times : {1, 2}) {
      const Bytes stored = backend->content(file);
      backend->flip_bit(file, stored.size() - 20);
      int loads = 0;
      backend->before = [&](const char* call, const FileName& which) {
        const bool is_it = which.type == file.type && which.name == file.name;
        if (std::string_view(call) == "load" && is_it && ++loads == times + 1) {
          backend->replace(file, stored);
        }
      };
      Progress progress;
      const auto use = [&] {
        const auto again = open();
        again->load_index(progress);
        return list_snapshots(*again, {}).front().tree;
      };
      if (times == 1) CHECK(use() == tree);
      if (times == 2) CHECK(code_of(use) == Code::corrupt);
      backend->before = nullptr;
      backend->replace(file, stored);
    }
  }
}

TEST_CASE_FIXTURE(Fixture, "repository: a tree that was damaged on the way is read again") {
  back_up(*repository, {{"/a", "some content"}});
  Progress progress;
  repository->load_index(progress);
  const Id tree = list_snapshots(*repository, {}).front().tree;
  const BlobPlace place = *repository->index().find(tree, BlobType::tree);
  const FileName pack{FileType::pack, repository->index().pack_id(place.pack).hex()};
  backend->flip_bit(pack, place.offset + 20);
  CHECK(code_of([&] { repository->load_blob(BlobType::tree, tree); }) == Code::corrupt);
  int loads = 0;
  backend->before = [&](const char* call, const FileName&) {
    if (std::string_view(call) == "load" && ++loads == 2) {
      backend->flip_bit(pack, place.offset + 20);
    }
  };
  CHECK_FALSE(repository->load_blob(BlobType::tree, tree).empty());
}

TEST_CASE_FIXTURE(Fixture, "repository: a snapshot that is listed is not taken for forgotten") {
  back_up(*repository, {{"/a", "some content"}});
  backend->before = [](const char* call, const FileName& file) {
    if (std::string_view(call) == "list" || file.type != FileType::snapshot) return;
    throw Error(Code::not_found, "it is not there");
  };
  CHECK(code_of([&] { list_snapshots(*repository, {}); }) == Code::io);
}

TEST_CASE_FIXTURE(Fixture, "repository: an object swapped with another of its type is noticed") {
  const Id a = repository->save_unpacked(FileType::snapshot, "{\"a\":1}");
  const Id b = repository->save_unpacked(FileType::snapshot, "{\"b\":2}");
  backend->replace({FileType::snapshot, a.hex()}, backend->content({FileType::snapshot, b.hex()}));
  CHECK(code_of([&] { repository->load_unpacked(FileType::snapshot, a); }) == Code::corrupt);
}

TEST_CASE_FIXTURE(Fixture, "repository: prefixes are found, ambiguous or unknown") {
  std::map<char, std::vector<Id>> by_digit;
  for (int i = 0; i < 40; ++i) {
    const Id id = repository->save_unpacked(FileType::snapshot, "{}");
    by_digit[id.hex()[0]].push_back(id);
  }
  for (const auto& entry : by_digit) {
    const std::string digit(1, entry.first);
    const std::vector<Id>& ids = entry.second;
    CHECK(repository->find_by_prefix(FileType::snapshot, ids[0].hex().substr(0, 16)) == ids[0]);
    if (ids.size() > 1) {
      CHECK(code_of([&] { repository->find_by_prefix(FileType::snapshot, digit); }) ==
            Code::ambiguous);
    }
  }
  CHECK(code_of([&] { repository->find_by_prefix(FileType::snapshot, "xyz"); }) == Code::not_found);
  CHECK(code_of([&] { repository->find_by_prefix(FileType::snapshot, ""); }) == Code::not_found);
}

TEST_CASE_FIXTURE(Fixture,
                  "repository: blobs are found in a second copy when the first is damaged") {
  back_up(*repository, {{"/a", "some content"}});
  const Id id = sha256(as_bytes("some content"));
  const auto place = repository->index().find(id, BlobType::data);
  REQUIRE(place);
  const Id pack = repository->index().pack_id(place->pack);
  const Bytes good = backend->content({FileType::pack, pack.hex()});
  backend->flip_bit({FileType::pack, pack.hex()}, place->offset + 20);
  CHECK(code_of([&] { repository->load_blob(BlobType::data, id); }) == Code::corrupt);

  Id copy{};
  copy.bytes[0] = std::byte{7};
  backend->save({FileType::pack, copy.hex()}, good);
  PackedBlob blob{id, BlobType::data, place->offset, place->length,
                  place->compressed ? place->plain_length : 0};
  repository->index().add(copy, {blob});
  CHECK(as_text(repository->load_blob(BlobType::data, id)) == "some content");
}

TEST_CASE_FIXTURE(Fixture, "repository: a damaged index is told each time, not only once") {
  back_up(*repository, {{"/a", "some content"}});
  backend->flip_bit(only(FileType::index), 20);
  const auto again = open();
  Progress progress;
  int told = 0;
  for (int i = 0; i < 2; ++i) {
    again->load_index(progress, [&](const Id&, const Error&) { ++told; });
  }
  CHECK(told == 2);
  CHECK(code_of([&] { again->load_index(progress); }) == Code::corrupt);
}

TEST_CASE_FIXTURE(Fixture, "repository: a failing disk is not taken for damage") {
  back_up(*repository, {{"/a", "some content"}});
  backend->before = [](const char* call, const FileName& file) {
    if (std::string_view(call) == "load" && file.type == FileType::pack) {
      throw Error(Code::io, "the disk is tired", Retry::maybe);
    }
  };
  const Id id = sha256(as_bytes("some content"));
  CHECK(code_of([&] { repository->load_blob(BlobType::data, id); }) == Code::io);
}

TEST_CASE_FIXTURE(Fixture, "repository: handles say so in a forked child instead of hanging") {
  const pid_t child = fork();
  if (child == 0) {
    Progress progress;
    const Code code = code_of([&] { repository->load_index(progress); });
    _exit(code == Code::invalid_state ? 0 : 1);
  }
  int status = -1;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("repository: with fixed clock and randomness every stored byte repeats") {
  std::string digests[2];
  for (std::string& digest : digests) {
    const auto backend = std::make_shared<TestBackend>();
    backend->parallel = 1;  // who comes first gets the first of the bytes that are not random
    Context::Settings settings = fixed_settings();
    settings.threads = 1;
    const auto context = test_context(settings);
    const auto repository = make_repository(backend, 2, context);
    BackupOptions options;
    options.host = "host";
    back_up(*repository, {{"/dir/a", "first"}, {"/dir/b", "second"}}, options);
    Sha256 all;
    for (const FileType type : {FileType::snapshot, FileType::index, FileType::pack}) {
      for (const std::string& name : backend->names(type)) {
        all.update(backend->content({type, name}));
      }
    }
    all.update(backend->content(config));
    digest = all.finish().hex();
  }
  CHECK(digests[0] == digests[1]);
}

TEST_CASE("repository: version 1 stores plain JSON and uncompressed blobs") {
  const auto backend = std::make_shared<TestBackend>();
  const auto repository = make_repository(backend, 1);
  back_up(*repository, {{"/a", std::string(100'000, 'x')}});
  repository->index().for_each([](const BlobPlace& place) { CHECK_FALSE(place.compressed); });
  Progress progress;
  CHECK(list_snapshots(*Repository::open(test_context(), backend, open_settings()), {}).size() ==
        1);
}
