/* Storage of the caller's: a table becomes a backend, a repository works on it, and it may fail. */
#include <sys/stat.h>

#include "memory_table.h"
#include "sizes.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static sapdr_object object_of(int32_t type, const char* name) {
  STARTED(sapdr_object, object);
  object.type = type;
  object.name = name;
  return object;
}

static sapdr_backend* backend_of(sapdr_ctx* ctx, struct memory_store* store) {
  const sapdr_backend_table table = memory_table(store);
  sapdr_backend* backend = NULL;
  EXPECT_OK(sapdr_backend_from_table(&backend, ctx, &table, &err));
  return backend;
}

static sapdr_repo* repository_on(sapdr_ctx* ctx, struct memory_store* store) {
  const sapdr_repo_init_options init = cheap_init();
  sapdr_backend* backend = backend_of(ctx, store);
  sapdr_repo* repo = NULL;
  EXPECT_OK(sapdr_repo_init(&repo, ctx, backend, &init, &err));
  sapdr_backend_free(backend);
  return repo;
}

static void test_arguments(sapdr_ctx* ctx) {
  struct memory_store store;
  memory_store_init(&store);
  const sapdr_backend_table good = memory_table(&store);
  sapdr_backend* backend = NULL;
  EXPECT_SIZES(sapdr_backend_table, good,
               sapdr_backend_from_table(&backend, ctx, &options.known, &err));
  EXPECT_INVALID(sapdr_backend_from_table(&backend, ctx, NULL, &err));
  EXPECT_INVALID(sapdr_backend_from_table(&backend, NULL, &good, &err));
  EXPECT_INVALID(sapdr_backend_from_table(NULL, ctx, &good, &err));
  sapdr_backend_table table = good;
  table.save = NULL;
  EXPECT_INVALID(sapdr_backend_from_table(&backend, ctx, &table, &err));
  EXPECT(backend == NULL && store.freed == 0);
  memory_store_clear(&store);
}

struct told {
  int n;
  uint64_t size;
  sapdr_status answer;
};

static sapdr_status tell(void* user, const char* name, uint64_t size, int64_t modified_ns) {
  struct told* told = user;
  EXPECT_TEXT(ID, name);
  EXPECT(modified_ns == 0);
  ++told->n;
  told->size = size;
  return told->answer;
}

static void test_calls(sapdr_ctx* ctx) {
  struct memory_store store;
  memory_store_init(&store);
  sapdr_backend* backend = backend_of(ctx, &store);
  EXPECT_TEXT("store:", sapdr_backend_location(backend));
  EXPECT(sapdr_backend_max_parallel(backend) == 4 && sapdr_backend_max_parallel(NULL) == 0);
  EXPECT_OK(sapdr_backend_create(backend, &err));
  const sapdr_object pack = object_of(SAPDR_OBJECT_PACK, ID);
  int32_t exists = 7;
  uint64_t size = 7;
  EXPECT_OK(sapdr_backend_exists(&exists, backend, &pack, &err));
  EXPECT(exists == 0);
  EXPECT_STATUS(SAPDR_E_NOT_FOUND, sapdr_backend_size(&size, backend, &pack, &err));
  EXPECT_STATUS(SAPDR_E_NOT_FOUND, sapdr_backend_erase(backend, &pack, &err));
  EXPECT_OK(sapdr_backend_save(backend, &pack, "12345", 5, &err));
  EXPECT_STATUS(SAPDR_E_EXISTS, sapdr_backend_save(backend, &pack, "12345", 5, &err));
  EXPECT_OK(sapdr_backend_exists(&exists, backend, &pack, &err));
  EXPECT_OK(sapdr_backend_size(&size, backend, &pack, &err));
  EXPECT(exists == 1 && size == 5);
  char buffer[6] = "";
  EXPECT_OK(sapdr_backend_load(backend, &pack, 1, buffer, 4, &err));
  EXPECT_TEXT("2345", buffer);
  EXPECT_STATUS(SAPDR_E_CORRUPT, sapdr_backend_load(backend, &pack, 1, buffer, 5, &err));
  EXPECT_OK(sapdr_backend_load(backend, &pack, 5, NULL, 0, &err));
  EXPECT_INVALID(sapdr_backend_load(backend, &pack, 0, NULL, 1, &err));
  EXPECT_INVALID(sapdr_backend_save(backend, &pack, NULL, 1, &err));

  struct told told = {0, 0, SAPDR_OK};
  EXPECT_OK(sapdr_backend_list(backend, SAPDR_OBJECT_PACK, tell, &told, &err));
  EXPECT(told.n == 1 && told.size == 5);
  EXPECT_OK(sapdr_backend_list(backend, SAPDR_OBJECT_KEY, tell, &told, &err));
  EXPECT(told.n == 1);
  told.answer = SAPDR_E_NO_SPACE;
  EXPECT_STATUS(SAPDR_E_NO_SPACE,
                sapdr_backend_list(backend, SAPDR_OBJECT_PACK, tell, &told, &err));
  EXPECT_INVALID(sapdr_backend_list(backend, 0, tell, &told, &err));
  EXPECT_INVALID(sapdr_backend_list(backend, SAPDR_OBJECT_PACK, NULL, NULL, &err));
  EXPECT_OK(sapdr_backend_erase(backend, &pack, &err));
  EXPECT(memory_store_count(&store, SAPDR_OBJECT_PACK) == 0);
  EXPECT(store.freed == 0);
  sapdr_backend_free(backend);
  EXPECT(store.freed == 1);
  memory_store_clear(&store);
}

static void test_names(sapdr_ctx* ctx) {
  struct memory_store store;
  memory_store_init(&store);
  sapdr_backend* backend = backend_of(ctx, &store);
  const sapdr_object bad[] = {object_of(SAPDR_OBJECT_PACK, "../config"),
                              object_of(SAPDR_OBJECT_PACK, ""),
                              object_of(SAPDR_OBJECT_PACK, NULL),
                              object_of(SAPDR_OBJECT_CONFIG, ID),
                              object_of(0, ID),
                              object_of(8, ID)};
  uint64_t size;
  for (size_t i = 0; i < sizeof bad / sizeof *bad; ++i) {
    EXPECT_INVALID(sapdr_backend_size(&size, backend, &bad[i], &err));
  }
  EXPECT_INVALID(sapdr_backend_size(&size, backend, NULL, &err));
  const sapdr_object good = object_of(SAPDR_OBJECT_LOCK, ID);
  EXPECT_SIZES(sapdr_object, good, sapdr_backend_size(&size, backend, &options.known, &err));
  EXPECT_INVALID(sapdr_backend_size(NULL, backend, &good, &err));
  EXPECT_INVALID(sapdr_backend_exists(NULL, backend, &good, &err));
  EXPECT_INVALID(sapdr_backend_size(&size, NULL, &good, &err));
  EXPECT(store.calls == 0);
  EXPECT_TEXT("config", sapdr_object_type_name(SAPDR_OBJECT_CONFIG));
  EXPECT_TEXT("verified", sapdr_object_type_name(SAPDR_OBJECT_VERIFIED));
  EXPECT_TEXT("unknown", sapdr_object_type_name(0));
  EXPECT_TEXT("unknown", sapdr_object_type_name(8));
  sapdr_backend_free(backend);
  memory_store_clear(&store);
}

static const char* const sources[] = {"source"};

/* Storage of a program has all at hand: nothing is asked for, and nothing waited for. */
static void test_warm_up(sapdr_restore_plan* plan) {
  STARTED(sapdr_warm_up_options, good);
  STARTED(sapdr_warm_up_result, result);
  good.wait_ns = INT64_C(3600000000000);
  EXPECT_OK(sapdr_restore_plan_warm_up(&result, plan, &good, &err));
  EXPECT(result.packs == 1 && result.asked == 0 && result.waiting == 0);
  EXPECT_OK(sapdr_restore_plan_warm_up(NULL, plan, NULL, &err));
  EXPECT_INVALID(sapdr_restore_plan_warm_up(NULL, NULL, NULL, &err));
  EXPECT_SIZES(sapdr_warm_up_options, good,
               sapdr_restore_plan_warm_up(NULL, plan, &options.known, &err));
  EXPECT_RESULT_SIZES(sapdr_warm_up_result,
                      sapdr_restore_plan_warm_up(&options.known, plan, NULL, &err));
  good.interval_ns = -1;
  EXPECT_INVALID(sapdr_restore_plan_warm_up(NULL, plan, &good, &err));
}

static void test_repository(sapdr_ctx* ctx) {
  struct memory_store store;
  memory_store_init(&store);
  sapdr_repo* repo = repository_on(ctx, &store);
  EXPECT_TEXT("store:", sapdr_repo_location(repo));
  STARTED(sapdr_backup_options, backup);
  STARTED(sapdr_backup_result, result);
  backup.verify = 1;
  EXPECT_OK(sapdr_backup_run(&result, repo, sources, 1, &backup, &err));
  EXPECT(result.state == SAPDR_BACKUP_VERIFIED && result.files_new == 2);
  EXPECT(memory_store_count(&store, SAPDR_OBJECT_SNAPSHOT) == 1);
  EXPECT(memory_store_count(&store, SAPDR_OBJECT_LOCK) == 0);
  sapdr_repo_free(repo);
  EXPECT(store.freed == 1);

  /* Another handle, and another table, on the same store. */
  sapdr_backend* backend = backend_of(ctx, &store);
  const sapdr_repo_open_options open = open_options();
  EXPECT_OK(sapdr_repo_open(&repo, ctx, backend, &open, &err));
  sapdr_backend_free(backend);
  STARTED(sapdr_check_options, check);
  check.read_data = 1;
  EXPECT_OK(sapdr_check_run(NULL, repo, &check, &err));
  sapdr_restore_plan* plan;
  EXPECT_OK(sapdr_restore_plan_new(&plan, repo, "latest", NULL, "target", NULL, &err));
  test_warm_up(plan);
  EXPECT_OK(sapdr_restore_plan_run(NULL, plan, &err));
  sapdr_restore_plan_free(plan);
  EXPECT_OK(sapdr_verify_run(NULL, repo, "latest", NULL, "target", NULL, &err));
  EXPECT(memory_store_count(&store, SAPDR_OBJECT_LOCK) == 0);

  /* What is damaged in the store is found. */
  for (struct stored* each = store.first; each != NULL; each = each->next) {
    if (each->type == SAPDR_OBJECT_PACK) ((char*)each->data)[each->size / 2] ^= 1;
  }
  EXPECT_STATUS(SAPDR_E_CORRUPT, sapdr_check_run(NULL, repo, &check, &err));
  sapdr_repo_free(repo);
  EXPECT(store.freed == 2);
  memory_store_clear(&store);
}

/* Wherever the storage begins to fail: an error with its own words, no snapshot, no crash. */
static void test_failures(sapdr_ctx* ctx) {
  struct memory_store store;
  memory_store_init(&store);
  sapdr_repo* repo = repository_on(ctx, &store);
  store.status = SAPDR_E_NO_SPACE;
  int failures = 0;
  for (int nth = 1; failures < 100; ++nth) {
    store.fail_from = store.calls + nth;
    const sapdr_status status = sapdr_backup_run(NULL, repo, sources, 1, NULL, &err);
    store.fail_from = 0;
    if (status == SAPDR_OK) break;
    const sapdr_error* cause = sapdr_error_cause(err);
    EXPECT(strstr(sapdr_error_message(err), "the disk clicked") != NULL);
    EXPECT(strstr(sapdr_error_message(err), "store:") != NULL);
    EXPECT_TEXT("the disk clicked", sapdr_error_message(cause));
    EXPECT_STATUS(SAPDR_E_NO_SPACE, status);
    EXPECT(memory_store_count(&store, SAPDR_OBJECT_SNAPSHOT) == 0);
    EXPECT_OK(sapdr_repo_unlock(repo, 1, NULL, &err));
    ++failures;
  }
  EXPECT(failures > 5 && failures < 100);
  STARTED(sapdr_check_options, check);
  check.read_data = 1;
  EXPECT_OK(sapdr_check_run(NULL, repo, &check, &err));
  sapdr_repo_free(repo);
  memory_store_clear(&store);
}

/* Cancelled by the storage itself, in the middle of a save. */
static void test_cancel(sapdr_ctx* ctx) {
  struct memory_store store;
  memory_store_init(&store);
  sapdr_repo* repo = repository_on(ctx, &store);
  EXPECT_OK(sapdr_cancel_new(&store.cancel, &err));
  STARTED(sapdr_backup_options, backup);
  backup.cancel = store.cancel;
  store.status = SAPDR_E_CANCELLED;
  store.fail_from = store.calls + 8;
  EXPECT_STATUS(SAPDR_E_CANCELLED, sapdr_backup_run(NULL, repo, sources, 1, &backup, &err));
  EXPECT(memory_store_count(&store, SAPDR_OBJECT_SNAPSHOT) == 0);
  store.fail_from = 0;
  EXPECT_OK(sapdr_repo_unlock(repo, 1, NULL, &err));
  sapdr_cancel_reset(store.cancel);
  EXPECT_OK(sapdr_backup_run(NULL, repo, sources, 1, &backup, &err));
  EXPECT_OK(sapdr_check_run(NULL, repo, NULL, &err));
  sapdr_cancel_free(store.cancel);
  sapdr_repo_free(repo);
  memory_store_clear(&store);
}

static void test_error_objects(void) {
  const char* details[] = {"path", "/x", "http_status", "503"};
  sapdr_error* cause = sapdr_error_new(SAPDR_E_TIMEOUT, "no answer");
  EXPECT(sapdr_error_retryable(cause) == SAPDR_RETRY_MAYBE);
  STARTED(sapdr_error_options, options);
  options.retryable = SAPDR_RETRY_YES;
  options.cause = cause;
  options.details = details;
  options.n_details = 2;
  sapdr_error* error = sapdr_error_new_with(SAPDR_E_NETWORK, "busy", &options);
  sapdr_error_free(cause);
  sapdr_error* copy = sapdr_error_copy(error);
  sapdr_error_free(error);
  EXPECT(sapdr_error_code(copy) == SAPDR_E_NETWORK);
  EXPECT(sapdr_error_retryable(copy) == SAPDR_RETRY_YES);
  EXPECT_TEXT("busy", sapdr_error_message(copy));
  EXPECT_TEXT("/x", sapdr_error_detail(copy, "path"));
  EXPECT_TEXT("503", sapdr_error_detail(copy, "http_status"));
  EXPECT_TEXT("no answer", sapdr_error_message(sapdr_error_cause(copy)));
  sapdr_error_free(copy);
  EXPECT(sapdr_error_copy(NULL) == NULL);

  /* What is not valid is told by the error itself. */
  options.struct_size = 3;
  error = sapdr_error_new_with(SAPDR_E_NETWORK, "busy", &options);
  EXPECT(sapdr_error_code(error) == SAPDR_E_INVALID_ARGUMENT);
  sapdr_error_free(error);
  SAPDR_INIT(&options);
  options.retryable = 3;
  error = sapdr_error_new_with(SAPDR_E_NETWORK, NULL, &options);
  EXPECT(sapdr_error_code(error) == SAPDR_E_INVALID_ARGUMENT);
  sapdr_error_free(error);
}

int main(void) {
  EXPECT(mkdir("source", 0700) == 0);
  write_file("source/one", "the first file", 14);
  write_file("source/two", "the second file", 15);
  sapdr_ctx* ctx = new_context();
  test_arguments(ctx);
  test_calls(ctx);
  test_names(ctx);
  test_repository(ctx);
  test_failures(ctx);
  test_cancel(ctx);
  test_error_objects();
  sapdr_ctx_free(ctx);
  return expect_result();
}
