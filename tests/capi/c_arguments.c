/* NULL where something is needed, and structs of another size, for the functions that make and read
 * handles: an error and never a crash. */
#include "sizes.h"

static void test_context(sapdr_ctx* ctx) {
  sapdr_ctx* other = ctx;
  STARTED(sapdr_ctx_options, good);
  EXPECT_INVALID(sapdr_ctx_new(NULL, NULL, &err));
  EXPECT_SIZES(sapdr_ctx_options, good, sapdr_ctx_new(&other, &options.known, &err));
  EXPECT(other == NULL);
  good.log_level = 5;
  EXPECT_INVALID(sapdr_ctx_new(&other, &good, &err));
  good.log_level = 0;
  good.reserved = 1;
  EXPECT_STATUS(SAPDR_E_UNSUPPORTED, sapdr_ctx_new(&other, &good, &err));
  EXPECT(sapdr_ctx_new(NULL, NULL, NULL) == SAPDR_E_INVALID_ARGUMENT); /* err may be NULL */
  EXPECT_INVALID(sapdr_cancel_new(NULL, &err));
}

static void test_backend(sapdr_ctx* ctx) {
  sapdr_backend* backend;
  EXPECT_INVALID(sapdr_backend_open(NULL, ctx, "memory:", &err));
  EXPECT_INVALID(sapdr_backend_open(&backend, NULL, "memory:", &err));
  EXPECT_INVALID(sapdr_backend_open(&backend, ctx, NULL, &err));
  EXPECT_INVALID(sapdr_backend_open(&backend, ctx, "", &err));
  EXPECT_STATUS(SAPDR_E_UNSUPPORTED, sapdr_backend_open(&backend, ctx, "moon:/base", &err));
  EXPECT(backend == NULL);
}

static void test_init(sapdr_ctx* ctx, sapdr_backend* backend) {
  sapdr_repo* repo;
  sapdr_repo_init_options good = cheap_init();
  EXPECT_INVALID(sapdr_repo_init(NULL, ctx, backend, &good, &err));
  EXPECT_INVALID(sapdr_repo_init(&repo, NULL, backend, &good, &err));
  EXPECT_INVALID(sapdr_repo_init(&repo, ctx, NULL, &good, &err));
  EXPECT_INVALID(sapdr_repo_init(&repo, ctx, backend, NULL, &err)); /* no password */
  EXPECT_SIZES(sapdr_repo_init_options, good,
               sapdr_repo_init(&repo, ctx, backend, &options.known, &err));
  sapdr_repo_init_options bad = good;
  bad.password = NULL;
  EXPECT_INVALID(sapdr_repo_init(&repo, ctx, backend, &bad, &err));
  bad = good;
  bad.version = 3;
  EXPECT_STATUS(SAPDR_E_UNSUPPORTED, sapdr_repo_init(&repo, ctx, backend, &bad, &err));
  bad = good;
  bad.scrypt_n = 1000;
  EXPECT_INVALID(sapdr_repo_init(&repo, ctx, backend, &bad, &err));
  bad = good;
  bad.codec = 2;
  EXPECT_INVALID(sapdr_repo_init(&repo, ctx, backend, &bad, &err));
  bad.codec = SAPDR_CODEC_TENSOR;
  bad.version = 1; /* compresses nothing */
  EXPECT_STATUS(SAPDR_E_UNSUPPORTED, sapdr_repo_init(&repo, ctx, backend, &bad, &err));
  EXPECT(repo == NULL);
}

static void test_open(sapdr_ctx* ctx, sapdr_backend* backend) {
  sapdr_repo* repo;
  sapdr_repo_open_options good = open_options(), bad = good;
  EXPECT_INVALID(sapdr_repo_open(NULL, ctx, backend, &good, &err));
  EXPECT_INVALID(sapdr_repo_open(&repo, NULL, backend, &good, &err));
  EXPECT_INVALID(sapdr_repo_open(&repo, ctx, NULL, &good, &err));
  EXPECT_SIZES(sapdr_repo_open_options, good,
               sapdr_repo_open(&repo, ctx, backend, &options.known, &err));
  bad.compression = SAPDR_COMPRESSION_BETTER + 1;
  EXPECT_INVALID(sapdr_repo_open(&repo, ctx, backend, &bad, &err));
  bad = good;
  bad.pack_size_mib = 129;
  EXPECT_INVALID(sapdr_repo_open(&repo, ctx, backend, &bad, &err));
  bad = good;
  bad.retry_lock_ns = -1;
  EXPECT_INVALID(sapdr_repo_open(&repo, ctx, backend, &bad, &err));
  bad = good;
  bad.password = NULL;
  EXPECT_INVALID(sapdr_repo_open(&repo, ctx, backend, &bad, &err));
  EXPECT(repo == NULL);
}

static int32_t never_called(void* user, const char* id, uint64_t size) {
  (void)user, (void)id, (void)size;
  EXPECT(!"called");
  return 0;
}

static void test_objects(sapdr_repo* repo) {
  sapdr_buffer* buffer;
  EXPECT_INVALID(sapdr_repo_cat(NULL, repo, "config", NULL, &err));
  EXPECT_INVALID(sapdr_repo_cat(&buffer, NULL, "config", NULL, &err));
  EXPECT_INVALID(sapdr_repo_cat(&buffer, repo, NULL, NULL, &err));
  EXPECT_INVALID(sapdr_repo_cat(&buffer, repo, "weather", NULL, &err));
  EXPECT(buffer == NULL);
  EXPECT_INVALID(sapdr_repo_list(NULL, "key", never_called, NULL, &err));
  EXPECT_INVALID(sapdr_repo_list(repo, NULL, never_called, NULL, &err));
  EXPECT_INVALID(sapdr_repo_list(repo, "key", NULL, NULL, &err));
  EXPECT_INVALID(sapdr_repo_unlock(NULL, 0, NULL, &err));
}

static void test_snapshots(sapdr_repo* repo) {
  sapdr_snapshot_list* list;
  sapdr_snapshot* snapshot;
  STARTED(sapdr_snapshot_filter, good);
  EXPECT_INVALID(sapdr_snapshot_list_new(NULL, repo, NULL, &err));
  EXPECT_INVALID(sapdr_snapshot_list_new(&list, NULL, NULL, &err));
  EXPECT_INVALID(sapdr_snapshot_list_readable(&list, NULL, NULL, &err));
  EXPECT_SIZES(sapdr_snapshot_filter, good,
               sapdr_snapshot_list_new(&list, repo, &options.known, &err));
  EXPECT(list == NULL);
  EXPECT_INVALID(sapdr_snapshot_get(NULL, repo, "latest", NULL, &err));
  EXPECT_INVALID(sapdr_snapshot_get(&snapshot, NULL, "latest", NULL, &err));
  EXPECT_INVALID(sapdr_snapshot_get(&snapshot, repo, NULL, NULL, &err));
  EXPECT_SIZES(sapdr_snapshot_filter, good,
               sapdr_snapshot_get(&snapshot, repo, "latest", &options.known, &err));
  good.n_tags = 1;
  EXPECT_INVALID(sapdr_snapshot_get(&snapshot, repo, "latest", &good, &err));
  EXPECT(snapshot == NULL);
}

static void test_getters_of_null(void) {
  EXPECT(sapdr_error_code(NULL) == SAPDR_OK && sapdr_error_retryable(NULL) == 0);
  EXPECT_TEXT("", sapdr_error_message(NULL));
  EXPECT(sapdr_error_detail(NULL, "path") == NULL && sapdr_error_cause(NULL) == NULL);
  EXPECT_TEXT("", sapdr_backend_location(NULL));
  EXPECT_TEXT("", sapdr_repo_id(NULL));
  EXPECT_TEXT("", sapdr_repo_location(NULL));
  EXPECT(sapdr_repo_version(NULL) == 0);
  EXPECT(sapdr_repo_codec(NULL) == SAPDR_CODEC_ZSTD);
  EXPECT(sapdr_buffer_data(NULL) == NULL && sapdr_buffer_size(NULL) == 0);
  EXPECT(sapdr_snapshot_list_size(NULL) == 0 && sapdr_snapshot_list_at(NULL, 0) == NULL);
  EXPECT(sapdr_snapshot_list_n_damaged(NULL) == 0);
  EXPECT(sapdr_snapshot_list_damaged_at(NULL, 0) == NULL);
  EXPECT(sapdr_snapshot_id(NULL).bytes[0] == 0);
  EXPECT_TEXT("", sapdr_snapshot_hex(NULL));
  EXPECT_TEXT("", sapdr_snapshot_tree_hex(NULL));
  EXPECT(sapdr_snapshot_parent_hex(NULL) == NULL && sapdr_snapshot_time_ns(NULL) == 0);
  EXPECT_TEXT("", sapdr_snapshot_host(NULL));
  EXPECT_TEXT("", sapdr_snapshot_user(NULL));
  EXPECT_TEXT("", sapdr_snapshot_program(NULL));
  EXPECT_TEXT("", sapdr_snapshot_path(NULL, 0));
  EXPECT_TEXT("", sapdr_snapshot_tag(NULL, 0));
  EXPECT(sapdr_snapshot_n_paths(NULL) == 0 && sapdr_snapshot_n_tags(NULL) == 0);
  EXPECT(sapdr_snapshot_files(NULL) == 0 && sapdr_snapshot_bytes(NULL) == 0);
  EXPECT(sapdr_snapshot_verified_ns(NULL) == 0);
  EXPECT(sapdr_walk_snapshot(NULL) == NULL && sapdr_restore_plan_snapshot(NULL) == NULL);
  EXPECT_TEXT("", sapdr_restore_plan_target(NULL));
  EXPECT(sapdr_cancel_is_triggered(NULL) == 0);
}

static void test_free_null(void) {
  sapdr_cancel_trigger(NULL);
  sapdr_cancel_reset(NULL);
  sapdr_cancel_free(NULL);
  sapdr_error_free(NULL);
  sapdr_ctx_free(NULL);
  sapdr_backend_free(NULL);
  sapdr_repo_free(NULL);
  sapdr_buffer_free(NULL);
  sapdr_snapshot_list_free(NULL);
  sapdr_snapshot_free(NULL);
  sapdr_walk_free(NULL);
  sapdr_restore_plan_free(NULL);
}

int main(void) {
  sapdr_ctx* ctx = new_context();
  sapdr_backend* backend = NULL;
  EXPECT_OK(sapdr_backend_open(&backend, ctx, "memory:", &err));
  sapdr_repo* repo = new_repository(ctx);
  test_context(ctx);
  test_backend(ctx);
  test_init(ctx, backend);
  test_open(ctx, backend);
  test_objects(repo);
  test_snapshots(repo);
  test_getters_of_null();
  test_free_null();
  sapdr_repo_free(repo);
  sapdr_backend_free(backend);
  sapdr_ctx_free(ctx);
  return expect_result();
}
