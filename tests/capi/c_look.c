/* Looking into snapshots through the C ABI: diff, find, reading a part of a file. Bad arguments,
 * results, callbacks. */
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

enum { BIG_SIZE = 5 * 1024 * 1024 };
static unsigned char big[BIG_SIZE];

static void back_up_big(sapdr_repo* repo) {
  uint32_t random = 7;
  for (size_t i = 0; i < BIG_SIZE; ++i) {
    random = random * 1664525U + 1013904223U;
    big[i] = (unsigned char)(random >> 24);
  }
  write_file("files/big", big, BIG_SIZE);
  write_file("files/empty", "", 0);
  back_up(repo);
}

/* Whether this range of the file is that of "big". */
static int is_range(sapdr_file* file, uint64_t offset, size_t capacity) {
  static unsigned char buffer[BIG_SIZE + 1];
  const uint64_t left = offset < BIG_SIZE ? BIG_SIZE - offset : 0;
  const size_t expected = left < capacity ? (size_t)left : capacity;
  size_t size = 12345;
  EXPECT_OK(sapdr_file_read(file, offset, buffer, capacity, &size, &err));
  return size == expected && (size == 0 || memcmp(buffer, big + offset, size) == 0);
}

static void test_file(sapdr_repo* repo) {
  sapdr_file* file;
  size_t size = 1;
  EXPECT_OK(sapdr_file_open(&file, repo, "latest", NULL, "/files/big", NULL, &err));
  EXPECT(sapdr_file_size(file) == BIG_SIZE);
  EXPECT_TEXT("/files/big", sapdr_file_node(file)->path);
  EXPECT(sapdr_file_node(file)->size == BIG_SIZE && sapdr_file_node(file)->n_blobs > 1);
  EXPECT(strlen(sapdr_snapshot_hex(sapdr_file_snapshot(file))) == 64);
  const uint64_t edge = sapdr_file_blob_end(file, 0);
  EXPECT(edge > 0 && edge < BIG_SIZE && sapdr_file_blob_end(file, edge - 1) == edge);
  EXPECT(sapdr_file_blob_end(file, edge) > edge);
  EXPECT(sapdr_file_blob_end(file, UINT64_MAX) == BIG_SIZE);
  EXPECT(is_range(file, 0, 8) && is_range(file, edge - 3, 7) && is_range(file, edge, 1));
  EXPECT(is_range(file, 0, BIG_SIZE + 1) && is_range(file, BIG_SIZE - 1, 10));
  EXPECT(is_range(file, BIG_SIZE, 10) && is_range(file, UINT64_MAX, 10));
  EXPECT_OK(sapdr_file_read(file, 0, NULL, 0, &size, &err));
  EXPECT(size == 0);
  sapdr_file_free(file);

  EXPECT_OK(sapdr_file_open(&file, repo, "latest:/files", NULL, "empty", NULL, &err));
  EXPECT(sapdr_file_size(file) == 0 && sapdr_file_blob_end(file, 0) == 0);
  EXPECT_OK(sapdr_file_read(file, 0, big, 1, &size, &err));
  EXPECT(size == 0);
  sapdr_file_free(file);
}

static void test_file_cancel(sapdr_repo* repo) {
  sapdr_file* file;
  size_t size = 1;
  STARTED(sapdr_file_options, options);
  EXPECT_OK(sapdr_cancel_new(&options.cancel, &err));
  EXPECT_OK(sapdr_file_open(&file, repo, "latest", NULL, "/files/big", &options, &err));
  sapdr_cancel_trigger(options.cancel);
  EXPECT_STATUS(SAPDR_E_CANCELLED, sapdr_file_read(file, 0, big, 1, &size, &err));
  EXPECT(size == 0);
  sapdr_cancel_reset(options.cancel);
  EXPECT_OK(sapdr_file_read(file, 0, big, 1, &size, &err));
  EXPECT(size == 1);
  sapdr_file_free(file);
  sapdr_cancel_free(options.cancel);
}

static void test_file_arguments(sapdr_repo* repo) {
  sapdr_file* file;
  char byte;
  size_t size = 1;
  STARTED(sapdr_file_options, good);
  STARTED(sapdr_snapshot_filter, filter);
  const char* path = "/files/big";
  EXPECT_INVALID(sapdr_file_open(NULL, repo, "latest", NULL, path, NULL, &err));
  EXPECT_INVALID(sapdr_file_open(&file, NULL, "latest", NULL, path, NULL, &err));
  EXPECT_INVALID(sapdr_file_open(&file, repo, NULL, NULL, path, NULL, &err));
  EXPECT_INVALID(sapdr_file_open(&file, repo, "latest", NULL, NULL, NULL, &err));
  EXPECT_INVALID(sapdr_file_open(&file, repo, "latest", NULL, "/files", NULL, &err));
  EXPECT_STATUS(SAPDR_E_NOT_FOUND,
                sapdr_file_open(&file, repo, "latest", NULL, "/none", NULL, &err));
  EXPECT_SIZES(sapdr_file_options, good,
               sapdr_file_open(&file, repo, "latest", NULL, path, &options.known, &err));
  EXPECT_SIZES(sapdr_snapshot_filter, filter,
               sapdr_file_open(&file, repo, "latest", &options.known, path, NULL, &err));
  good.reserved = 1;
  EXPECT_STATUS(SAPDR_E_UNSUPPORTED,
                sapdr_file_open(&file, repo, "latest", NULL, path, &good, &err));
  EXPECT(file == NULL);
  EXPECT_INVALID(sapdr_file_read(NULL, 0, &byte, 1, &size, &err));
  EXPECT(size == 0);
  EXPECT_OK(sapdr_file_open(&file, repo, "latest", NULL, path, NULL, &err));
  EXPECT_INVALID(sapdr_file_read(file, 0, NULL, 1, &size, &err));
  EXPECT_INVALID(sapdr_file_read(file, 0, &byte, 1, NULL, &err));
  sapdr_file_free(file);
  sapdr_file_free(NULL);
  EXPECT(sapdr_file_size(NULL) == 0 && sapdr_file_blob_end(NULL, 0) == 0);
  EXPECT(sapdr_file_node(NULL) == NULL && sapdr_file_snapshot(NULL) == NULL);
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
  back_up_big(repo);
  test_file(repo);
  test_file_cancel(repo);
  test_file_arguments(repo);
  sapdr_repo_free(repo);
  sapdr_ctx_free(ctx);
  return expect_result();
}
