/* Checks for the tests in C: a failed one is told and the test goes on; `expect_result()` is the
 * exit code of the program. */
#ifndef SAPDR_TESTS_EXPECT_H
#define SAPDR_TESTS_EXPECT_H

#include <sapdr/error.h>

extern int expect_failures;

/* Every call that is checked puts its error here. */
extern sapdr_error* err;

void expect_that(int holds, const char* what, const char* file, int line);
void expect_text(const char* expected, const char* text, const char* file, int line);
/* The status is as expected, and the error object tells the same, in one line. */
void expect_status(sapdr_status expected, sapdr_status got, const char* call, const char* file,
                   int line);
int expect_result(void);

#define EXPECT(condition) expect_that((condition) != 0, #condition, __FILE__, __LINE__)
#define EXPECT_TEXT(expected, text) expect_text((expected), (text), __FILE__, __LINE__)
#define EXPECT_STATUS(expected, call) expect_status((expected), (call), #call, __FILE__, __LINE__)
#define EXPECT_OK(call) EXPECT_STATUS(SAPDR_OK, call)
#define EXPECT_INVALID(call) EXPECT_STATUS(SAPDR_E_INVALID_ARGUMENT, call)

#endif
