/* Checksums and manifests: what a program gets, and arguments that make no sense. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sizes.h"

/* SHA-256 of "abc", of FIPS 180-4. */
static const char abc_hex[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

static const char* hex_of(sapdr_id id) {
  static char hex[65];
  for (int i = 0; i < 32; ++i) snprintf(hex + 2 * i, 3, "%02x", id.bytes[i]);
  return hex;
}

static void test_sha256(void) {
  sapdr_id id;
  EXPECT_OK(sapdr_sha256(&id, "abc", 3, &err));
  EXPECT_TEXT(abc_hex, hex_of(id));
  EXPECT_OK(sapdr_sha256(&id, NULL, 0, &err));
  EXPECT_TEXT("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", hex_of(id));
  EXPECT_INVALID(sapdr_sha256(&id, NULL, 1, &err));
  EXPECT_INVALID(sapdr_sha256(NULL, "abc", 3, &err));
}

static void test_hasher(void) {
  sapdr_hasher* hasher;
  sapdr_id id;
  EXPECT_INVALID(sapdr_hasher_new(NULL, &err));
  EXPECT_OK(sapdr_hasher_new(&hasher, &err));
  for (int i = 0; i < 2; ++i) { /* it begins anew */
    EXPECT_OK(sapdr_hasher_update(hasher, "a", 1, &err));
    EXPECT_OK(sapdr_hasher_update(hasher, NULL, 0, &err));
    EXPECT_OK(sapdr_hasher_update(hasher, "bc", 2, &err));
    EXPECT_OK(sapdr_hasher_final(&id, hasher, &err));
    EXPECT_TEXT(abc_hex, hex_of(id));
  }
  EXPECT_INVALID(sapdr_hasher_update(NULL, "a", 1, &err));
  EXPECT_INVALID(sapdr_hasher_update(hasher, NULL, 1, &err));
  EXPECT_INVALID(sapdr_hasher_final(NULL, hasher, &err));
  EXPECT_INVALID(sapdr_hasher_final(&id, NULL, &err));
  EXPECT(id.bytes[0] == 0);
  sapdr_hasher_free(hasher);
  sapdr_hasher_free(NULL);
}

static int32_t stop_at_once(void* user, const sapdr_progress* progress) {
  ++*(int*)user;
  return !progress->is_final;
}

static void test_file(void) {
  sapdr_id id;
  STARTED(sapdr_observer, observer);
  int calls = 0;
  observer.user = &calls;
  observer.on_progress = stop_at_once;
  EXPECT_OK(sapdr_checksum_file(&id, "folder/b", NULL, NULL, &err));
  EXPECT_TEXT(abc_hex, hex_of(id));
  EXPECT_OK(sapdr_checksum_file(&id, "link", NULL, NULL, &err));
  EXPECT_TEXT(abc_hex, hex_of(id));
  EXPECT_STATUS(SAPDR_E_NOT_FOUND, sapdr_checksum_file(&id, "nothing", NULL, NULL, &err));
  EXPECT_STATUS(SAPDR_E_INVALID_STATE, sapdr_checksum_file(&id, "folder", NULL, NULL, &err));
  EXPECT_STATUS(SAPDR_E_CALLBACK, sapdr_checksum_file(&id, "folder/b", &observer, NULL, &err));
  EXPECT(calls >= 2 && id.bytes[0] == 0);
  EXPECT_INVALID(sapdr_checksum_file(NULL, "folder/b", NULL, NULL, &err));
  EXPECT_INVALID(sapdr_checksum_file(&id, NULL, NULL, NULL, &err));
  observer.struct_size = 0;
  EXPECT_INVALID(sapdr_checksum_file(&id, "folder/b", &observer, NULL, &err));
}

/* What was told, in order. */
struct told {
  char text[1000];
  int stop_at; /* so many files; 0: never */
  int files;
};

static int32_t on_file(void* user, const sapdr_file_checksum* file) {
  struct told* told = user;
  EXPECT(file->struct_size == sizeof *file);
  EXPECT(strlen(file->path) == file->path_size && strlen(file->line) == file->line_size);
  EXPECT(strstr(file->line, hex_of(file->sha256)) == file->line);
  strncat(told->text, file->line, sizeof told->text - strlen(told->text) - 1);
  return ++told->files == told->stop_at;
}

static void test_tree(sapdr_ctx* ctx) {
  static const char* const paths[] = {"a", "folder/b"};
  static const char* const excludes[] = {"/folder"};
  struct told told = {"", 0, 0};
  STARTED(sapdr_checksum_options, options);
  STARTED(sapdr_checksum_result, result);
  EXPECT_OK(sapdr_checksum_tree(&result, ctx, ".", on_file, &told, NULL, &err));
  EXPECT(result.files == 3 && result.bytes == 5 && result.skipped == 1 && result.failed == 0);
  EXPECT(result.elapsed_ns > 0 && told.files == 3);
  char expected[200];
  snprintf(expected, sizeof expected, "%s  folder/b\n", abc_hex);
  EXPECT_TEXT(expected, told.text + strlen(told.text) - strlen(expected));

  struct told one = {"", 1, 0};
  options.excludes = excludes;
  options.n_excludes = 1;
  EXPECT_STATUS(SAPDR_E_CALLBACK,
                sapdr_checksum_tree(&result, ctx, ".", on_file, &one, &options, &err));
  EXPECT(one.files == 1 && result.files == 1);
  options.paths = paths;
  options.n_paths = 2;
  EXPECT_OK(sapdr_checksum_tree(&result, ctx, ".", on_file, &one, &options, &err));
  EXPECT(result.files == 2); /* what is named is not excluded */
  EXPECT_STATUS(SAPDR_E_NOT_FOUND,
                sapdr_checksum_tree(NULL, ctx, "nowhere", on_file, &one, NULL, &err));
}

static void test_manifest(sapdr_ctx* ctx) {
  STARTED(sapdr_checksum_result, written);
  STARTED(sapdr_manifest_verify_result, verified);
  STARTED(sapdr_manifest_verify_options, options);
  static const char* const paths[] = {"folder"};
  EXPECT_OK(sapdr_manifest_write(&written, ctx, ".", "SUMS", NULL, &err));
  EXPECT_OK(sapdr_manifest_write(&written, ctx, ".", "SUMS", NULL, &err));
  EXPECT(written.files == 3 && written.bytes == 5);
  EXPECT(system("sha256sum -c --strict --quiet SUMS") == 0);
  EXPECT_OK(sapdr_manifest_verify(&verified, ctx, ".", "SUMS", NULL, &err));
  EXPECT(verified.files == 3 && verified.matching == 3 && verified.bytes == 5);

  write_file("folder/b", "abd", 3);
  write_file("folder/new", "", 0);
  EXPECT(remove("a") == 0);
  options.paths = paths;
  options.n_paths = 1;
  EXPECT_STATUS(SAPDR_E_CHECKSUM,
                sapdr_manifest_verify(&verified, ctx, ".", "SUMS", &options, &err));
  EXPECT(verified.matching == 1 && verified.differing == 1 && verified.missing == 1);
  EXPECT(verified.extra == 1 && verified.failed == 0 && verified.malformed == 0);
  write_file("folder/b", "abc", 3);
  options.ignore_missing = 1;
  EXPECT_OK(sapdr_manifest_verify(&verified, ctx, ".", "SUMS", &options, &err));
  options.strict = 1;
  EXPECT_STATUS(SAPDR_E_CHECKSUM, sapdr_manifest_verify(NULL, ctx, ".", "SUMS", &options, &err));
  EXPECT(remove("folder/new") == 0);
  write_file("a", "a", 1);
}

static void test_cancel(sapdr_ctx* ctx) {
  struct told told = {"", 0, 0};
  STARTED(sapdr_checksum_options, options);
  STARTED(sapdr_manifest_verify_options, verify);
  sapdr_id id;
  EXPECT_OK(sapdr_cancel_new(&options.cancel, &err));
  sapdr_cancel_trigger(options.cancel);
  verify.cancel = options.cancel;
  EXPECT_STATUS(SAPDR_E_CANCELLED,
                sapdr_checksum_tree(NULL, ctx, ".", on_file, &told, &options, &err));
  EXPECT_STATUS(SAPDR_E_CANCELLED, sapdr_manifest_write(NULL, ctx, ".", "new", &options, &err));
  EXPECT_STATUS(SAPDR_E_CANCELLED, sapdr_manifest_verify(NULL, ctx, ".", "SUMS", &verify, &err));
  EXPECT_STATUS(SAPDR_E_CANCELLED, sapdr_checksum_file(&id, "a", NULL, options.cancel, &err));
  EXPECT(told.files == 0 && access("new", F_OK) != 0);
  sapdr_cancel_free(options.cancel);
}

static void test_arguments(sapdr_ctx* ctx) {
  struct told told = {"", 0, 0};
  STARTED(sapdr_checksum_options, good);
  STARTED(sapdr_manifest_verify_options, verify);
  EXPECT_INVALID(sapdr_checksum_tree(NULL, NULL, ".", on_file, &told, NULL, &err));
  EXPECT_INVALID(sapdr_checksum_tree(NULL, ctx, NULL, on_file, &told, NULL, &err));
  EXPECT_INVALID(sapdr_checksum_tree(NULL, ctx, ".", NULL, &told, NULL, &err));
  EXPECT_SIZES(sapdr_checksum_options, good,
               sapdr_checksum_tree(NULL, ctx, ".", on_file, &told, &options.known, &err));
  EXPECT_RESULT_SIZES(sapdr_checksum_result,
                      sapdr_checksum_tree(&options.known, ctx, ".", on_file, &told, NULL, &err));
  EXPECT_INVALID(sapdr_manifest_write(NULL, NULL, ".", "SUMS", NULL, &err));
  EXPECT_INVALID(sapdr_manifest_write(NULL, ctx, NULL, "SUMS", NULL, &err));
  EXPECT_INVALID(sapdr_manifest_write(NULL, ctx, ".", NULL, NULL, &err));
  EXPECT_INVALID(sapdr_manifest_write(NULL, ctx, ".", "", NULL, &err));
  EXPECT_INVALID(sapdr_manifest_write(NULL, ctx, ".", "folder", NULL, &err));
  EXPECT_SIZES(sapdr_checksum_options, good,
               sapdr_manifest_write(NULL, ctx, ".", "SUMS", &options.known, &err));
  EXPECT_RESULT_SIZES(sapdr_checksum_result,
                      sapdr_manifest_write(&options.known, ctx, ".", "SUMS", NULL, &err));
  EXPECT_INVALID(sapdr_manifest_verify(NULL, NULL, ".", "SUMS", NULL, &err));
  EXPECT_INVALID(sapdr_manifest_verify(NULL, ctx, NULL, "SUMS", NULL, &err));
  EXPECT_INVALID(sapdr_manifest_verify(NULL, ctx, ".", NULL, NULL, &err));
  EXPECT_SIZES(sapdr_manifest_verify_options, verify,
               sapdr_manifest_verify(NULL, ctx, ".", "SUMS", &options.known, &err));
  EXPECT_RESULT_SIZES(sapdr_manifest_verify_result,
                      sapdr_manifest_verify(&options.known, ctx, ".", "SUMS", NULL, &err));
  good.n_paths = 1;
  EXPECT_INVALID(sapdr_manifest_write(NULL, ctx, ".", "SUMS", &good, &err));
  verify.reserved = 1;
  EXPECT_STATUS(SAPDR_E_UNSUPPORTED, sapdr_manifest_verify(NULL, ctx, ".", "SUMS", &verify, &err));
}

int main(void) {
  EXPECT(mkdir("folder", 0700) == 0);
  write_file("a", "a", 1);
  write_file("folder.x", "x", 1);
  write_file("folder/b", "abc", 3);
  EXPECT(symlink("folder/b", "link") == 0);
  sapdr_ctx* ctx = new_context();
  test_sha256();
  test_hasher();
  test_file();
  test_tree(ctx);
  test_manifest(ctx);
  test_cancel(ctx);
  test_arguments(ctx);
  sapdr_ctx_free(ctx);
  return expect_result();
}
