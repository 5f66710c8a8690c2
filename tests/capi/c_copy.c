/* Copying between repositories through the C ABI; and arguments that make no sense. Runs in an
 * empty folder. */
#include <stdio.h>

#include "sizes.h"

static const char* const paths[] = {"file"};

static void back_up(sapdr_repo* repo, const char* tag) {
  STARTED(sapdr_backup_options, options);
  options.tags = &tag;
  options.n_tags = 1;
  EXPECT_OK(sapdr_backup_run(NULL, repo, paths, 1, &options, &err));
}

static sapdr_copy_result copied(sapdr_repo* repo, sapdr_repo* from,
                                const sapdr_snapshot_filter* filter,
                                const sapdr_copy_options* options) {
  STARTED(sapdr_copy_result, result);
  EXPECT_OK(sapdr_copy_run(&result, repo, from, NULL, 0, filter, options, &err));
  return result;
}

struct seen {
  int n_new, n_skipped, finals;
};

static int32_t on_item(void* user, const sapdr_item* item) {
  struct seen* seen = user;
  EXPECT_TEXT("snapshot", item->object_type);
  EXPECT(strlen(item->object_id) == 64 && strlen(item->snapshot_id) == 64);
  seen->n_new += item->action == SAPDR_ITEM_NEW;
  seen->n_skipped += item->action == SAPDR_ITEM_SKIPPED;
  return 0;
}

static int32_t on_progress(void* user, const sapdr_progress* progress) {
  struct seen* seen = user;
  seen->finals += progress->is_final;
  return 0;
}

static void test_copy(sapdr_repo* from, sapdr_repo* repo) {
  back_up(from, "one");
  back_up(from, "two");
  STARTED(sapdr_copy_options, options);
  options.dry_run = 1;
  sapdr_copy_result result = copied(repo, from, NULL, &options);
  EXPECT(result.snapshots_copied == 2 && result.snapshots_skipped == 0);
  EXPECT(result.data_blobs_new == 1 && result.tree_blobs_new == 1 && result.bytes_new > 7);
  EXPECT(result.bytes_stored == 0 && result.packs_new == 0 && result.bytes_fetched == 0);
  EXPECT(n_snapshots(repo) == 0);

  const char *one = "one", *two = "two";
  STARTED(sapdr_snapshot_filter, filter);
  filter.tags = &one;
  filter.n_tags = 1;
  result = copied(repo, from, &filter, NULL);
  EXPECT(result.snapshots_copied == 1 && result.snapshots_failed == 0);
  EXPECT(result.data_blobs_new == 1 && result.bytes_stored > 7 && result.packs_new == 2);
  EXPECT(result.bytes_fetched > 0 && result.elapsed_ns > 0);

  STARTED(sapdr_observer, observer);
  struct seen seen = {0, 0, 0};
  observer.user = &seen;
  observer.on_item = on_item;
  observer.on_progress = on_progress;
  options.dry_run = 0;
  options.observer = &observer;
  result = copied(repo, from, NULL, &options);
  EXPECT(result.snapshots_copied == 1 && result.snapshots_skipped == 1);
  EXPECT(result.data_blobs_new == 0 && result.bytes_new == 0);
  EXPECT(seen.n_new == 1 && seen.n_skipped == 1 && seen.finals == 1);
  EXPECT(n_snapshots(repo) == 2);
  STARTED(sapdr_check_options, check);
  check.read_data = 1;
  EXPECT_OK(sapdr_check_run(NULL, repo, &check, &err));

  filter.tags = &two;
  const char* latest = "latest";
  EXPECT_OK(sapdr_copy_run(&result, from, repo, &latest, 1, &filter, NULL, &err));
  EXPECT(result.snapshots_skipped == 1 && n_snapshots(from) == 2);

  EXPECT_OK(sapdr_cancel_new(&options.cancel, &err));
  sapdr_cancel_trigger(options.cancel);
  EXPECT_STATUS(SAPDR_E_CANCELLED,
                sapdr_copy_run(&result, repo, from, NULL, 0, NULL, &options, &err));
  EXPECT(result.snapshots_copied == 0 && seen.finals == 2);
  sapdr_cancel_free(options.cancel);
}

/* Files are cut alike: what was copied is there for the next backup. */
static void test_chunker_params(sapdr_ctx* ctx) {
  static unsigned char big[6 * 1024 * 1024];
  uint32_t random = 1;
  for (size_t i = 0; i < sizeof big; ++i) {
    random = random * 1664525U + 1013904223U;
    big[i] = (unsigned char)(random >> 24);
  }
  write_file("file", big, sizeof big);
  sapdr_repo *from = new_repository(ctx), *repo = NULL;
  sapdr_backend* backend = NULL;
  sapdr_repo_init_options init = cheap_init();
  init.copy_chunker_params = from;
  EXPECT_OK(sapdr_backend_open(&backend, ctx, "memory:", &err));
  EXPECT_OK(sapdr_repo_init(&repo, ctx, backend, &init, &err));
  EXPECT(strcmp(sapdr_repo_id(repo), sapdr_repo_id(from)) != 0);
  back_up(from, "big");
  copied(repo, from, NULL, NULL);
  STARTED(sapdr_backup_options, again);
  STARTED(sapdr_backup_result, result);
  again.parent = "none";
  EXPECT_OK(sapdr_backup_run(&result, repo, paths, 1, &again, &err));
  EXPECT(result.bytes_read == sizeof big && result.data_blobs_new == 0);
  sapdr_repo_free(repo);
  sapdr_repo_free(from);
  sapdr_backend_free(backend);
}

static void test_arguments(sapdr_repo* from, sapdr_repo* repo) {
  STARTED(sapdr_copy_options, good);
  STARTED(sapdr_snapshot_filter, filter);
  const char *holes[] = {NULL}, *folder[] = {"latest:/x"}, *missing[] = {"zz"};
  EXPECT_INVALID(sapdr_copy_run(NULL, NULL, from, NULL, 0, NULL, NULL, &err));
  EXPECT_INVALID(sapdr_copy_run(NULL, repo, NULL, NULL, 0, NULL, NULL, &err));
  EXPECT_INVALID(sapdr_copy_run(NULL, repo, repo, NULL, 0, NULL, NULL, &err));
  EXPECT_INVALID(sapdr_copy_run(NULL, repo, from, NULL, 1, NULL, NULL, &err));
  EXPECT_INVALID(sapdr_copy_run(NULL, repo, from, holes, 1, NULL, NULL, &err));
  EXPECT_INVALID(sapdr_copy_run(NULL, repo, from, folder, 1, NULL, NULL, &err));
  EXPECT_STATUS(SAPDR_E_NOT_FOUND, sapdr_copy_run(NULL, repo, from, missing, 1, NULL, NULL, &err));
  EXPECT_SIZES(sapdr_copy_options, good,
               sapdr_copy_run(NULL, repo, from, NULL, 0, NULL, &options.known, &err));
  EXPECT_SIZES(sapdr_snapshot_filter, filter,
               sapdr_copy_run(NULL, repo, from, NULL, 0, &options.known, NULL, &err));
  EXPECT_RESULT_SIZES(sapdr_copy_result,
                      sapdr_copy_run(&options.known, repo, from, NULL, 0, NULL, NULL, &err));
}

int main(void) {
  write_file("file", "content", 7);
  sapdr_ctx* ctx = new_context();
  sapdr_repo *from = new_repository(ctx), *repo = new_repository(ctx);
  test_arguments(from, repo);
  test_copy(from, repo);
  test_chunker_params(ctx);
  sapdr_repo_free(repo);
  sapdr_repo_free(from);
  sapdr_ctx_free(ctx);
  return expect_result();
}
