/* Callbacks that move data: streams in, a file out, listings; and what comes of their failures. */
#include "fixture.h"

/* A stream that gives `size` bytes in small pieces, then fails with `status` if that is set. */
struct stream_state {
  const char* data;
  size_t size;
  size_t at;
  sapdr_status status;
  const char* message; /* of the error object; NULL: none */
  size_t told_too_much;
};

static sapdr_status read_state(void* user, void* buffer, size_t capacity, size_t* size,
                               sapdr_error** error) {
  struct stream_state* state = user;
  size_t n = state->size - state->at;
  if (n > 3) n = 3;
  if (n > capacity) n = capacity;
  memcpy(buffer, state->data + state->at, n);
  state->at += n;
  *size = n;
  if (n > 0) return SAPDR_OK;
  if (state->told_too_much != 0) *size = capacity + state->told_too_much;
  if (state->message != NULL) *error = sapdr_error_new(SAPDR_E_NETWORK, state->message);
  return state->status;
}

static sapdr_stream stream_of(const char* path, struct stream_state* state) {
  sapdr_stream stream;
  SAPDR_INIT(&stream);
  stream.path = path;
  stream.user = state;
  stream.read = read_state;
  return stream;
}

struct text {
  char data[64];
  size_t size;
};

static sapdr_status append_text(void* user, const void* data, size_t size, sapdr_error** error) {
  struct text* text = user;
  (void)error;
  if (text->size + size > sizeof text->data) return SAPDR_E_NO_SPACE;
  memcpy(text->data + text->size, data, size);
  text->size += size;
  return SAPDR_OK;
}

static void test_streams(sapdr_repo* repo) {
  struct stream_state orders = {"first;second;third", 18, 0, SAPDR_OK, NULL, 0};
  struct stream_state empty = {"", 0, 0, SAPDR_OK, NULL, 0};
  sapdr_stream streams[] = {stream_of("/dump/shop/orders.bson", &orders),
                            stream_of("/dump/empty", &empty)};
  streams[0].mode = 0640;
  streams[0].mtime_ns = 1600000000000000000;
  streams[0].size_hint = 18;
  sapdr_backup_result result;
  SAPDR_INIT(&result);
  EXPECT_OK(sapdr_backup_streams(&result, repo, streams, 2, NULL, &err));
  EXPECT(result.state == SAPDR_BACKUP_WRITTEN && result.has_snapshot == 1);
  EXPECT(result.files_new == 2 && result.bytes_total == 18);

  struct text text = {"", 0};
  EXPECT_OK(sapdr_dump_run(repo, "latest", NULL, "/dump/shop/orders.bson", append_text, &text, NULL,
                           &err));
  EXPECT(text.size == 18 && memcmp(text.data, orders.data, 18) == 0);
}

static void test_stream_nodes(sapdr_repo* repo) {
  static const char* const names[] = {"/dump", "/dump/empty", "/dump/shop",
                                      "/dump/shop/orders.bson"};
  static const uint32_t modes[] = {0700, 0600, 0700, 0640};
  sapdr_walk* walk;
  const sapdr_node* node;
  EXPECT_OK(sapdr_walk_new(&walk, repo, "latest", NULL, NULL, &err));
  const int64_t time_ns = sapdr_snapshot_time_ns(sapdr_walk_snapshot(walk));
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_OK(sapdr_walk_next(&node, walk, &err));
    EXPECT(node != NULL);
    if (node == NULL) break;
    EXPECT_TEXT(names[i], node->path);
    EXPECT(node->mode == modes[i]);
    EXPECT(node->mtime_ns == (i == 3 ? 1600000000000000000 : time_ns));
    if (i == 3) EXPECT(node->size == 18);
  }
  sapdr_walk_free(walk);
}

/* Half a dump is no backup, and the caller's own words come back. */
static void test_failing_stream(sapdr_repo* repo) {
  const size_t before = n_snapshots(repo);
  struct stream_state good = {"good", 4, 0, SAPDR_OK, NULL, 0};
  struct stream_state bad = {"bad", 3, 0, SAPDR_E_NETWORK, "the server went away", 0};
  sapdr_stream streams[] = {stream_of("/good", &good), stream_of("/bad", &bad)};
  sapdr_backup_result result;
  SAPDR_INIT(&result);
  const sapdr_status status = sapdr_backup_streams(&result, repo, streams, 2, NULL, &err);
  EXPECT(strstr(sapdr_error_message(err), "the server went away") != NULL);
  EXPECT_STATUS(SAPDR_E_NETWORK, status);
  EXPECT(result.state == SAPDR_BACKUP_FAILED && result.has_snapshot == 0);

  bad.message = NULL;
  bad.status = SAPDR_E_TIMEOUT;
  bad.at = good.at = 0;
  EXPECT_STATUS(SAPDR_E_TIMEOUT, sapdr_backup_streams(NULL, repo, streams, 2, NULL, &err));
  bad.status = 5; /* in no table */
  bad.at = good.at = 0;
  EXPECT_STATUS(SAPDR_E_CALLBACK, sapdr_backup_streams(NULL, repo, streams, 2, NULL, &err));
  bad.status = SAPDR_OK;
  bad.told_too_much = 1;
  bad.at = good.at = 0;
  EXPECT_INVALID(sapdr_backup_streams(NULL, repo, streams, 2, NULL, &err));
  EXPECT(n_snapshots(repo) == before);
}

/* An error beside a success is taken over and forgotten. */
static void test_error_beside_success(sapdr_repo* repo) {
  struct stream_state state = {"x", 1, 0, SAPDR_OK, "never mind", 0};
  const sapdr_stream stream = stream_of("/x", &state);
  EXPECT_OK(sapdr_backup_streams(NULL, repo, &stream, 1, NULL, &err));
}

static void test_paths(sapdr_repo* repo) {
  static const char* const bad[] = {"relative", "/", "", "/a/../b", "/..", "/a/."};
  struct stream_state state = {"", 0, 0, SAPDR_OK, NULL, 0};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; ++i) {
    const sapdr_stream stream = stream_of(bad[i], &state);
    EXPECT_INVALID(sapdr_backup_streams(NULL, repo, &stream, 1, NULL, &err));
  }
  const sapdr_stream twice[] = {stream_of("/a", &state), stream_of("//a", &state)};
  EXPECT_INVALID(sapdr_backup_streams(NULL, repo, twice, 2, NULL, &err));
  const sapdr_stream below[] = {stream_of("/a/b", &state), stream_of("/a", &state)};
  EXPECT_INVALID(sapdr_backup_streams(NULL, repo, below, 2, NULL, &err));
}

static sapdr_status refuse(void* user, const void* data, size_t size, sapdr_error** error) {
  (void)data, (void)size;
  if (user != NULL) *error = sapdr_error_new(SAPDR_E_NO_SPACE, user);
  return SAPDR_E_NO_SPACE;
}

static int32_t stop_listing(void* user, const char* id, uint64_t size) {
  (void)id, (void)size;
  ++*(int*)user;
  return 1;
}

static void test_refusals(sapdr_repo* repo) {
  char words[] = "my disk is full";
  const sapdr_status status = sapdr_dump_run(repo, "latest", NULL, "/x", refuse, words, NULL, &err);
  EXPECT_TEXT(words, sapdr_error_message(err));
  EXPECT_STATUS(SAPDR_E_NO_SPACE, status);
  EXPECT_STATUS(SAPDR_E_NO_SPACE,
                sapdr_dump_run(repo, "latest", NULL, "/x", refuse, NULL, NULL, &err));
  int n = 0;
  EXPECT_STATUS(SAPDR_E_CALLBACK, sapdr_repo_list(repo, "pack", stop_listing, &n, &err));
  EXPECT(n == 1);
}

int main(void) {
  sapdr_ctx* ctx = new_context();
  sapdr_repo* repo = new_repository(ctx);
  test_streams(repo);
  test_stream_nodes(repo);
  test_failing_stream(repo);
  test_error_beside_success(repo);
  test_paths(repo);
  test_refusals(repo);
  sapdr_repo_free(repo);
  sapdr_ctx_free(ctx);
  return expect_result();
}
