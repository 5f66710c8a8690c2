/* Stopping: from another thread, by a callback, by fork. The repository stays right. */
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fixture.h"

/* A stream without an end; `turns` tells another thread that it is being read. */
struct endless {
  pthread_mutex_t mutex;
  pthread_cond_t has_turned;
  uint32_t turns;
  sapdr_cancel* cancel;
};

static sapdr_status read_endless(void* user, void* buffer, size_t capacity, size_t* size,
                                 sapdr_error** error) {
  struct endless* endless = user;
  (void)error;
  pthread_mutex_lock(&endless->mutex);
  const uint32_t turn = ++endless->turns;
  pthread_cond_signal(&endless->has_turned);
  pthread_mutex_unlock(&endless->mutex);
  memset(buffer, (int)(turn & 0xff), capacity);
  *size = capacity;
  return SAPDR_OK;
}

static void* cancel_in_the_middle(void* user) {
  struct endless* endless = user;
  pthread_mutex_lock(&endless->mutex);
  while (endless->turns < 4) pthread_cond_wait(&endless->has_turned, &endless->mutex);
  pthread_mutex_unlock(&endless->mutex);
  sapdr_cancel_trigger(endless->cancel);
  return NULL;
}

static void test_cancel(sapdr_repo* repo) {
  struct endless endless = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, NULL};
  EXPECT_OK(sapdr_cancel_new(&endless.cancel, &err));
  EXPECT(sapdr_cancel_is_triggered(endless.cancel) == 0);
  sapdr_stream stream;
  sapdr_backup_options options;
  sapdr_backup_result result;
  SAPDR_INIT(&stream);
  SAPDR_INIT(&options);
  SAPDR_INIT(&result);
  stream.path = "/endless";
  stream.read = read_endless;
  stream.user = &endless;
  options.cancel = endless.cancel;
  pthread_t thread;
  EXPECT(pthread_create(&thread, NULL, cancel_in_the_middle, &endless) == 0);
  EXPECT_STATUS(SAPDR_E_CANCELLED, sapdr_backup_streams(&result, repo, &stream, 1, &options, &err));
  EXPECT(pthread_join(thread, NULL) == 0);
  EXPECT(result.state == SAPDR_BACKUP_FAILED && result.has_snapshot == 0);
  EXPECT(sapdr_cancel_is_triggered(endless.cancel) == 1);

  /* Still triggered: nothing runs with it. After a reset, all does. */
  sapdr_stats_result stats;
  SAPDR_INIT(&stats);
  EXPECT(n_snapshots(repo) == 0);
  sapdr_check_options check;
  SAPDR_INIT(&check);
  check.cancel = endless.cancel;
  EXPECT_STATUS(SAPDR_E_CANCELLED, sapdr_check_run(NULL, repo, &check, &err));
  sapdr_cancel_reset(endless.cancel);
  EXPECT(sapdr_cancel_is_triggered(endless.cancel) == 0);
  EXPECT_OK(sapdr_check_run(NULL, repo, &check, &err));
  EXPECT_OK(sapdr_stats_run(&stats, repo, NULL, NULL, endless.cancel, &err));
  sapdr_cancel_free(endless.cancel);
}

/* What an observer saw; its calls never overlap. */
struct watch {
  pthread_mutex_t running;
  int calls, finals, calls_after_final, items;
  int stop_at_call; /* 0: never */
  int stop_at_item;
  char last_path[64];
};

static int32_t on_progress(void* user, const sapdr_progress* progress) {
  struct watch* watch = user;
  EXPECT(pthread_mutex_trylock(&watch->running) == 0);
  EXPECT(progress->struct_size == sizeof *progress);
  if (watch->finals > 0) ++watch->calls_after_final;
  if (progress->is_final) ++watch->finals;
  ++watch->calls;
  pthread_mutex_unlock(&watch->running);
  return watch->stop_at_call != 0 && watch->calls >= watch->stop_at_call;
}

static int32_t on_item(void* user, const sapdr_item* item) {
  struct watch* watch = user;
  EXPECT(pthread_mutex_trylock(&watch->running) == 0);
  EXPECT(item->struct_size == sizeof *item);
  ++watch->items;
  if (item->path != NULL) snprintf(watch->last_path, sizeof watch->last_path, "%s", item->path);
  pthread_mutex_unlock(&watch->running);
  return watch->stop_at_item != 0 && watch->items >= watch->stop_at_item;
}

/* Backs up the folder "files" and tells the watch. */
static sapdr_status watched_backup(sapdr_repo* repo, struct watch* watch) {
  static const char* const paths[] = {"files"};
  sapdr_observer observer;
  sapdr_backup_options options;
  SAPDR_INIT(&observer);
  SAPDR_INIT(&options);
  observer.user = watch;
  observer.on_progress = on_progress;
  observer.on_item = on_item;
  observer.min_interval_ms = 1;
  options.observer = &observer;
  return sapdr_backup_run(NULL, repo, paths, 1, &options, &err);
}

static void test_observer(sapdr_repo* repo) {
  EXPECT(mkdir("files", 0700) == 0);
  write_file("files/one", "1", 1);
  write_file("files/two", "2", 1);
  const size_t before = n_snapshots(repo);
  struct watch watch = {PTHREAD_MUTEX_INITIALIZER, 0, 0, 0, 0, 1, 0, ""};
  EXPECT_STATUS(SAPDR_E_CALLBACK, watched_backup(repo, &watch));
  EXPECT(watch.finals == 1 && watch.calls_after_final == 0);

  struct watch at_item = {PTHREAD_MUTEX_INITIALIZER, 0, 0, 0, 0, 0, 1, ""};
  EXPECT_STATUS(SAPDR_E_CALLBACK, watched_backup(repo, &at_item));
  EXPECT(at_item.items == 1 && at_item.finals == 1);
  EXPECT(n_snapshots(repo) == before);

  struct watch to_end = {PTHREAD_MUTEX_INITIALIZER, 0, 0, 0, 0, 0, 0, ""};
  EXPECT_OK(watched_backup(repo, &to_end));
  EXPECT(to_end.items > 0 && to_end.finals == 1 && to_end.calls_after_final == 0);
  EXPECT(to_end.last_path[0] != '\0');
}

/* In the child of a fork nothing works, nothing hangs, and freeing leaves the parent's lock. */
static int use_in_child(sapdr_ctx* ctx, sapdr_repo* repo, sapdr_walk* walk, sapdr_file* file,
                        sapdr_restore_plan* plan, sapdr_forget_plan* forget,
                        sapdr_prune_plan* prune) {
  sapdr_backend* backend;
  char byte;
  size_t size;
  const sapdr_node* node;
  sapdr_restore_stats stats;
  sapdr_forget_decision decision;
  sapdr_prune_stats pruned;
  SAPDR_INIT(&stats);
  SAPDR_INIT(&decision);
  SAPDR_INIT(&pruned);
  expect_failures = 0;
  EXPECT_STATUS(SAPDR_E_INVALID_STATE, sapdr_backend_open(&backend, ctx, "memory:", &err));
  EXPECT_STATUS(SAPDR_E_INVALID_STATE, sapdr_manifest_write(NULL, ctx, ".", "new", NULL, &err));
  EXPECT_STATUS(SAPDR_E_INVALID_STATE, sapdr_check_run(NULL, repo, NULL, &err));
  EXPECT_STATUS(SAPDR_E_INVALID_STATE, sapdr_repo_unlock(repo, 1, NULL, &err));
  EXPECT_STATUS(SAPDR_E_INVALID_STATE, sapdr_walk_next(&node, walk, &err));
  EXPECT_STATUS(SAPDR_E_INVALID_STATE, sapdr_file_read(file, 0, &byte, 1, &size, &err));
  EXPECT_STATUS(SAPDR_E_INVALID_STATE, sapdr_restore_plan_stats(plan, &stats, &err));
  EXPECT_STATUS(SAPDR_E_INVALID_STATE, sapdr_restore_plan_run(NULL, plan, &err));
  EXPECT_STATUS(SAPDR_E_INVALID_STATE, sapdr_forget_plan_at(forget, 0, &decision, &err));
  EXPECT_STATUS(SAPDR_E_INVALID_STATE, sapdr_forget_plan_run(NULL, forget, &err));
  EXPECT_STATUS(SAPDR_E_INVALID_STATE, sapdr_prune_plan_stats(prune, &pruned, &err));
  EXPECT_STATUS(SAPDR_E_INVALID_STATE, sapdr_prune_plan_run(NULL, prune, &err));
  sapdr_walk_free(walk);
  sapdr_file_free(file);
  sapdr_restore_plan_free(plan);
  sapdr_forget_plan_free(forget);
  sapdr_prune_plan_free(prune);
  sapdr_repo_free(repo);
  sapdr_ctx_free(ctx);
  return expect_failures;
}

static int32_t count(void* user, const char* id, uint64_t size) {
  (void)id, (void)size;
  ++*(int*)user;
  return 0;
}

static void test_fork(sapdr_ctx* ctx) {
  const sapdr_repo_init_options init = cheap_init();
  sapdr_backend* backend;
  sapdr_repo* repo;
  sapdr_walk* walk;
  sapdr_file* file;
  sapdr_restore_plan* plan;
  EXPECT_OK(sapdr_backend_open(&backend, ctx, "repository", &err));
  EXPECT_OK(sapdr_repo_init(&repo, ctx, backend, &init, &err));
  struct watch watch = {PTHREAD_MUTEX_INITIALIZER, 0, 0, 0, 0, 0, 0, ""};
  EXPECT_OK(watched_backup(repo, &watch));
  EXPECT_OK(sapdr_walk_new(&walk, repo, "latest", NULL, NULL, &err));
  EXPECT_OK(sapdr_file_open(&file, repo, "latest", NULL, "/files/one", NULL, &err));
  EXPECT_OK(sapdr_restore_plan_new(&plan, repo, "latest", NULL, "target", NULL, &err));
  sapdr_forget_plan* forget;
  sapdr_forget_options keep;
  SAPDR_INIT(&keep);
  keep.keep_last = 1;
  EXPECT_OK(sapdr_forget_plan_new(&forget, repo, NULL, &keep, &err));
  sapdr_prune_plan* prune;
  EXPECT_OK(sapdr_prune_plan_new(&prune, repo, NULL, &err));
  const pid_t child = fork();
  if (child == 0) _exit(use_in_child(ctx, repo, walk, file, plan, forget, prune));
  int status = -1;
  EXPECT(waitpid(child, &status, 0) == child && status == 0);

  int locks = 0;
  EXPECT_OK(sapdr_repo_list(repo, "lock", count, &locks, &err));
  EXPECT(locks == 5);
  sapdr_walk_free(walk);
  sapdr_file_free(file);
  sapdr_restore_plan_free(plan);
  sapdr_forget_plan_free(forget);
  sapdr_prune_plan_free(prune);
  locks = 0;
  EXPECT_OK(sapdr_repo_list(repo, "lock", count, &locks, &err));
  EXPECT(locks == 0);
  sapdr_repo_free(repo);
  sapdr_backend_free(backend);
}

int main(void) {
  sapdr_ctx* ctx = new_context();
  sapdr_repo* repo = new_repository(ctx);
  test_cancel(repo);
  test_observer(repo);
  sapdr_repo_free(repo);
  test_fork(ctx);
  sapdr_ctx_free(ctx);
  return expect_result();
}
