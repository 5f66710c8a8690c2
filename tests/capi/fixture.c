#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>

static const char password[] = "correct horse";

sapdr_ctx* new_context(void) {
  sapdr_ctx_options options;
  SAPDR_INIT(&options);
  options.threads = 2;
  sapdr_ctx* ctx = NULL;
  EXPECT_OK(sapdr_ctx_new(&ctx, &options, &err));
  return ctx;
}

sapdr_repo_init_options cheap_init(void) {
  sapdr_repo_init_options options;
  SAPDR_INIT(&options);
  options.password = password;
  options.password_size = strlen(password);
  options.scrypt_n = 16;
  options.scrypt_r = 8;
  options.scrypt_p = 1;
  return options;
}

sapdr_repo_open_options open_options(void) {
  sapdr_repo_open_options options;
  SAPDR_INIT(&options);
  options.password = password;
  options.password_size = strlen(password);
  return options;
}

sapdr_repo* new_repository(sapdr_ctx* ctx) {
  const sapdr_repo_init_options init = cheap_init();
  sapdr_backend* backend = NULL;
  sapdr_repo* repo = NULL;
  EXPECT_OK(sapdr_backend_open(&backend, ctx, "memory:", &err));
  EXPECT_OK(sapdr_repo_init(&repo, ctx, backend, &init, &err));
  sapdr_backend_free(backend);
  if (repo == NULL) exit(expect_result());
  return repo;
}

size_t n_snapshots(sapdr_repo* repo) {
  sapdr_snapshot_list* list;
  EXPECT_OK(sapdr_snapshot_list_new(&list, repo, NULL, &err));
  const size_t n = sapdr_snapshot_list_size(list);
  sapdr_snapshot_list_free(list);
  return n;
}

void write_file(const char* path, const void* data, size_t size) {
  FILE* file = fopen(path, "wb");
  EXPECT(file != NULL && fwrite(data, 1, size, file) == size);
  if (file != NULL) EXPECT(fclose(file) == 0);
}

int file_is(const char* path, const void* data, size_t size) {
  FILE* file = fopen(path, "rb");
  if (file == NULL) return 0;
  char* read = malloc(size + 1);
  const int same =
      read != NULL && fread(read, 1, size + 1, file) == size && memcmp(read, data, size) == 0;
  free(read);
  fclose(file);
  return same;
}
