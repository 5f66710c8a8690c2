/* What the tests in C begin with: a context, a repository with a cheap key, files. */
#ifndef SAPDR_TESTS_FIXTURE_H
#define SAPDR_TESTS_FIXTURE_H

#include <sapdr/sapdr.h>

#include "expect.h"

sapdr_ctx* new_context(void);

sapdr_repo_init_options cheap_init(void);
sapdr_repo_open_options open_options(void); /* with the same password */

/* A new repository in memory; ends the test if there is none. */
sapdr_repo* new_repository(sapdr_ctx* ctx);

size_t n_snapshots(sapdr_repo* repo);

void write_file(const char* path, const void* data, size_t size);
/* Whether the file holds exactly these bytes. */
int file_is(const char* path, const void* data, size_t size);

#endif
