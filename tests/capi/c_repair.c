/* Repair: the index from the packs, packs, snapshots; and what the calls refuse. */
#include "sizes.h"

static void test_sound(sapdr_repo* repo) {
  STARTED(sapdr_repair_index_result, index);
  STARTED(sapdr_repair_packs_result, packs);
  STARTED(sapdr_repair_snapshots_result, snapshots);
  EXPECT_OK(sapdr_repair_index(&index, repo, NULL, &err));
  EXPECT(index.packs == 2 && index.packs_added == 0 && index.problems == 0);
  EXPECT_OK(sapdr_repair_packs(&packs, repo, NULL, &err));
  EXPECT(packs.packs_read == 2 && packs.packs_damaged == 0 && packs.bytes_read > 0);
  EXPECT_OK(sapdr_repair_snapshots(&snapshots, repo, NULL, NULL, &err));
  EXPECT(snapshots.snapshots == 1 && snapshots.snapshots_repaired == 0);
}

static void test_refused(sapdr_repo* repo) {
  STARTED(sapdr_repair_options, good);
  EXPECT_INVALID(sapdr_repair_index(NULL, NULL, NULL, &err));
  EXPECT_INVALID(sapdr_repair_packs(NULL, NULL, NULL, &err));
  EXPECT_INVALID(sapdr_repair_snapshots(NULL, NULL, NULL, NULL, &err));
  EXPECT_SIZES(sapdr_repair_options, good, sapdr_repair_index(NULL, repo, &options.known, &err));
  EXPECT_RESULT_SIZES(sapdr_repair_index_result,
                      sapdr_repair_index(&options.known, repo, NULL, &err));
  EXPECT_RESULT_SIZES(sapdr_repair_packs_result,
                      sapdr_repair_packs(&options.known, repo, NULL, &err));
  EXPECT_RESULT_SIZES(sapdr_repair_snapshots_result,
                      sapdr_repair_snapshots(&options.known, repo, NULL, NULL, &err));
  sapdr_repair_options bad = good;
  bad.forget = 1;
  EXPECT_INVALID(sapdr_repair_index(NULL, repo, &bad, &err));
  EXPECT_INVALID(sapdr_repair_packs(NULL, repo, &bad, &err));
  bad = good;
  bad.read_all_packs = 1;
  EXPECT_INVALID(sapdr_repair_packs(NULL, repo, &bad, &err));
  EXPECT_INVALID(sapdr_repair_snapshots(NULL, repo, NULL, &bad, &err));
  const char* unknown[] = {"0123456789abcdef"};
  bad = good;
  bad.names = unknown;
  bad.n_names = 1;
  EXPECT_INVALID(sapdr_repair_index(NULL, repo, &bad, &err));
  EXPECT_STATUS(SAPDR_E_NOT_FOUND, sapdr_repair_packs(NULL, repo, &bad, &err));
  EXPECT_STATUS(SAPDR_E_NOT_FOUND, sapdr_repair_snapshots(NULL, repo, NULL, &bad, &err));
}

int main(void) {
  const char* const paths[] = {"file"};
  write_file("file", "content", 7);
  sapdr_ctx* ctx = new_context();
  sapdr_repo* repo = new_repository(ctx);
  EXPECT_OK(sapdr_backup_run(NULL, repo, paths, 1, NULL, &err));
  test_sound(repo);
  test_refused(repo);
  sapdr_repo_free(repo);
  sapdr_ctx_free(ctx);
  return expect_result();
}
