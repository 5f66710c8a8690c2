/* Looking into snapshots through the C ABI: diff. Bad arguments, results, callbacks. */
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

int main(void) {
  char ids[2][65];
  sapdr_ctx* ctx = new_context();
  sapdr_repo* repo = new_repository(ctx);
  make_snapshots(repo, ids);
  test_diff(repo, ids);
  test_diff_arguments(repo);
  sapdr_repo_free(repo);
  sapdr_ctx_free(ctx);
  return expect_result();
}
