/* Backends around backends: their arguments, and a backup through storage that fails for a moment.
 */
#include <math.h>
#include <time.h>

#include "memory_table.h"
#include "sizes.h"

static sapdr_backend* memory(sapdr_ctx* ctx) {
  sapdr_backend* backend = NULL;
  EXPECT_OK(sapdr_backend_open(&backend, ctx, "memory:", &err));
  return backend;
}

static void test_arguments(sapdr_ctx* ctx) {
  sapdr_backend* inner = memory(ctx);
  sapdr_backend* out = NULL;
  STARTED(sapdr_retry_options, retry);
  STARTED(sapdr_limit_options, limit);
  STARTED(sapdr_fault_options, fault);
  EXPECT_SIZES(sapdr_retry_options, retry,
               sapdr_backend_with_retry(&out, inner, &options.known, &err));
  EXPECT_SIZES(sapdr_limit_options, limit,
               sapdr_backend_with_limit(&out, inner, &options.known, &err));
  EXPECT_SIZES(sapdr_fault_options, fault,
               sapdr_backend_with_fault(&out, inner, &options.known, &err));
  EXPECT_INVALID(sapdr_backend_with_retry(&out, NULL, NULL, &err));
  EXPECT_INVALID(sapdr_backend_with_limit(&out, NULL, NULL, &err));
  EXPECT_INVALID(sapdr_backend_with_dry_run(&out, NULL, &err));
  EXPECT_INVALID(sapdr_backend_with_fault(NULL, inner, NULL, &err));
  retry.min_wait_ns = -1;
  EXPECT_INVALID(sapdr_backend_with_retry(&out, inner, &retry, &err));
  limit.reserved = 1;
  EXPECT_STATUS(SAPDR_E_UNSUPPORTED, sapdr_backend_with_limit(&out, inner, &limit, &err));
  const double bad[] = {-0.1, 1.1, NAN, INFINITY};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; ++i) {
    fault.probability = bad[i];
    EXPECT_INVALID(sapdr_backend_with_fault(&out, inner, &fault, &err));
  }
  fault.probability = 0;
  fault.calls = 128;
  EXPECT_INVALID(sapdr_backend_with_fault(&out, inner, &fault, &err));
  fault.calls = 0;
  fault.status = 5;
  EXPECT_INVALID(sapdr_backend_with_fault(&out, inner, &fault, &err));
  EXPECT(out == NULL);
  sapdr_backend_free(inner);
}

/* The inner handle may go first; each decorator keeps what it needs. */
static void test_calls(sapdr_ctx* ctx) {
  STARTED(sapdr_object, pack);
  pack.type = SAPDR_OBJECT_PACK;
  pack.name = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
  STARTED(sapdr_fault_options, fault);
  fault.calls = SAPDR_CALL_SAVE | SAPDR_CALL_ERASE;
  fault.fail_at = 1;
  fault.status = SAPDR_E_NO_SPACE;
  fault.permanent = 1;
  sapdr_backend* inner = memory(ctx);
  sapdr_backend *failing, *limited, *dry;
  EXPECT_OK(sapdr_backend_with_fault(&failing, inner, &fault, &err));
  EXPECT_OK(sapdr_backend_with_limit(&limited, failing, NULL, &err));
  EXPECT_OK(sapdr_backend_with_dry_run(&dry, limited, &err));
  sapdr_backend_free(failing);
  int32_t exists = 1;
  EXPECT_TEXT("memory:", sapdr_backend_location(dry));
  EXPECT_OK(sapdr_backend_save(dry, &pack, "x", 1, &err));
  EXPECT_OK(sapdr_backend_exists(&exists, limited, &pack, &err));
  EXPECT(exists == 0);
  EXPECT_STATUS(SAPDR_E_NO_SPACE, sapdr_backend_save(limited, &pack, "x", 1, &err));
  EXPECT_OK(sapdr_backend_save(limited, &pack, "x", 1, &err));
  EXPECT_OK(sapdr_backend_exists(&exists, inner, &pack, &err));
  EXPECT(exists == 1);
  sapdr_backend_free(dry);
  sapdr_backend_free(limited);
  sapdr_backend_free(inner);
}

static int warnings;

static void count_warnings(void* user, const sapdr_log_record* record) {
  (void)user;
  if (record->level == SAPDR_LOG_WARNING) {
    EXPECT_TEXT("storage", record->component);
    EXPECT(strstr(record->message, "failed, the next one is in") != NULL);
    ++warnings;
  }
}

static void test_flaky_storage(void) {
  STARTED(sapdr_ctx_options, log);
  log.on_log = count_warnings;
  sapdr_ctx* ctx;
  EXPECT_OK(sapdr_ctx_new(&ctx, &log, &err));
  STARTED(sapdr_fault_options, fault);
  fault.probability = 0.3;
  fault.seed = 5;
  STARTED(sapdr_retry_options, retry);
  retry.min_wait_ns = 1000;
  retry.max_attempts = 40;
  sapdr_backend* inner = memory(ctx);
  sapdr_backend *flaky, *safe;
  EXPECT_OK(sapdr_backend_with_fault(&flaky, inner, &fault, &err));
  EXPECT_OK(sapdr_backend_with_retry(&safe, flaky, &retry, &err));
  sapdr_backend_free(inner);
  sapdr_backend_free(flaky);
  const sapdr_repo_init_options init = cheap_init();
  sapdr_repo* repo;
  EXPECT_OK(sapdr_repo_init(&repo, ctx, safe, &init, &err));
  sapdr_backend_free(safe);
  static const char* const paths[] = {"file"};
  write_file("file", "content", 7);
  STARTED(sapdr_backup_options, backup);
  backup.verify = 1;
  for (int i = 0; i < 5; ++i) EXPECT_OK(sapdr_backup_run(NULL, repo, paths, 1, &backup, &err));
  EXPECT(n_snapshots(repo) == 5);
  STARTED(sapdr_check_options, check);
  check.read_data = 1;
  EXPECT_OK(sapdr_check_run(NULL, repo, &check, &err));
  EXPECT(warnings > 10);
  sapdr_repo_free(repo);
  sapdr_ctx_free(ctx);
}

static void* cancel_soon(void* user) {
  const struct timespec pause = {0, 300000000};
  nanosleep(&pause, NULL);
  sapdr_cancel_trigger(user);
  return NULL;
}

/* Storage that is away for good: an operation ends when it is cancelled, not when it gives up. */
static void test_cancel(sapdr_ctx* ctx) {
  STARTED(sapdr_fault_options, fault);
  fault.calls = SAPDR_CALL_LOAD;
  fault.fail_at = 1;
  fault.fail_count = UINT64_MAX;
  sapdr_backend* inner = memory(ctx);
  const sapdr_repo_init_options init = cheap_init();
  sapdr_repo* repo;
  EXPECT_OK(sapdr_repo_init(&repo, ctx, inner, &init, &err));
  static const char* const paths[] = {"file"};
  EXPECT_OK(sapdr_backup_run(NULL, repo, paths, 1, NULL, &err));
  sapdr_repo_free(repo);
  fault.fail_at = 3; /* opening loads the key and the config */
  sapdr_backend *away, *patient;
  EXPECT_OK(sapdr_backend_with_fault(&away, inner, &fault, &err));
  EXPECT_OK(sapdr_backend_with_retry(&patient, away, NULL, &err));
  const sapdr_repo_open_options open = open_options();
  EXPECT_OK(sapdr_repo_open(&repo, ctx, patient, &open, &err));
  STARTED(sapdr_check_options, check);
  EXPECT_OK(sapdr_cancel_new(&check.cancel, &err));
  pthread_t thread;
  EXPECT(pthread_create(&thread, NULL, cancel_soon, check.cancel) == 0);
  EXPECT_STATUS(SAPDR_E_CANCELLED, sapdr_check_run(NULL, repo, &check, &err));
  EXPECT(pthread_join(thread, NULL) == 0);
  sapdr_cancel_free(check.cancel);
  sapdr_repo_free(repo);
  sapdr_backend_free(patient);
  sapdr_backend_free(away);
  sapdr_backend_free(inner);
}

/* A table's calls are made again by themselves, if its errors say so. */
static void test_table(sapdr_ctx* ctx) {
  struct memory_store store;
  memory_store_init(&store);
  sapdr_backend_table table = memory_table(&store);
  sapdr_backend *patient, *once;
  STARTED(sapdr_object, config);
  config.type = SAPDR_OBJECT_CONFIG;
  config.name = "";
  EXPECT_OK(sapdr_backend_from_table(&patient, ctx, &table, &err));
  table.no_retry = 1;
  table.free = NULL;
  EXPECT_OK(sapdr_backend_from_table(&once, ctx, &table, &err));
  table.reserved = 1;
  sapdr_backend* none;
  EXPECT_STATUS(SAPDR_E_UNSUPPORTED, sapdr_backend_from_table(&none, ctx, &table, &err));

  store.status = SAPDR_E_NETWORK;
  store.fail_from = 1;
  EXPECT_STATUS(SAPDR_E_NETWORK, sapdr_backend_save(once, &config, "x", 1, &err));
  EXPECT(store.calls == 1);
  store.fail_until = 3;
  EXPECT_OK(sapdr_backend_save(patient, &config, "x", 1, &err));
  EXPECT(store.calls == 3);
  sapdr_backend_free(once);
  sapdr_backend_free(patient);
  memory_store_clear(&store);
}

int main(void) {
  sapdr_ctx* ctx = new_context();
  test_arguments(ctx);
  test_calls(ctx);
  test_flaky_storage();
  test_cancel(ctx);
  test_table(ctx);
  sapdr_ctx_free(ctx);
  return expect_result();
}
