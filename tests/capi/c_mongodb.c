/* MongoDB through the C ABI, as far as that goes without a server: arguments, and a deployment that
 * does not answer. What a backup does is in tests/interop. */
#include <string.h>

#include "sizes.h"

static const char* const no_server =
    "mongodb://user:hidden-word@127.0.0.1:1/?serverSelectionTimeoutMS=50";

static void test_uris(sapdr_repo* repo) {
  STARTED(sapdr_mongodb_capture, capture);
  EXPECT_INVALID(sapdr_mongodb_backup(&capture, NULL, repo, NULL, NULL, NULL, &err));
  EXPECT_INVALID(sapdr_mongodb_backup(&capture, NULL, repo, "", NULL, NULL, &err));
  sapdr_error* error = NULL;
  EXPECT(sapdr_mongodb_backup(&capture, NULL, repo, "mongodb://user:hidden-word@host:port", NULL,
                              NULL, &error) == SAPDR_E_INVALID_ARGUMENT);
  EXPECT(strstr(sapdr_error_message(error), "hidden-word") == NULL);
  sapdr_error_free(error);
}

static void test_arguments(sapdr_repo* repo) {
  STARTED(sapdr_mongodb_options, good);
  STARTED(sapdr_mongodb_capture, capture);
  const char* const excludes[] = {"*.log"};
  EXPECT_INVALID(sapdr_mongodb_backup(&capture, NULL, NULL, no_server, NULL, NULL, &err));
  EXPECT_SIZES(sapdr_mongodb_options, good,
               sapdr_mongodb_backup(&capture, NULL, repo, no_server, &options.known, NULL, &err));
  good.reserved = 1;
  EXPECT_STATUS(SAPDR_E_UNSUPPORTED,
                sapdr_mongodb_backup(&capture, NULL, repo, no_server, &good, NULL, &err));
  good.reserved = 0;
  good.n_includes = 1;
  EXPECT_INVALID(sapdr_mongodb_backup(&capture, NULL, repo, no_server, &good, NULL, &err));
  STARTED(sapdr_backup_options, files);
  files.excludes = excludes;
  files.n_excludes = 1;
  EXPECT_INVALID(sapdr_mongodb_backup(&capture, NULL, repo, no_server, NULL, &files, &err));
  capture.struct_size = 4;
  EXPECT_INVALID(sapdr_mongodb_backup(&capture, NULL, repo, no_server, NULL, NULL, &err));
}

/* A cancelled run does not wait for a server. */
static void test_no_server(sapdr_repo* repo) {
  STARTED(sapdr_backup_options, options);
  STARTED(sapdr_mongodb_capture, capture);
  STARTED(sapdr_backup_result, result);
  sapdr_cancel* cancel;
  EXPECT_OK(sapdr_cancel_new(&cancel, &err));
  sapdr_cancel_trigger(cancel);
  options.cancel = cancel;
  sapdr_error* error = NULL;
  EXPECT(sapdr_mongodb_backup(&capture, &result, repo, no_server, NULL, &options, &error) ==
         SAPDR_E_CANCELLED);
  const sapdr_error* cause = sapdr_error_cause(error);
  EXPECT(cause == NULL || strstr(sapdr_error_message(cause), "hidden-word") == NULL);
  sapdr_error_free(error);
  EXPECT(result.has_snapshot == 0 && capture.last.seconds == 0);
  sapdr_cancel_free(cancel);
}

static void test_timeline(sapdr_repo* repo) {
  sapdr_mongodb_timeline* timeline;
  EXPECT_OK(sapdr_mongodb_timeline_new(&timeline, repo, NULL, &err));
  EXPECT(sapdr_mongodb_timeline_size(timeline) == 0);
  EXPECT(sapdr_mongodb_timeline_at(timeline, 0) == NULL);
  sapdr_mongodb_timeline_free(timeline);

  EXPECT_INVALID(sapdr_mongodb_timeline_new(NULL, repo, NULL, &err));
  EXPECT_INVALID(sapdr_mongodb_timeline_new(&timeline, NULL, NULL, &err));
  EXPECT(timeline == NULL);
  EXPECT(sapdr_mongodb_timeline_size(NULL) == 0 && sapdr_mongodb_timeline_at(NULL, 0) == NULL);
  sapdr_mongodb_timeline_free(NULL);
}

int main(void) {
  sapdr_ctx* ctx = new_context();
  sapdr_repo* repo = new_repository(ctx);
  test_uris(repo);
  test_arguments(repo);
  test_no_server(repo);
  test_timeline(repo);
  sapdr_repo_free(repo);
  sapdr_ctx_free(ctx);
  return expect_result();
}
