/* The whole main job through the C ABI, in C99: init, open, back up, list, walk, dump, check,
 * verify, restore, stats. Runs in an empty folder, on a repository in memory and on one in a
 * folder. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"

enum { BIG_SIZE = 3 * 1024 * 1024 };
static unsigned char big[BIG_SIZE];
static char source[4096]; /* absolute */

static void make_source(void) {
  uint32_t random = 1;
  for (size_t i = 0; i < BIG_SIZE; ++i) {
    random = random * 1664525U + 1013904223U;
    big[i] = (unsigned char)(random >> 24);
  }
  char here[2048];
  EXPECT(getcwd(here, sizeof here) != NULL);
  snprintf(source, sizeof source, "%s/source", here);
  EXPECT(mkdir("source", 0755) == 0 && mkdir("source/sub", 0750) == 0);
  write_file("source/a.txt", "alpha\n", 6);
  write_file("source/sub/big.bin", big, BIG_SIZE);
  write_file("source/skip.tmp", "x", 1);
  EXPECT(symlink("a.txt", "source/link") == 0);
}

/* Two passwords, two places: what opening says. */
static sapdr_repo* make_repository(sapdr_ctx* ctx, const char* location) {
  sapdr_repo_init_options init = cheap_init();
  sapdr_repo_open_options open = open_options();
  sapdr_backend* backend;
  sapdr_repo* repo;
  EXPECT_OK(sapdr_backend_open(&backend, ctx, location, &err));
  EXPECT_TEXT(location, sapdr_backend_location(backend));
  EXPECT_STATUS(SAPDR_E_NO_REPOSITORY, sapdr_repo_open(&repo, ctx, backend, &open, &err));
  EXPECT(repo == NULL);
  EXPECT_OK(sapdr_repo_init(&repo, ctx, backend, &init, &err));
  char id[65];
  snprintf(id, sizeof id, "%s", sapdr_repo_id(repo));
  EXPECT(strlen(id) == 64);
  sapdr_repo_free(repo);
  EXPECT_STATUS(SAPDR_E_EXISTS, sapdr_repo_init(&repo, ctx, backend, &init, &err));
  open.password_size -= 1;
  EXPECT_STATUS(SAPDR_E_AUTH, sapdr_repo_open(&repo, ctx, backend, &open, &err));
  open.password_size += 1;
  open.compression = SAPDR_COMPRESSION_FASTEST;
  open.pack_size_mib = 4;
  EXPECT_OK(sapdr_repo_open(&repo, ctx, backend, &open, &err));
  EXPECT_TEXT(id, sapdr_repo_id(repo));
  EXPECT_TEXT(location, sapdr_repo_location(repo));
  EXPECT(sapdr_repo_version(repo) == 2);
  sapdr_backend_free(backend);
  if (repo == NULL) exit(expect_result());
  return repo;
}

static void test_backup(sapdr_repo* repo) {
  const char* paths[] = {source};
  const char* tags[] = {"nightly", "models"};
  const char* excludes[] = {"*.tmp"};
  sapdr_backup_options options;
  sapdr_backup_result result;
  SAPDR_INIT(&options);
  SAPDR_INIT(&result);
  options.tags = tags;
  options.n_tags = 2;
  options.excludes = excludes;
  options.n_excludes = 1;
  options.host = "ship";
  options.time_ns = 1700000000000000000;
  options.verify = 1;
  EXPECT_OK(sapdr_backup_run(&result, repo, paths, 1, &options, &err));
  EXPECT(result.struct_size == sizeof result);
  EXPECT(result.state == SAPDR_BACKUP_VERIFIED);
  EXPECT(result.has_snapshot == 1 && result.has_parent == 0);
  EXPECT(result.files_new == 2 && result.files_changed == 0 && result.files_unmodified == 0);
  EXPECT(result.items_failed == 0);
  EXPECT(result.bytes_total == BIG_SIZE + 6 && result.bytes_read == BIG_SIZE + 6);
  EXPECT(result.data_blobs_new > 0 && result.tree_blobs_new > 0 && result.bytes_new > BIG_SIZE);
  EXPECT(result.packs_new > 0 && result.packs_verified == result.packs_new);
  EXPECT(result.elapsed_ns > 0);

  /* Again: nothing is read, nothing new but the snapshot. */
  const sapdr_id first = result.snapshot_id;
  options.time_ns += 1000000000;
  options.verify = 0;
  EXPECT_OK(sapdr_backup_run(&result, repo, paths, 1, &options, &err));
  EXPECT(result.state == SAPDR_BACKUP_WRITTEN);
  EXPECT(result.has_parent == 1);
  EXPECT(memcmp(&result.parent_id, &first, sizeof first) == 0);
  EXPECT(result.files_unmodified == 2 && result.bytes_read == 0 && result.data_blobs_new == 0);

  options.dry_run = 1;
  EXPECT_OK(sapdr_backup_run(&result, repo, paths, 1, &options, &err));
  EXPECT(result.has_snapshot == 0);
  EXPECT_OK(sapdr_backup_run(NULL, repo, paths, 1, &options, NULL));

  const char* missing[] = {"no-such-folder"};
  EXPECT_STATUS(SAPDR_E_NOT_FOUND, sapdr_backup_run(&result, repo, missing, 1, NULL, &err));
  EXPECT(result.state == SAPDR_BACKUP_FAILED && result.has_snapshot == 0);
  EXPECT(result.files_unmodified == 0); /* nothing is left of the run before */
}

static void test_snapshots(sapdr_repo* repo) {
  sapdr_snapshot_list* list;
  EXPECT_OK(sapdr_snapshot_list_new(&list, repo, NULL, &err));
  EXPECT(sapdr_snapshot_list_size(list) == 2);
  EXPECT(sapdr_snapshot_list_at(list, 2) == NULL);
  const sapdr_snapshot* first = sapdr_snapshot_list_at(list, 0);
  const sapdr_snapshot* second = sapdr_snapshot_list_at(list, 1);
  EXPECT(sapdr_snapshot_time_ns(first) == 1700000000000000000);
  EXPECT(sapdr_snapshot_parent_hex(first) == NULL);
  EXPECT_TEXT(sapdr_snapshot_hex(first), sapdr_snapshot_parent_hex(second));
  EXPECT(strlen(sapdr_snapshot_tree_hex(first)) == 64);
  EXPECT(sapdr_snapshot_verified_ns(first) > 0); /* proven right after the first run */
  char prefix[9];
  snprintf(prefix, sizeof prefix, "%s", sapdr_snapshot_hex(first));
  sapdr_snapshot* found;
  EXPECT_OK(sapdr_snapshot_get(&found, repo, prefix, NULL, &err));
  const sapdr_id a = sapdr_snapshot_id(first), b = sapdr_snapshot_id(found);
  EXPECT(memcmp(&a, &b, sizeof a) == 0);
  EXPECT_TEXT("ship", sapdr_snapshot_host(found));
  EXPECT(sapdr_snapshot_user(found)[0] != '\0');
  EXPECT(sapdr_snapshot_program(found)[0] != '\0');
  EXPECT(sapdr_snapshot_n_paths(found) == 1);
  EXPECT_TEXT(source, sapdr_snapshot_path(found, 0));
  EXPECT_TEXT("", sapdr_snapshot_path(found, 1));
  EXPECT(sapdr_snapshot_n_tags(found) == 2);
  EXPECT_TEXT("models", sapdr_snapshot_tag(found, 1));
  EXPECT_TEXT("", sapdr_snapshot_tag(found, 2));
  EXPECT(sapdr_snapshot_files(found) == 2);
  EXPECT(sapdr_snapshot_bytes(found) == BIG_SIZE + 6);
  EXPECT(sapdr_snapshot_verified_ns(found) == sapdr_snapshot_verified_ns(first));
  sapdr_snapshot_free(found);
  sapdr_snapshot_list_free(list);

  const char *tags[] = {"nightly"}, *hosts[] = {"boat", "ship"}, *paths[] = {source};
  sapdr_snapshot_filter filter;
  SAPDR_INIT(&filter);
  filter.tags = tags;
  filter.n_tags = 1;
  filter.hosts = hosts;
  filter.n_hosts = 2;
  filter.paths = paths;
  filter.n_paths = 1;
  EXPECT_OK(sapdr_snapshot_get(&found, repo, "latest", &filter, &err));
  EXPECT(sapdr_snapshot_time_ns(found) == 1700000001000000000);
  sapdr_snapshot_free(found);
  filter.n_hosts = 1;
  EXPECT_STATUS(SAPDR_E_NOT_FOUND, sapdr_snapshot_get(&found, repo, "latest", &filter, &err));
  EXPECT_STATUS(SAPDR_E_NOT_FOUND, sapdr_snapshot_get(&found, repo, "zz", NULL, &err));
  EXPECT_STATUS(SAPDR_E_NOT_FOUND, sapdr_snapshot_get(&found, repo, "latest:/none", NULL, &err));
  EXPECT(found == NULL);
}

static void test_walk(sapdr_repo* repo) {
  static const char* const names[] = {"/a.txt", "/link", "/sub", "/sub/big.bin"};
  static const int32_t types[] = {SAPDR_NODE_FILE, SAPDR_NODE_SYMLINK, SAPDR_NODE_DIR,
                                  SAPDR_NODE_FILE};
  char name[4200];
  snprintf(name, sizeof name, "latest:%s", source);
  sapdr_walk* walk;
  const sapdr_node* node;
  EXPECT_OK(sapdr_walk_new(&walk, repo, name, NULL, NULL, &err));
  EXPECT_TEXT("ship", sapdr_snapshot_host(sapdr_walk_snapshot(walk)));
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_OK(sapdr_walk_next(&node, walk, &err));
    EXPECT(node != NULL);
    if (node == NULL) break;
    EXPECT_TEXT(names[i], node->path);
    EXPECT(node->path_size == strlen(names[i]) && node->type == types[i]);
    EXPECT(node->mtime_ns > 0 && node->uid == (uint32_t)getuid());
    EXPECT((node->type == SAPDR_NODE_SYMLINK) == (node->link_target != NULL));
    if (i == 1) EXPECT_TEXT("a.txt", node->link_target);
    if (i == 2) EXPECT(node->mode == 0750);
    if (i == 3) EXPECT(node->size == BIG_SIZE && node->n_blobs > 0);
  }
  EXPECT_OK(sapdr_walk_next(&node, walk, &err));
  EXPECT(node == NULL);
  sapdr_walk_free(walk);

  const char* wanted[] = {"/sub/none"};
  sapdr_walk_options options;
  SAPDR_INIT(&options);
  options.paths = wanted;
  options.n_paths = 1;
  EXPECT_STATUS(SAPDR_E_NOT_FOUND, sapdr_walk_new(&walk, repo, name, NULL, &options, &err));
  EXPECT(walk == NULL);
}

struct bytes {
  size_t size;
  int same;
};

static sapdr_status compare_with_big(void* user, const void* data, size_t size,
                                     sapdr_error** error) {
  struct bytes* seen = user;
  (void)error;
  seen->same &= seen->size + size <= BIG_SIZE && memcmp(big + seen->size, data, size) == 0;
  seen->size += size;
  return SAPDR_OK;
}

static void test_dump(sapdr_repo* repo) {
  char path[4200];
  snprintf(path, sizeof path, "%s/sub/big.bin", source);
  struct bytes seen = {0, 1};
  EXPECT_OK(sapdr_dump_run(repo, "latest", NULL, path, compare_with_big, &seen, NULL, &err));
  EXPECT(seen.same && seen.size == BIG_SIZE);
  EXPECT_INVALID(sapdr_dump_run(repo, "latest", NULL, source, compare_with_big, &seen, NULL, &err));
  EXPECT_STATUS(SAPDR_E_NOT_FOUND,
                sapdr_dump_run(repo, "latest", NULL, "/x", compare_with_big, &seen, NULL, &err));
}

static void test_check_and_stats(sapdr_repo* repo) {
  sapdr_check_options options;
  sapdr_check_result checked;
  SAPDR_INIT(&options);
  SAPDR_INIT(&checked);
  EXPECT_OK(sapdr_check_run(&checked, repo, NULL, &err));
  EXPECT(checked.snapshots == 2 && checked.packs > 0 && checked.packs_read == 0);
  options.read_data_subset = "1/1";
  EXPECT_OK(sapdr_check_run(&checked, repo, &options, &err));
  EXPECT(checked.packs_read == checked.packs && checked.bytes_read > BIG_SIZE);
  EXPECT(checked.problems == 0 && checked.trees > 0 && checked.elapsed_ns > 0);
  options.read_data_subset = "half of it";
  EXPECT_INVALID(sapdr_check_run(&checked, repo, &options, &err));

  sapdr_stats_result stats;
  SAPDR_INIT(&stats);
  EXPECT_OK(sapdr_stats_run(&stats, repo, NULL, NULL, NULL, &err));
  EXPECT(stats.snapshots == 2 && stats.files == 4 && stats.restore_bytes == 2 * (BIG_SIZE + 6));
  EXPECT(stats.blobs > 0 && stats.plain_bytes > BIG_SIZE && stats.repository_bytes > BIG_SIZE);
  char folder[4200];
  snprintf(folder, sizeof folder, "latest:%s/sub", source);
  EXPECT_OK(sapdr_stats_run(&stats, repo, folder, NULL, NULL, &err));
  EXPECT(stats.snapshots == 1 && stats.files == 1 && stats.restore_bytes == BIG_SIZE);
}

static void test_verify_and_restore(sapdr_repo* repo) {
  char name[4200];
  snprintf(name, sizeof name, "latest:%s", source);
  sapdr_restore_options options;
  sapdr_restore_stats planned, done;
  sapdr_verify_result verified;
  sapdr_restore_plan* plan;
  SAPDR_INIT(&options);
  SAPDR_INIT(&planned);
  SAPDR_INIT(&done);
  SAPDR_INIT(&verified);
  options.verify = 1;
  EXPECT_OK(sapdr_restore_plan_new(&plan, repo, name, NULL, "target", &options, &err));
  EXPECT(access("target", F_OK) != 0); /* a plan touches nothing */
  EXPECT_OK(sapdr_restore_plan_stats(plan, &planned, &err));
  EXPECT(planned.files == 2 && planned.bytes == BIG_SIZE + 6 && planned.bytes_fetched == 0);
  EXPECT_TEXT("ship", sapdr_snapshot_host(sapdr_restore_plan_snapshot(plan)));
  EXPECT(sapdr_restore_plan_target(plan)[0] == '/');
  EXPECT_OK(sapdr_restore_plan_run(&done, plan, &err));
  EXPECT(done.files == 2 && done.dirs == 1 && done.others == 1 && done.items_failed == 0);
  EXPECT(done.bytes == BIG_SIZE + 6 && done.bytes_verified == done.bytes && done.packs > 0);
  EXPECT_STATUS(SAPDR_E_INVALID_STATE, sapdr_restore_plan_run(NULL, plan, &err));
  sapdr_restore_plan_free(plan);
  EXPECT(file_is("target/sub/big.bin", big, BIG_SIZE) && file_is("target/a.txt", "alpha\n", 6));

  EXPECT_OK(sapdr_verify_run(&verified, repo, name, NULL, "target", NULL, &err));
  EXPECT(verified.files == 2 && verified.bytes == BIG_SIZE + 6 && verified.differing == 0);
  write_file("target/a.txt", "alphb\n", 6);
  EXPECT(remove("target/link") == 0);
  EXPECT_STATUS(SAPDR_E_CHECKSUM,
                sapdr_verify_run(&verified, repo, name, NULL, "target", NULL, &err));
  EXPECT(verified.differing == 1 && verified.missing == 1);

  /* Only what was damaged is written again. */
  EXPECT_OK(sapdr_restore_plan_new(&plan, repo, name, NULL, "target", NULL, &err));
  EXPECT_OK(sapdr_restore_plan_run(&done, plan, &err));
  EXPECT(done.files == 1 && done.files_unchanged == 1 && done.others == 1);
  sapdr_restore_plan_free(plan);
  EXPECT_OK(sapdr_verify_run(NULL, repo, name, NULL, "target", NULL, &err));

  const char* includes[] = {"no-such-file"};
  options.includes = includes;
  options.n_includes = 1;
  EXPECT_STATUS(SAPDR_E_NOT_FOUND,
                sapdr_restore_plan_new(&plan, repo, name, NULL, "target", &options, &err));
  EXPECT(plan == NULL);
}

static void test_tag(sapdr_repo* repo) {
  const char *add[] = {"kept"}, *gone[] = {"nightly"}, *none[] = {""};
  const char* names[] = {"latest"};
  sapdr_tag_options options;
  sapdr_tag_result result;
  SAPDR_INIT(&options);
  SAPDR_INIT(&result);
  options.add = add;
  options.n_add = 1;
  options.remove = gone;
  options.n_remove = 1;
  EXPECT_OK(sapdr_tag_run(&result, repo, NULL, 0, NULL, &options, &err));
  EXPECT(result.changed == 2 && result.unchanged == 0 && result.elapsed_ns > 0);
  EXPECT_OK(sapdr_tag_run(&result, repo, NULL, 0, NULL, &options, &err));
  EXPECT(result.changed == 0 && result.unchanged == 2);
  sapdr_snapshot_list* list;
  EXPECT_OK(sapdr_snapshot_list_new(&list, repo, NULL, &err));
  EXPECT(sapdr_snapshot_list_size(list) == 2);
  const sapdr_snapshot* first = sapdr_snapshot_list_at(list, 0);
  EXPECT(sapdr_snapshot_n_tags(first) == 2 && sapdr_snapshot_verified_ns(first) > 0);
  EXPECT_TEXT("models", sapdr_snapshot_tag(first, 0));
  EXPECT_TEXT("kept", sapdr_snapshot_tag(first, 1));
  sapdr_snapshot_list_free(list);

  sapdr_snapshot* latest;
  SAPDR_INIT(&options);
  options.set = none;
  options.n_set = 1;
  EXPECT_OK(sapdr_tag_run(&result, repo, names, 1, NULL, &options, &err));
  EXPECT(result.changed == 1);
  EXPECT_OK(sapdr_snapshot_get(&latest, repo, "latest", NULL, &err));
  EXPECT(sapdr_snapshot_n_tags(latest) == 0);
  sapdr_snapshot_free(latest);
  names[0] = "zz";
  EXPECT_STATUS(SAPDR_E_NOT_FOUND, sapdr_tag_run(NULL, repo, names, 1, NULL, &options, &err));
}

static int32_t count_id(void* user, const char* id, uint64_t size) {
  EXPECT(strlen(id) == 64 && size > 0);
  ++*(int*)user;
  return 0;
}

static void test_objects(sapdr_repo* repo) {
  static const char* const types[] = {"key", "snapshot", "index", "pack", "blob"};
  for (size_t i = 0; i < sizeof types / sizeof *types; ++i) {
    int n = 0;
    EXPECT_OK(sapdr_repo_list(repo, types[i], count_id, &n, &err));
    EXPECT(n > 0);
  }
  int locks = 0;
  EXPECT_OK(sapdr_repo_list(repo, "lock", count_id, &locks, &err));
  EXPECT(locks == 0); /* every operation removed its own; looking at them takes none */
  EXPECT_INVALID(sapdr_repo_list(repo, "weather", count_id, &locks, &err));

  sapdr_buffer* buffer;
  EXPECT_OK(sapdr_repo_cat(&buffer, repo, "config", NULL, &err));
  EXPECT(sapdr_buffer_size(buffer) > 64);
  EXPECT(memcmp("{", sapdr_buffer_data(buffer), 1) == 0);
  sapdr_buffer_free(buffer);
  EXPECT_OK(sapdr_repo_cat(&buffer, repo, "masterkey", NULL, &err));
  sapdr_buffer_free(buffer);
  EXPECT_STATUS(SAPDR_E_NOT_FOUND, sapdr_repo_cat(&buffer, repo, "snapshot", "zz", &err));
  EXPECT(buffer == NULL);

  uint64_t removed = 7;
  EXPECT_OK(sapdr_repo_unlock(repo, 0, &removed, &err));
  EXPECT(removed == 0);
  EXPECT_OK(sapdr_repo_unlock(repo, 1, NULL, &err));
}

static void test_main_job(const char* location) {
  fprintf(stderr, "a repository at %s\n", location);
  sapdr_ctx* ctx = new_context();
  sapdr_repo* repo = make_repository(ctx, location);
  sapdr_ctx_free(ctx); /* handles keep what they need */
  test_backup(repo);
  test_snapshots(repo);
  test_walk(repo);
  test_dump(repo);
  test_check_and_stats(repo);
  test_verify_and_restore(repo);
  test_tag(repo);
  test_objects(repo);
  sapdr_repo_free(repo);
  EXPECT(system("rm -rf target") == 0);
}

int main(void) {
  make_source();
  test_main_job("memory:");
  test_main_job("repository");
  return expect_result();
}
