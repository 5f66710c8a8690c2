/* Looking into snapshots through the C ABI: diff, find. Bad arguments, results, callbacks. */
#include <stdio.h>
#include <sys/stat.h>

#include "sizes.h"

static void back_up(sapdr_repo* repo) {
  static const char* const paths[] = {"files"};
  EXPECT_OK(sapdr_backup_run(NULL, repo, paths, 1, NULL, &err));
}

/* The two snapshots that the tests look into. */
static void make_snapshots(sapdr_repo* repo, char ids[2][65]) {
  EXPECT(mkdir("files", 0755) == 0 && mkdir("files/folder", 0755) == 0);
  write_file("files/a", "alpha", 5);
  write_file("files/b", "beta", 4);
  write_file("files/folder/c", "gamma", 5);
  back_up(repo);
  write_file("files/b", "other", 5);
  write_file("files/folder/d", "delta", 5);
  EXPECT(remove("files/a") == 0);
  back_up(repo);
  sapdr_snapshot_list* list;
  EXPECT_OK(sapdr_snapshot_list_new(&list, repo, NULL, &err));
  EXPECT(sapdr_snapshot_list_size(list) == 2);
  for (size_t i = 0; i < 2; ++i) {
    snprintf(ids[i], 65, "%s", sapdr_snapshot_hex(sapdr_snapshot_list_at(list, i)));
  }
  sapdr_snapshot_list_free(list);
}

/* What a callback saw, and when it stops. */
struct seen {
  char lines[256];
  int calls, stop_at_call;
};

static int32_t on_difference(void* user, const sapdr_difference* difference) {
  struct seen* seen = user;
  const sapdr_node* node = difference->after != NULL ? difference->after : difference->before;
  EXPECT(difference->struct_size == sizeof *difference && node->struct_size == sizeof *node);
  EXPECT(difference->path_size == strlen(difference->path));
  EXPECT_TEXT(difference->path, node->path);
  strcat(seen->lines, sapdr_diff_modifier(difference->change));
  strcat(seen->lines, difference->path);
  return ++seen->calls == seen->stop_at_call;
}

static void test_diff(sapdr_repo* repo, char ids[2][65]) {
  struct seen seen = {"", 0, 0};
  STARTED(sapdr_diff_options, options);
  STARTED(sapdr_diff_result, result);
  EXPECT_OK(sapdr_diff_run(&result, repo, ids[0], ids[1], NULL, on_difference, &seen, NULL, &err));
  EXPECT_TEXT("-/files/aM/files/b+/files/folder/d", seen.lines);
  EXPECT(result.files_new == 1 && result.files_removed == 1 && result.files_changed == 1);
  EXPECT(result.dirs_new == 0 && result.dirs_removed == 0);
  EXPECT(result.others_new == 0 && result.others_removed == 0);
  EXPECT(result.data_blobs_new == 2 && result.data_blobs_removed == 2);
  EXPECT(result.tree_blobs_new == 3 && result.tree_blobs_removed == 3);
  EXPECT(result.bytes_new > 10 && result.bytes_removed > 9);
  EXPECT(result.failed == 0 && result.elapsed_ns > 0);
  EXPECT(memcmp(&result.before_id, &result.after_id, sizeof result.after_id) != 0);

  options.metadata = 1;
  options.no_blobs = 1;
  seen = (struct seen){"", 0, 0};
  EXPECT_OK(
      sapdr_diff_run(&result, repo, ids[0], "latest", NULL, on_difference, &seen, &options, &err));
  EXPECT_TEXT("U/files-/files/aM/files/bU/files/folder+/files/folder/d", seen.lines);
  EXPECT(result.data_blobs_new == 0 && result.bytes_new == 0);

  EXPECT_OK(sapdr_diff_run(NULL, repo, "latest:/files/folder", "latest:/files/folder", NULL, NULL,
                           NULL, NULL, NULL));
  seen = (struct seen){"", 0, 1};
  EXPECT_STATUS(SAPDR_E_CALLBACK, sapdr_diff_run(&result, repo, ids[0], ids[1], NULL, on_difference,
                                                 &seen, NULL, &err));
  EXPECT(seen.calls == 1);
  sapdr_cancel* cancel;
  EXPECT_OK(sapdr_cancel_new(&cancel, &err));
  sapdr_cancel_trigger(cancel);
  options.cancel = cancel;
  EXPECT_STATUS(SAPDR_E_CANCELLED,
                sapdr_diff_run(&result, repo, ids[0], ids[1], NULL, NULL, NULL, &options, &err));
  sapdr_cancel_free(cancel);
  EXPECT_STATUS(SAPDR_E_NOT_FOUND,
                sapdr_diff_run(&result, repo, ids[0], "zz", NULL, NULL, NULL, NULL, &err));
}

static void test_diff_arguments(sapdr_repo* repo) {
  STARTED(sapdr_diff_options, good);
  STARTED(sapdr_snapshot_filter, filter);
  EXPECT_INVALID(sapdr_diff_run(NULL, NULL, "latest", "latest", NULL, NULL, NULL, NULL, &err));
  EXPECT_INVALID(sapdr_diff_run(NULL, repo, NULL, "latest", NULL, NULL, NULL, NULL, &err));
  EXPECT_INVALID(sapdr_diff_run(NULL, repo, "latest", NULL, NULL, NULL, NULL, NULL, &err));
  EXPECT_SIZES(
      sapdr_snapshot_filter, filter,
      sapdr_diff_run(NULL, repo, "latest", "latest", &options.known, NULL, NULL, NULL, &err));
  EXPECT_SIZES(
      sapdr_diff_options, good,
      sapdr_diff_run(NULL, repo, "latest", "latest", NULL, NULL, NULL, &options.known, &err));
  EXPECT_RESULT_SIZES(sapdr_diff_result, sapdr_diff_run(&options.known, repo, "latest", "latest",
                                                        NULL, NULL, NULL, NULL, &err));
  good.reserved = 1;
  EXPECT_STATUS(SAPDR_E_UNSUPPORTED,
                sapdr_diff_run(NULL, repo, "latest", "latest", NULL, NULL, NULL, &good, &err));
  EXPECT_TEXT("TU", sapdr_diff_modifier(SAPDR_DIFF_TYPE | SAPDR_DIFF_METADATA));
  EXPECT_TEXT("?", sapdr_diff_modifier(0));
}

static int32_t on_match(void* user, const sapdr_match* match) {
  struct seen* seen = user;
  EXPECT(match->struct_size == sizeof *match && match->node->struct_size == sizeof *match->node);
  EXPECT(strlen(sapdr_snapshot_hex(match->snapshot)) == 64);
  EXPECT((match->object_type == NULL) == (match->object_id == NULL));
  EXPECT((match->tree_id == NULL) == (strcmp(match->node->path, "/") == 0));
  strcat(seen->lines, match->node->path);
  if (match->object_type != NULL) strcat(seen->lines, match->object_type);
  return ++seen->calls == seen->stop_at_call;
}

static void test_find(sapdr_repo* repo, char ids[2][65]) {
  static const char* const patterns[] = {"A", "folder/?"};
  const char* const first[] = {ids[0]};
  struct seen seen = {"", 0, 0};
  STARTED(sapdr_find_options, options);
  STARTED(sapdr_find_result, result);
  options.patterns = patterns;
  options.n_patterns = 2;
  options.ignore_case = 1;
  EXPECT_OK(sapdr_find_run(&result, repo, NULL, on_match, &seen, &options, &err));
  EXPECT_TEXT("/files/a/files/folder/c/files/folder/c/files/folder/d", seen.lines);
  EXPECT(result.snapshots == 2 && result.matches == 4 && result.failed == 0);
  EXPECT(result.trees == 6 && result.elapsed_ns > 0);
  options.snapshots = first;
  options.n_snapshots = 1;
  seen = (struct seen){"", 0, 0};
  EXPECT_OK(sapdr_find_run(&result, repo, NULL, on_match, &seen, &options, &err));
  EXPECT_TEXT("/files/a/files/folder/c", seen.lines);
  options.newest_ns = 1;
  EXPECT_OK(sapdr_find_run(&result, repo, NULL, NULL, NULL, &options, &err));
  EXPECT(result.matches == 0 && result.snapshots == 1);
  options.newest_ns = 0;
  seen = (struct seen){"", 0, 1};
  EXPECT_STATUS(SAPDR_E_CALLBACK,
                sapdr_find_run(&result, repo, NULL, on_match, &seen, &options, &err));
  EXPECT(seen.calls == 1 && result.matches == 1);
}

static void test_find_by_id(sapdr_repo* repo, char ids[2][65]) {
  struct seen seen = {"", 0, 0};
  STARTED(sapdr_find_options, options);
  sapdr_snapshot* snapshot;
  EXPECT_OK(sapdr_snapshot_get(&snapshot, repo, ids[0], NULL, &err));
  const char* const trees[] = {sapdr_snapshot_tree_hex(snapshot)};
  options.trees = trees;
  options.n_trees = 1;
  EXPECT_OK(sapdr_find_run(NULL, repo, NULL, on_match, &seen, &options, &err));
  EXPECT_TEXT("/tree", seen.lines);
  options.blobs = trees; /* the same id, but of no file */
  options.n_blobs = 1;
  options.n_trees = 0;
  seen = (struct seen){"", 0, 0};
  EXPECT_OK(sapdr_find_run(NULL, repo, NULL, on_match, &seen, &options, &err));
  EXPECT(seen.calls == 0);
  sapdr_snapshot_free(snapshot);
  static const char* const none[] = {"zz"};
  options.packs = none;
  options.n_packs = 1;
  options.n_blobs = 0;
  EXPECT_STATUS(SAPDR_E_NOT_FOUND, sapdr_find_run(NULL, repo, NULL, NULL, NULL, &options, &err));
}

static void test_find_arguments(sapdr_repo* repo) {
  static const char *const patterns[] = {"a"}, *const bad_patterns[] = {"["};
  const char* const holes[] = {NULL};
  STARTED(sapdr_find_options, good);
  STARTED(sapdr_snapshot_filter, filter);
  good.patterns = patterns;
  good.n_patterns = 1;
  EXPECT_INVALID(sapdr_find_run(NULL, NULL, NULL, NULL, NULL, &good, &err));
  EXPECT_INVALID(sapdr_find_run(NULL, repo, NULL, NULL, NULL, NULL, &err)); /* nothing to find */
  EXPECT_SIZES(sapdr_find_options, good,
               sapdr_find_run(NULL, repo, NULL, NULL, NULL, &options.known, &err));
  EXPECT_SIZES(sapdr_snapshot_filter, filter,
               sapdr_find_run(NULL, repo, &options.known, NULL, NULL, &good, &err));
  EXPECT_RESULT_SIZES(sapdr_find_result,
                      sapdr_find_run(&options.known, repo, NULL, NULL, NULL, &good, &err));
  sapdr_find_options bad = good;
  bad.patterns = bad_patterns;
  EXPECT_INVALID(sapdr_find_run(NULL, repo, NULL, NULL, NULL, &bad, &err));
  bad = good;
  bad.n_blobs = 1;
  EXPECT_INVALID(sapdr_find_run(NULL, repo, NULL, NULL, NULL, &bad, &err));
  bad.blobs = holes;
  EXPECT_INVALID(sapdr_find_run(NULL, repo, NULL, NULL, NULL, &bad, &err));
  bad = good;
  bad.oldest_ns = 2;
  bad.newest_ns = 1;
  EXPECT_INVALID(sapdr_find_run(NULL, repo, NULL, NULL, NULL, &bad, &err));
}

int main(void) {
  char ids[2][65];
  sapdr_ctx* ctx = new_context();
  sapdr_repo* repo = new_repository(ctx);
  make_snapshots(repo, ids);
  test_diff(repo, ids);
  test_diff_arguments(repo);
  test_find(repo, ids);
  test_find_by_id(repo, ids);
  test_find_arguments(repo);
  sapdr_repo_free(repo);
  sapdr_ctx_free(ctx);
  return expect_result();
}
