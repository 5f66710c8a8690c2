#include "expect.h"

#include <stdio.h>
#include <string.h>

int expect_failures = 0;
sapdr_error* err = NULL;

static int checks = 0;

void expect_that(int holds, const char* what, const char* file, int line) {
  ++checks;
  if (holds) return;
  ++expect_failures;
  fprintf(stderr, "%s:%d: %s\n", file, line, what);
}

void expect_text(const char* expected, const char* text, const char* file, int line) {
  expect_that(strcmp(expected, text) == 0, text, file, line);
}

void expect_status(sapdr_status expected, sapdr_status got, const char* call, const char* file,
                   int line) {
  const char* message = sapdr_error_message(err);
  if (got != expected) {
    fprintf(stderr, "%s gave %s (%s), not %s\n", call, sapdr_status_name(got), message,
            sapdr_status_name(expected));
  }
  expect_that(got == expected, "the status", file, line);
  expect_that((err != NULL) == (got != SAPDR_OK), "an error object only of a failure", file, line);
  expect_that(sapdr_error_code(err) == got, "the code of the error", file, line);
  expect_that((message[0] != '\0') == (got != SAPDR_OK), "a message", file, line);
  expect_that(strchr(message, '\n') == NULL, "one line", file, line);
  sapdr_error_free(err);
  err = NULL;
}

int expect_result(void) {
  fprintf(stderr, "%d checks, %d failed\n", checks, expect_failures);
  return expect_failures == 0 ? 0 : 1;
}
