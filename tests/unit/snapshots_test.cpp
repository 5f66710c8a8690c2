#include "repository/snapshots.hpp"

#include "engine_support.hpp"

using namespace sapdr::test;

TEST_CASE("snapshots: one that cannot be read may be the latest") {
  const auto backend = std::make_shared<TestBackend>();
  const RepositoryPtr repository = make_repository(backend);
  const Id first = *back_up(*repository, {{"/a", "1"}}).snapshot;
  const Id second = *back_up(*repository, {{"/a", "2"}}).snapshot;
  CHECK(find_snapshot(*repository, "latest", {}).snapshot.id == second);

  for (const auto& [damaged, other] : {std::pair(first, second), std::pair(second, first)}) {
    const FileName file{FileType::snapshot, damaged.hex()};
    const Bytes content = backend->content(file);
    backend->flip_bit(file, 30);
    const Error error = error_of([&] { find_snapshot(*repository, "latest", {}); });
    CHECK(error.code() == Code::corrupt);
    CHECK(error.message().find(damaged.hex()) != std::string::npos);
    CHECK(error.message().find(other.hex() + ", name that one") != std::string::npos);
    REQUIRE(error.detail("snapshot") != nullptr);
    CHECK(*error.detail("snapshot") == damaged.hex());
    CHECK(error.cause() != nullptr);
    CHECK(find_snapshot(*repository, other.hex(), {}).snapshot.id == other);
    // Whoever takes care of damage gets the latest that can be read.
    const auto found = find_snapshots(*repository, {"latest"}, {}, [](auto&, auto&) {});
    REQUIRE(found.size() == 1);
    CHECK(found.front().id == other);
    backend->replace(file, content);
  }

  backend->flip_bit({FileType::snapshot, first.hex()}, 30);
  SnapshotFilter filter;
  filter.hosts = {"elsewhere"};
  const Error error = error_of([&] { find_snapshot(*repository, "latest", filter); });
  CHECK(error.message().find("no other one matches") != std::string::npos);
}
