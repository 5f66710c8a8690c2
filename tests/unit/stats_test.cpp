#include "operation/stats.hpp"

#include "engine_support.hpp"

using namespace sapdr::test;

TEST_CASE("stats: files count in each snapshot, blobs once") {
  const auto backend = std::make_shared<TestBackend>();
  const auto repository = make_repository(backend);
  Random random;
  const std::string big = random.bytes(400'000);
  back_up(*repository, {{"/d/a", big}, {"/d/b", big}, {"/e/a", big}});
  back_up(*repository, {{"/d/a", big}});
  Progress progress;
  const StatsResult result = stats(*repository, list_snapshots(*repository, {}), progress);
  CHECK(result.snapshots == 2);
  CHECK(result.files == 4);
  CHECK(result.restore_bytes == 1'600'000);
  CHECK(result.plain_bytes > 400'000);
  CHECK(result.plain_bytes < 410'000);
  CHECK(result.stored_bytes > 400'000);
  CHECK(result.repository_bytes > result.stored_bytes);
}

TEST_CASE("stats: a folder that is in a snapshot twice counts twice") {
  const auto backend = std::make_shared<TestBackend>();
  const auto repository = make_repository(backend);
  back_up(*repository, {{"/x/d/a", "12345"}, {"/y/d/a", "12345"}, {"/y/e/f/d/a", "12345"}});
  Progress progress;
  const StatsResult result = stats(*repository, list_snapshots(*repository, {}), progress);
  CHECK(result.files == 3);
  CHECK(result.restore_bytes == 15);
}
