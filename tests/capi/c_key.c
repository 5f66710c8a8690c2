/* Keys through the C ABI: list, add, remove, change the password; and arguments that make no sense.
 */
#include "sizes.h"

static sapdr_key_options cheap_key(const char* password) {
  STARTED(sapdr_key_options, options);
  options.scrypt_n = 16;
  options.scrypt_r = 8;
  options.scrypt_p = 1;
  options.password = password;
  options.password_size = strlen(password);
  return options;
}

static void expect_open(sapdr_status status, sapdr_ctx* ctx, sapdr_backend* backend,
                        const char* password) {
  sapdr_repo_open_options options = open_options();
  options.password = password;
  options.password_size = strlen(password);
  sapdr_repo* repo;
  EXPECT_STATUS(status, sapdr_repo_open(&repo, ctx, backend, &options, &err));
  sapdr_repo_free(repo);
}

/* The id of the current key, and how many there are. */
static size_t keys_of(sapdr_repo* repo, char current[65]) {
  sapdr_key_list* list;
  size_t n_current = 0;
  EXPECT_OK(sapdr_key_list_new(&list, repo, &err));
  const size_t size = sapdr_key_list_size(list);
  EXPECT(sapdr_key_list_at(list, size) == NULL);
  for (size_t i = 0; i < size; ++i) {
    const sapdr_key* key = sapdr_key_list_at(list, i);
    EXPECT(key->struct_size == sizeof *key && strlen(key->id) == 64 && key->damage == NULL);
    EXPECT(key->created_ns > 0 && key->host[0] != '\0' && key->user[0] != '\0');
    if (!key->is_current) continue;
    ++n_current;
    memcpy(current, key->id, 65);
  }
  EXPECT(n_current == 1);
  sapdr_key_list_free(list);
  return size;
}

static int is_id(sapdr_id id, const char* hex) {
  unsigned char byte;
  for (size_t i = 0; i < sizeof id.bytes; ++i) {
    const char* at = hex + 2 * i;
    byte = (unsigned char)((at[0] <= '9' ? at[0] - '0' : at[0] - 'a' + 10) << 4);
    byte = (unsigned char)(byte | (at[1] <= '9' ? at[1] - '0' : at[1] - 'a' + 10));
    if (byte != id.bytes[i]) return 0;
  }
  return 1;
}

static void test_add_and_remove(sapdr_ctx* ctx, sapdr_backend* backend, sapdr_repo* repo) {
  char first[65], current[65];
  EXPECT(keys_of(repo, first) == 1);
  sapdr_key_options options = cheap_key("second");
  options.host = "ship";
  options.user = "captain";
  sapdr_id second, removed;
  EXPECT_OK(sapdr_key_add(&second, repo, &options, &err));
  expect_open(SAPDR_OK, ctx, backend, "second");
  expect_open(SAPDR_E_AUTH, ctx, backend, "third");
  EXPECT(keys_of(repo, current) == 2);
  EXPECT_TEXT(first, current);

  sapdr_key_list* list;
  EXPECT_OK(sapdr_key_list_new(&list, repo, &err));
  const sapdr_key* added = sapdr_key_list_at(list, 1);
  EXPECT(is_id(second, added->id));
  EXPECT_TEXT("ship", added->host);
  EXPECT_TEXT("captain", added->user);
  char prefix[17] = "";
  memcpy(prefix, added->id, 16);
  sapdr_key_list_free(list);

  EXPECT_INVALID(sapdr_key_remove(&removed, repo, first, NULL, &err));
  EXPECT_STATUS(SAPDR_E_NOT_FOUND, sapdr_key_remove(&removed, repo, "zz", NULL, &err));
  EXPECT_OK(sapdr_key_remove(&removed, repo, prefix, NULL, &err));
  EXPECT(memcmp(&removed, &second, sizeof removed) == 0);
  expect_open(SAPDR_E_AUTH, ctx, backend, "second");
  EXPECT_STATUS(SAPDR_E_NOT_FOUND, sapdr_key_remove(NULL, repo, prefix, NULL, &err));
}

static void test_passwd(sapdr_ctx* ctx, sapdr_backend* backend, sapdr_repo* repo) {
  const sapdr_key_options options = cheap_key("new");
  const sapdr_repo_open_options open = open_options();
  char current[65];
  sapdr_id fresh;
  EXPECT_OK(sapdr_key_passwd(&fresh, repo, &options, &err));
  EXPECT(keys_of(repo, current) == 1 && is_id(fresh, current));
  expect_open(SAPDR_OK, ctx, backend, "new");
  expect_open(SAPDR_E_AUTH, ctx, backend, open.password);
  EXPECT(sapdr_status_exit_code(SAPDR_E_AUTH) == 12);
  EXPECT(n_snapshots(repo) == 0); /* the handle goes on */
  EXPECT_INVALID(sapdr_key_remove(NULL, repo, current, NULL, &err));
  EXPECT_OK(sapdr_key_passwd(NULL, repo, &options, &err));
}

static void test_arguments(sapdr_repo* repo) {
  sapdr_key_list* list;
  sapdr_id id = {{1}};
  sapdr_key_options good = cheap_key("x"), bad = good;
  EXPECT_INVALID(sapdr_key_list_new(NULL, repo, &err));
  EXPECT_INVALID(sapdr_key_list_new(&list, NULL, &err));
  EXPECT(list == NULL);
  EXPECT_INVALID(sapdr_key_add(&id, NULL, &good, &err));
  EXPECT(id.bytes[0] == 0);
  EXPECT_INVALID(sapdr_key_add(&id, repo, NULL, &err)); /* no password */
  EXPECT_INVALID(sapdr_key_passwd(&id, repo, NULL, &err));
  EXPECT_INVALID(sapdr_key_passwd(&id, NULL, &good, &err));
  EXPECT_SIZES(sapdr_key_options, good, sapdr_key_add(&id, repo, &options.known, &err));
  EXPECT_SIZES(sapdr_key_options, good, sapdr_key_passwd(&id, repo, &options.known, &err));
  bad.password = NULL;
  EXPECT_INVALID(sapdr_key_add(&id, repo, &bad, &err));
  bad = good;
  bad.scrypt_n = 1000;
  EXPECT_INVALID(sapdr_key_add(&id, repo, &bad, &err));
  bad = good;
  bad.host = "";
  EXPECT_INVALID(sapdr_key_add(&id, repo, &bad, &err));
  bad = good;
  bad.user = "";
  EXPECT_INVALID(sapdr_key_add(&id, repo, &bad, &err));
  EXPECT_INVALID(sapdr_key_remove(&id, NULL, "1", NULL, &err));
  EXPECT_INVALID(sapdr_key_remove(&id, repo, NULL, NULL, &err));
  EXPECT_STATUS(SAPDR_E_NOT_FOUND, sapdr_key_remove(&id, repo, "", NULL, &err));
  EXPECT(sapdr_key_list_size(NULL) == 0 && sapdr_key_list_at(NULL, 0) == NULL);
  sapdr_key_list_free(NULL);
  char current[65];
  EXPECT(keys_of(repo, current) == 1);
}

int main(void) {
  sapdr_ctx* ctx = new_context();
  sapdr_backend* backend = NULL;
  sapdr_repo* repo = NULL;
  const sapdr_repo_init_options init = cheap_init();
  EXPECT_OK(sapdr_backend_open(&backend, ctx, "memory:", &err));
  EXPECT_OK(sapdr_repo_init(&repo, ctx, backend, &init, &err));
  test_arguments(repo);
  test_add_and_remove(ctx, backend, repo);
  test_passwd(ctx, backend, repo);
  sapdr_repo_free(repo);
  sapdr_backend_free(backend);
  sapdr_ctx_free(ctx);
  return expect_result();
}
