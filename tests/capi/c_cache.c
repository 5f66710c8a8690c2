/* Caches through the C ABI: storage in C with one around it, listing and removing them, forks, and
 * arguments that make no sense. */
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "memory_table.h"
#include "sizes.h"

static const char* const paths[] = {"f"};

/* A repository on `store` with a cache in the folder "cache". */
static sapdr_repo* open_cached(sapdr_ctx* ctx, sapdr_backend* backend, uint64_t size) {
  sapdr_repo* repo;
  sapdr_repo_open_options options = open_options();
  options.cache_dir = "cache";
  options.cache_size = size;
  EXPECT_OK(sapdr_repo_open(&repo, ctx, backend, &options, &err));
  return repo;
}

/* How many caches there are; `bytes` is told of the first. */
static size_t caches(sapdr_ctx* ctx, const char* dir, const char* id, uint64_t* bytes) {
  sapdr_cache_list* list;
  EXPECT_OK(sapdr_cache_list_new(&list, ctx, dir, &err));
  const size_t n = sapdr_cache_list_size(list);
  const sapdr_cache* first = sapdr_cache_list_at(list, 0);
  *bytes = first == NULL ? 0 : first->bytes;
  if (first != NULL) {
    EXPECT(first->struct_size == sizeof *first && first->used_ns > 0);
    EXPECT_TEXT(id, first->repository_id);
  }
  EXPECT(sapdr_cache_list_at(list, n) == NULL);
  sapdr_cache_list_free(list);
  return n;
}

static void test_a_cache(sapdr_ctx* ctx, sapdr_backend* backend, struct memory_store* store) {
  uint64_t bytes;
  int calls, without, with;
  sapdr_cache_list* removed;
  EXPECT(caches(ctx, "cache", "", &bytes) == 0);
  sapdr_repo* repo = open_cached(ctx, backend, 0);
  EXPECT_OK(sapdr_backup_run(NULL, repo, paths, 1, NULL, &err));
  EXPECT(caches(ctx, "cache", sapdr_repo_id(repo), &bytes) == 1 && bytes > 0);
  sapdr_repo_free(repo);

  const sapdr_repo_open_options plain = open_options();
  EXPECT_OK(sapdr_repo_open(&repo, ctx, backend, &plain, &err));
  calls = store->calls;
  EXPECT(n_snapshots(repo) == 1);
  without = store->calls - calls;
  sapdr_repo_free(repo);
  repo = open_cached(ctx, backend, 0);
  calls = store->calls;
  EXPECT(n_snapshots(repo) == 1);
  with = store->calls - calls;
  EXPECT(with == without - 2); /* size and content of the snapshot */

  EXPECT_OK(sapdr_cache_remove(&removed, ctx, "cache", INT64_C(3600000000000), &err));
  EXPECT(sapdr_cache_list_size(removed) == 0);
  sapdr_cache_list_free(removed);
  EXPECT_OK(sapdr_cache_remove(&removed, ctx, "cache", 0, &err));
  EXPECT(sapdr_cache_list_size(removed) == 1);
  EXPECT_TEXT(sapdr_repo_id(repo), sapdr_cache_list_at(removed, 0)->repository_id);
  sapdr_cache_list_free(removed);
  EXPECT_OK(sapdr_cache_remove(NULL, ctx, "cache", 0, &err));
  EXPECT(n_snapshots(repo) == 1); /* goes on without it */
  EXPECT_OK(sapdr_backup_run(NULL, repo, paths, 1, NULL, &err));
  EXPECT_OK(sapdr_check_run(NULL, repo, NULL, &err));
  sapdr_repo_free(repo);
  EXPECT(caches(ctx, "cache", "", &bytes) == 0);

  repo = open_cached(ctx, backend, 1);
  EXPECT(n_snapshots(repo) == 2);
  EXPECT(caches(ctx, "cache", sapdr_repo_id(repo), &bytes) == 1 && bytes == 0);
  sapdr_repo_free(repo);
}

/* The child frees what it has, and the parent's cache is as before. */
static void test_fork(sapdr_ctx* ctx, sapdr_backend* backend) {
  uint64_t bytes;
  int status;
  sapdr_repo* repo = open_cached(ctx, backend, 0);
  EXPECT(n_snapshots(repo) == 2);
  const pid_t child = fork();
  if (child == 0) {
    sapdr_snapshot_list* snapshots;
    sapdr_cache_list* list;
    EXPECT_STATUS(SAPDR_E_INVALID_STATE, sapdr_snapshot_list_new(&snapshots, repo, NULL, &err));
    EXPECT_STATUS(SAPDR_E_INVALID_STATE, sapdr_cache_list_new(&list, ctx, "cache", &err));
    EXPECT_STATUS(SAPDR_E_INVALID_STATE, sapdr_cache_remove(NULL, ctx, "cache", 0, &err));
    sapdr_repo_free(repo);
    _exit(expect_result());
  }
  EXPECT(waitpid(child, &status, 0) == child && status == 0);
  EXPECT(caches(ctx, "cache", sapdr_repo_id(repo), &bytes) == 1 && bytes > 0);
  EXPECT(n_snapshots(repo) == 2);
  sapdr_repo_free(repo);
}

static void test_arguments(sapdr_ctx* ctx, sapdr_backend* backend) {
  sapdr_cache_list* list;
  sapdr_repo* repo;
  EXPECT_INVALID(sapdr_cache_list_new(NULL, ctx, "cache", &err));
  EXPECT_INVALID(sapdr_cache_list_new(&list, NULL, "cache", &err));
  EXPECT_INVALID(sapdr_cache_list_new(&list, ctx, NULL, &err));
  EXPECT_INVALID(sapdr_cache_list_new(&list, ctx, "", &err));
  EXPECT_INVALID(sapdr_cache_remove(&list, NULL, "cache", 0, &err));
  EXPECT_INVALID(sapdr_cache_remove(&list, ctx, NULL, 0, &err));
  EXPECT_INVALID(sapdr_cache_remove(&list, ctx, "", 0, &err));
  EXPECT_INVALID(sapdr_cache_remove(&list, ctx, "cache", -1, &err));
  EXPECT(list == NULL);
  write_file("file", "x", 1);
  EXPECT(sapdr_cache_list_new(&list, ctx, "file", &err) != SAPDR_OK && list == NULL);
  sapdr_error_free(err);
  err = NULL;
  EXPECT(sapdr_cache_list_size(NULL) == 0 && sapdr_cache_list_at(NULL, 0) == NULL);
  sapdr_cache_list_free(NULL);
  sapdr_repo_open_options options = open_options();
  options.cache_dir = "";
  EXPECT_INVALID(sapdr_repo_open(&repo, ctx, backend, &options, &err));
  options.cache_dir = "file"; /* logged; works without */
  EXPECT_OK(sapdr_repo_open(&repo, ctx, backend, &options, &err));
  EXPECT(n_snapshots(repo) == 2);
  sapdr_repo_free(repo);
}

static void test_local_storage_has_none(sapdr_ctx* ctx) {
  sapdr_backend* local;
  sapdr_repo* repo;
  struct stat st;
  const sapdr_repo_init_options init = cheap_init();
  sapdr_repo_open_options options = open_options();
  EXPECT_OK(sapdr_backend_open(&local, ctx, "repo", &err));
  EXPECT_OK(sapdr_repo_init(&repo, ctx, local, &init, &err));
  sapdr_repo_free(repo);
  options.cache_dir = "never";
  EXPECT_OK(sapdr_repo_open(&repo, ctx, local, &options, &err));
  EXPECT_OK(sapdr_backup_run(NULL, repo, paths, 1, NULL, &err));
  EXPECT(stat("never", &st) != 0);
  sapdr_repo_free(repo);
  sapdr_backend_free(local);
}

int main(void) {
  struct memory_store store;
  sapdr_ctx* ctx = new_context();
  sapdr_backend* backend;
  sapdr_repo* repo;
  const sapdr_repo_init_options init = cheap_init();
  memory_store_init(&store);
  const sapdr_backend_table table = memory_table(&store);
  write_file("f", "content", 7);
  EXPECT_OK(sapdr_backend_from_table(&backend, ctx, &table, &err));
  EXPECT_OK(sapdr_repo_init(&repo, ctx, backend, &init, &err));
  sapdr_repo_free(repo);
  test_a_cache(ctx, backend, &store);
  test_fork(ctx, backend);
  test_arguments(ctx, backend);
  test_local_storage_has_none(ctx);
  sapdr_backend_free(backend);
  sapdr_ctx_free(ctx);
  EXPECT(store.freed == 1);
  memory_store_clear(&store);
  return expect_result();
}
