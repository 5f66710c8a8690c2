/* NULL where something is needed, and structs of another size, for the operations: an error and
 * never a crash. */
#include "sizes.h"

static const char* const paths[] = {"file"};

static void test_backup(sapdr_repo* repo) {
  STARTED(sapdr_backup_options, good);
  STARTED(sapdr_observer, observer);
  const char* holes[] = {NULL};
  EXPECT_INVALID(sapdr_backup_run(NULL, NULL, paths, 1, NULL, &err));
  EXPECT_INVALID(sapdr_backup_run(NULL, repo, NULL, 1, NULL, &err));
  EXPECT_INVALID(sapdr_backup_run(NULL, repo, holes, 1, NULL, &err));
  EXPECT_INVALID(sapdr_backup_run(NULL, repo, NULL, 0, NULL, &err));
  EXPECT_SIZES(sapdr_backup_options, good,
               sapdr_backup_run(NULL, repo, paths, 1, &options.known, &err));
  EXPECT_RESULT_SIZES(sapdr_backup_result,
                      sapdr_backup_run(&options.known, repo, paths, 1, NULL, &err));
  sapdr_backup_options bad = good;
  bad.n_tags = 1;
  EXPECT_INVALID(sapdr_backup_run(NULL, repo, paths, 1, &bad, &err));
  bad = good;
  bad.excludes = holes;
  bad.n_excludes = 1;
  EXPECT_INVALID(sapdr_backup_run(NULL, repo, paths, 1, &bad, &err));
  bad = good;
  bad.host = "";
  EXPECT_INVALID(sapdr_backup_run(NULL, repo, paths, 1, &bad, &err));
  bad = good;
  bad.verify_max_age_ns = -1;
  EXPECT_INVALID(sapdr_backup_run(NULL, repo, paths, 1, &bad, &err));
  EXPECT_SIZES(
      sapdr_observer, observer,
      (good.observer = &options.known, sapdr_backup_run(NULL, repo, paths, 1, &good, &err)));
}

static sapdr_status read_nothing(void* user, void* buffer, size_t capacity, size_t* size,
                                 sapdr_error** error) {
  (void)user, (void)buffer, (void)capacity, (void)error;
  *size = 0;
  return SAPDR_OK;
}

static void test_streams(sapdr_repo* repo) {
  STARTED(sapdr_stream, good);
  STARTED(sapdr_backup_options, given);
  good.path = "/stream";
  good.read = read_nothing;
  EXPECT_INVALID(sapdr_backup_streams(NULL, NULL, &good, 1, NULL, &err));
  EXPECT_INVALID(sapdr_backup_streams(NULL, repo, NULL, 1, NULL, &err));
  EXPECT_INVALID(sapdr_backup_streams(NULL, repo, &good, 0, NULL, &err));
  EXPECT_SIZES(sapdr_stream, good, sapdr_backup_streams(NULL, repo, &options.known, 1, NULL, &err));
  EXPECT_SIZES(sapdr_backup_options, given,
               sapdr_backup_streams(NULL, repo, &good, 1, &options.known, &err));
  EXPECT_RESULT_SIZES(sapdr_backup_result,
                      sapdr_backup_streams(&options.known, repo, &good, 1, NULL, &err));
  sapdr_stream bad = good;
  bad.path = NULL;
  EXPECT_INVALID(sapdr_backup_streams(NULL, repo, &bad, 1, NULL, &err));
  bad = good;
  bad.read = NULL;
  EXPECT_INVALID(sapdr_backup_streams(NULL, repo, &bad, 1, NULL, &err));
  bad = good;
  bad.mode = 0100644;
  EXPECT_INVALID(sapdr_backup_streams(NULL, repo, &bad, 1, NULL, &err));
  sapdr_stream mixed[] = {good, good};
  mixed[1].struct_size -= 1;
  EXPECT_INVALID(sapdr_backup_streams(NULL, repo, mixed, 2, NULL, &err));
  given.exclude_caches = 1; /* says something about files */
  EXPECT_INVALID(sapdr_backup_streams(NULL, repo, &good, 1, &given, &err));
}

/* Streams of a newer caller lie further apart. */
static void test_stride(sapdr_repo* repo) {
  NEWER(sapdr_stream) streams[2];
  STARTED(sapdr_backup_result, result);
  memset(streams, 0, sizeof streams);
  for (int i = 0; i < 2; ++i) {
    streams[i].known.struct_size = sizeof streams[i];
    streams[i].known.path = i == 0 ? "/one" : "/two";
    streams[i].known.read = read_nothing;
  }
  EXPECT_OK(sapdr_backup_streams(&result, repo, &streams[0].known, 2, NULL, &err));
  EXPECT(result.files_new == 2);
}

static sapdr_status never_written(void* user, const void* data, size_t size, sapdr_error** error) {
  (void)user, (void)data, (void)size, (void)error;
  EXPECT(!"called");
  return SAPDR_OK;
}

static void test_tree(sapdr_repo* repo) {
  sapdr_walk* walk;
  const sapdr_node* node;
  STARTED(sapdr_walk_options, good);
  EXPECT_INVALID(sapdr_walk_new(NULL, repo, "latest", NULL, NULL, &err));
  EXPECT_INVALID(sapdr_walk_new(&walk, NULL, "latest", NULL, NULL, &err));
  EXPECT_INVALID(sapdr_walk_new(&walk, repo, NULL, NULL, NULL, &err));
  EXPECT_SIZES(sapdr_walk_options, good,
               sapdr_walk_new(&walk, repo, "latest", NULL, &options.known, &err));
  EXPECT(walk == NULL);
  EXPECT_INVALID(sapdr_walk_next(&node, NULL, &err));
  EXPECT(node == NULL);
  EXPECT_INVALID(sapdr_walk_next(NULL, NULL, &err));
  EXPECT_INVALID(sapdr_dump_run(NULL, "latest", NULL, "/x", never_written, NULL, NULL, &err));
  EXPECT_INVALID(sapdr_dump_run(repo, NULL, NULL, "/x", never_written, NULL, NULL, &err));
  EXPECT_INVALID(sapdr_dump_run(repo, "latest", NULL, NULL, never_written, NULL, NULL, &err));
  EXPECT_INVALID(sapdr_dump_run(repo, "latest", NULL, "/x", NULL, NULL, NULL, &err));
}

static void test_restore(sapdr_repo* repo) {
  sapdr_restore_plan* plan;
  STARTED(sapdr_restore_options, good);
  STARTED(sapdr_restore_stats, stats);
  EXPECT_INVALID(sapdr_restore_plan_new(NULL, repo, "latest", NULL, "t", NULL, &err));
  EXPECT_INVALID(sapdr_restore_plan_new(&plan, NULL, "latest", NULL, "t", NULL, &err));
  EXPECT_INVALID(sapdr_restore_plan_new(&plan, repo, NULL, NULL, "t", NULL, &err));
  /* An empty target is a mistake; it must not be taken for NULL, which means in place. */
  EXPECT_INVALID(sapdr_restore_plan_new(&plan, repo, "latest", NULL, "", NULL, &err));
  EXPECT_SIZES(sapdr_restore_options, good,
               sapdr_restore_plan_new(&plan, repo, "latest", NULL, "t", &options.known, &err));
  good.overwrite = 4;
  EXPECT_INVALID(sapdr_restore_plan_new(&plan, repo, "latest", NULL, "t", &good, &err));
  EXPECT(plan == NULL);
  EXPECT_INVALID(sapdr_restore_plan_stats(NULL, &stats, &err));
  EXPECT_INVALID(sapdr_restore_plan_run(&stats, NULL, &err));
  EXPECT_OK(sapdr_restore_plan_new(&plan, repo, "latest", NULL, "t", NULL, &err));
  EXPECT_INVALID(sapdr_restore_plan_stats(plan, NULL, &err));
  EXPECT_RESULT_SIZES(sapdr_restore_stats, sapdr_restore_plan_stats(plan, &options.known, &err));
  EXPECT_RESULT_SIZES(sapdr_restore_stats, sapdr_restore_plan_run(&options.known, plan, &err));
  sapdr_restore_plan_free(plan);
}

static void test_check_verify_stats(sapdr_repo* repo) {
  STARTED(sapdr_check_options, check);
  STARTED(sapdr_verify_options, verify);
  STARTED(sapdr_snapshot_filter, filter);
  STARTED(sapdr_stats_result, stats);
  EXPECT_INVALID(sapdr_check_run(NULL, NULL, NULL, &err));
  EXPECT_SIZES(sapdr_check_options, check, sapdr_check_run(NULL, repo, &options.known, &err));
  EXPECT_RESULT_SIZES(sapdr_check_result, sapdr_check_run(&options.known, repo, NULL, &err));

  EXPECT_INVALID(sapdr_verify_run(NULL, NULL, "latest", NULL, "t", NULL, &err));
  EXPECT_INVALID(sapdr_verify_run(NULL, repo, NULL, NULL, "t", NULL, &err));
  EXPECT_INVALID(sapdr_verify_run(NULL, repo, "latest", NULL, "", NULL, &err));
  EXPECT_SIZES(sapdr_verify_options, verify,
               sapdr_verify_run(NULL, repo, "latest", NULL, "t", &options.known, &err));
  EXPECT_RESULT_SIZES(sapdr_verify_result,
                      sapdr_verify_run(&options.known, repo, "latest", NULL, "t", NULL, &err));

  EXPECT_INVALID(sapdr_stats_run(NULL, repo, NULL, NULL, NULL, &err));
  EXPECT_INVALID(sapdr_stats_run(&stats, NULL, NULL, NULL, NULL, &err));
  EXPECT_SIZES(sapdr_snapshot_filter, filter,
               sapdr_stats_run(&stats, repo, NULL, &options.known, NULL, &err));
  EXPECT_RESULT_SIZES(sapdr_stats_result,
                      sapdr_stats_run(&options.known, repo, NULL, NULL, NULL, &err));
}

static void test_tag(sapdr_repo* repo) {
  STARTED(sapdr_tag_options, good);
  STARTED(sapdr_snapshot_filter, filter);
  const char *tags[] = {"x"}, *empty[] = {"x", ""}, *holes[] = {NULL}, *folder[] = {"latest:/x"};
  good.add = tags;
  good.n_add = 1;
  EXPECT_INVALID(sapdr_tag_run(NULL, NULL, NULL, 0, NULL, &good, &err));
  EXPECT_INVALID(sapdr_tag_run(NULL, repo, NULL, 1, NULL, &good, &err));
  EXPECT_INVALID(sapdr_tag_run(NULL, repo, holes, 1, NULL, &good, &err));
  EXPECT_INVALID(sapdr_tag_run(NULL, repo, folder, 1, NULL, &good, &err));
  EXPECT_INVALID(sapdr_tag_run(NULL, repo, NULL, 0, NULL, NULL, &err)); /* no tags */
  EXPECT_SIZES(sapdr_tag_options, good,
               sapdr_tag_run(NULL, repo, NULL, 0, NULL, &options.known, &err));
  EXPECT_SIZES(sapdr_snapshot_filter, filter,
               sapdr_tag_run(NULL, repo, NULL, 0, &options.known, &good, &err));
  EXPECT_RESULT_SIZES(sapdr_tag_result,
                      sapdr_tag_run(&options.known, repo, NULL, 0, NULL, &good, &err));
  sapdr_tag_options bad = good;
  bad.set = tags;
  bad.n_set = 1;
  EXPECT_INVALID(sapdr_tag_run(NULL, repo, NULL, 0, NULL, &bad, &err));
  bad = good;
  bad.remove = empty;
  bad.n_remove = 2;
  EXPECT_INVALID(sapdr_tag_run(NULL, repo, NULL, 0, NULL, &bad, &err));
  bad = good;
  bad.n_remove = 1;
  EXPECT_INVALID(sapdr_tag_run(NULL, repo, NULL, 0, NULL, &bad, &err));
  bad = good;
  bad.reserved = 1;
  EXPECT_STATUS(SAPDR_E_UNSUPPORTED, sapdr_tag_run(NULL, repo, NULL, 0, NULL, &bad, &err));
}

int main(void) {
  write_file("file", "content", 7);
  sapdr_ctx* ctx = new_context();
  sapdr_repo* repo = new_repository(ctx);
  test_streams(repo);
  test_stride(repo);
  test_backup(repo);
  test_tree(repo);
  test_restore(repo);
  test_check_verify_stats(repo);
  test_tag(repo);
  sapdr_repo_free(repo);
  sapdr_ctx_free(ctx);
  return expect_result();
}
