/* A source of the caller's: streams that are made one after the other, and what comes of mistakes.
 */
#include <stdio.h>
#include <stdlib.h>

#include "sizes.h"

/* What `next` makes of the number of the stream; NULL: there are no more. */
typedef const char* (*path_of)(int n, char* room);

struct dump {
  path_of path;
  char room[64];
  int made, open, most_open, closed;
  int fail_at; /* the number of a stream whose `next` fails; 0: none */
  int broken;  /* the number of a stream whose `read` fails; 0: none */
  sapdr_status status;
  const char* message;
  sapdr_cancel* cancel; /* triggered when stream 3 is read; NULL: none */
};

struct stream {
  struct dump* dump;
  int number;
  int is_read;
};

static sapdr_status read_number(void* user, void* buffer, size_t capacity, size_t* size,
                                sapdr_error** error) {
  struct stream* stream = user;
  struct dump* dump = stream->dump;
  if (stream->number == 3) sapdr_cancel_trigger(dump->cancel);
  if (stream->number == dump->broken) {
    *error = sapdr_error_new(SAPDR_E_NETWORK, "the cursor is gone");
    return SAPDR_E_NETWORK;
  }
  EXPECT(capacity >= 16);
  *size = stream->is_read ? 0 : (size_t)snprintf(buffer, 16, "%d", stream->number);
  stream->is_read = 1;
  return SAPDR_OK;
}

/* One stream at a time: nothing here runs on two threads at once. */
static void close_number(void* user) {
  struct stream* stream = user;
  --stream->dump->open;
  ++stream->dump->closed;
  free(stream);
}

static sapdr_status next_number(void* user, sapdr_stream* out, sapdr_error** error) {
  struct dump* dump = user;
  EXPECT(out->struct_size == sizeof *out && out->path == NULL && out->read == NULL);
  if (++dump->made == dump->fail_at) {
    if (dump->message != NULL) *error = sapdr_error_new(dump->status, dump->message);
    return dump->status;
  }
  out->path = dump->path(dump->made, dump->room);
  if (out->path == NULL) return SAPDR_OK;
  struct stream* stream = calloc(1, sizeof *stream);
  stream->dump = dump;
  stream->number = dump->made;
  out->user = stream;
  out->read = read_number;
  out->close = close_number;
  if (++dump->open > dump->most_open) dump->most_open = dump->open;
  return SAPDR_OK;
}

static sapdr_source_table table_of(struct dump* dump, path_of path) {
  memset(dump, 0, sizeof *dump);
  dump->path = path;
  STARTED(sapdr_source_table, table);
  table.user = dump;
  table.next = next_number;
  table.max_open = 1;
  return table;
}

static const char* in_folders(int n, char* room) {
  if (n > 3000) return NULL;
  sprintf(room, "/dump/db%d/collection%d", n / 100, n);
  return room;
}

static void test_many(sapdr_repo* repo) {
  struct dump dump;
  sapdr_source_table table = table_of(&dump, in_folders);
  static const char* const paths[] = {"/dump"};
  table.paths = paths;
  table.n_paths = 1;
  STARTED(sapdr_backup_result, result);
  EXPECT_OK(sapdr_backup_source(&result, repo, &table, NULL, &err));
  EXPECT(result.state == SAPDR_BACKUP_WRITTEN && result.files_new == 3000);
  EXPECT(result.dirs_new == 32);
  EXPECT(dump.made == 3001 && dump.closed == 3000);
  EXPECT(dump.open == 0 && dump.most_open == 1);
  sapdr_snapshot* snapshot;
  EXPECT_OK(sapdr_snapshot_get(&snapshot, repo, "latest", NULL, &err));
  EXPECT(sapdr_snapshot_n_paths(snapshot) == 1);
  EXPECT_TEXT("/dump", sapdr_snapshot_path(snapshot, 0));
  sapdr_snapshot_free(snapshot);
  STARTED(sapdr_restore_options, restore);
  sapdr_restore_plan* plan;
  EXPECT_OK(sapdr_restore_plan_new(&plan, repo, "latest", NULL, "target", &restore, &err));
  EXPECT_OK(sapdr_restore_plan_run(NULL, plan, &err));
  sapdr_restore_plan_free(plan);
  EXPECT(file_is("target/dump/db0/collection7", "7", 1));
  EXPECT(file_is("target/dump/db30/collection3000", "3000", 4));
}

static const char* five(int n, char* room) {
  if (n > 5) return NULL;
  sprintf(room, "/five/%d", n);
  return room;
}

static void test_failures(sapdr_repo* repo) {
  const size_t before = n_snapshots(repo);
  struct dump dump;
  sapdr_source_table table = table_of(&dump, five);
  dump.fail_at = 4;
  dump.status = SAPDR_E_NETWORK;
  dump.message = "the server went away";
  STARTED(sapdr_backup_result, result);
  const sapdr_status status = sapdr_backup_source(&result, repo, &table, NULL, &err);
  EXPECT_TEXT("the server went away", sapdr_error_message(err));
  EXPECT_STATUS(SAPDR_E_NETWORK, status);
  EXPECT(result.has_snapshot == 0 && dump.made == 4 && dump.closed == 3);

  table = table_of(&dump, five);
  dump.fail_at = 1;
  dump.status = 77; /* in no table, and nothing said */
  EXPECT_STATUS(SAPDR_E_CALLBACK, sapdr_backup_source(NULL, repo, &table, NULL, &err));

  table = table_of(&dump, five);
  dump.broken = 2;
  EXPECT_STATUS(SAPDR_E_NETWORK, sapdr_backup_source(NULL, repo, &table, NULL, &err));
  EXPECT(dump.closed >= 2 && dump.open == 0);

  table = table_of(&dump, five);
  STARTED(sapdr_backup_options, options);
  EXPECT_OK(sapdr_cancel_new(&dump.cancel, &err));
  options.cancel = dump.cancel;
  EXPECT_STATUS(SAPDR_E_CANCELLED, sapdr_backup_source(NULL, repo, &table, &options, &err));
  EXPECT(dump.closed >= 3 && dump.open == 0);
  sapdr_cancel_free(dump.cancel);
  EXPECT(n_snapshots(repo) == before);
}

static const char* into_left_folder(int n, char* room) {
  static const char* const paths[] = {"/a/x", "/b", "/a/y"};
  (void)room;
  return n > 3 ? NULL : paths[n - 1];
}
static const char* relative(int n, char* room) {
  (void)n, (void)room;
  return "relative";
}
static const char* upwards(int n, char* room) {
  (void)n, (void)room;
  return "/a/../../etc/passwd";
}
static const char* twice(int n, char* room) {
  (void)n, (void)room;
  return "/always/the/same";
}

static void test_paths(sapdr_repo* repo) {
  const size_t before = n_snapshots(repo);
  const path_of bad[] = {into_left_folder, relative, upwards, twice};
  struct dump dump;
  for (size_t i = 0; i < sizeof bad / sizeof *bad; ++i) {
    const sapdr_source_table table = table_of(&dump, bad[i]);
    EXPECT_INVALID(sapdr_backup_source(NULL, repo, &table, NULL, &err));
    EXPECT(dump.open == 0);
  }
  sapdr_source_table table = table_of(&dump, five);
  static const char* const elsewhere[] = {"/elsewhere"};
  static const char* const bad_root[] = {"not/absolute"};
  table.paths = elsewhere;
  table.n_paths = 1;
  EXPECT_INVALID(sapdr_backup_source(NULL, repo, &table, NULL, &err));
  table.paths = bad_root;
  EXPECT_INVALID(sapdr_backup_source(NULL, repo, &table, NULL, &err));
  table.paths = NULL;
  EXPECT_INVALID(sapdr_backup_source(NULL, repo, &table, NULL, &err));
  EXPECT(n_snapshots(repo) == before);
}

static const char* none(int n, char* room) {
  (void)n, (void)room;
  return NULL;
}

static void test_arguments(sapdr_repo* repo) {
  struct dump dump;
  const sapdr_source_table good = table_of(&dump, five);
  EXPECT_SIZES(sapdr_source_table, good,
               sapdr_backup_source(NULL, repo, &options.known, NULL, &err));
  EXPECT_INVALID(sapdr_backup_source(NULL, repo, NULL, NULL, &err));
  EXPECT_INVALID(sapdr_backup_source(NULL, NULL, &good, NULL, &err));
  sapdr_source_table table = good;
  table.next = NULL;
  EXPECT_INVALID(sapdr_backup_source(NULL, repo, &table, NULL, &err));
  EXPECT(dump.made == 0);

  /* A source may be empty: a database without collections. */
  table = table_of(&dump, none);
  STARTED(sapdr_backup_result, result);
  EXPECT_OK(sapdr_backup_source(&result, repo, &table, NULL, &err));
  EXPECT(result.has_snapshot == 1 && result.items_total == 0);
}

/* Streams of an array are closed as well, whatever comes of the run. */
static void test_array_is_closed(sapdr_repo* repo) {
  struct dump dump;
  table_of(&dump, five);
  for (int bad = 0; bad < 3; ++bad) {
    sapdr_stream streams[2];
    for (int i = 0; i < 2; ++i) {
      SAPDR_INIT(&streams[i]);
      next_number(&dump, &streams[i], NULL);
    }
    streams[0].path = bad == 1 ? "relative" : "/first";
    streams[1].path = "/second";
    if (bad == 2) streams[1].read = NULL;
    dump.closed = 0;
    dump.made = 0;
    const sapdr_status status = sapdr_backup_streams(NULL, repo, streams, 2, NULL, &err);
    EXPECT_STATUS(bad == 0 ? SAPDR_OK : SAPDR_E_INVALID_ARGUMENT, status);
    EXPECT(dump.closed == 2 && dump.open == 0);
  }
}

int main(void) {
  sapdr_ctx* ctx = new_context();
  sapdr_repo* repo = new_repository(ctx);
  test_many(repo);
  test_failures(repo);
  test_paths(repo);
  test_arguments(repo);
  test_array_is_closed(repo);
  sapdr_repo_free(repo);
  sapdr_ctx_free(ctx);
  return expect_result();
}
