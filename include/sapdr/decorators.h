/* Decorators: a backend around another one.
 *
 * Each call makes a new backend that works on `inner`, which may be freed before it. They can be
 * put around each other: around storage that fails for a moment, say, first a limit, then retries,
 * so that each attempt keeps to the rate:
 *
 *   sapdr_backend_with_limit(&limited, storage, &limit, &err);
 *   sapdr_backend_with_retry(&safe, limited, NULL, &err);
 *
 * A wait ends with SAPDR_E_CANCELLED when the operation that waits is cancelled.
 */
#ifndef SAPDR_DECORATORS_H
#define SAPDR_DECORATORS_H

#include <sapdr/backend.h>

SAPDR_BEGIN_DECLS

typedef struct sapdr_retry_options {
  uint32_t struct_size;
  uint32_t max_attempts;  /* of one call; 0: as many as the time allows */
  int64_t max_elapsed_ns; /* time for one call with all its attempts; 0: 15 minutes */
  int64_t min_wait_ns;    /* pause after the first failure, which doubles with each and varies by
                             half; 0: half a second */
  int64_t max_wait_ns;    /* 0: a minute */
} sapdr_retry_options;

/* Makes calls again that failed with an error whose retry class is SAPDR_RETRY_MAYBE or
 * SAPDR_RETRY_YES. A save that failed and then finds the object stored, with the same content, has
 * succeeded; so has an erase that then finds nothing. The log of the context tells each attempt
 * that failed, and how many there were in the end. @since 0.1 */
SAPDR_API SAPDR_NODISCARD sapdr_status sapdr_backend_with_retry(sapdr_backend **out,
                                                                sapdr_backend *inner,
                                                                const sapdr_retry_options *options,
                                                                sapdr_error **err);

typedef struct sapdr_limit_options {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t upload;    /* bytes a second that are saved; 0: not limited */
  uint64_t download;  /* bytes a second that are loaded; 0: not limited */
} sapdr_limit_options;

/* Keeps to a rate, over all threads and repositories that use it, in turn. It is kept on average: a
 * call waits until its bytes may pass, and then takes the line as fast as it is. @since 0.1 */
SAPDR_API SAPDR_NODISCARD sapdr_status sapdr_backend_with_limit(sapdr_backend **out,
                                                                sapdr_backend *inner,
                                                                const sapdr_limit_options *options,
                                                                sapdr_error **err);

/* Writes nothing to `inner`: saves and erases are accepted and kept in memory, where reads see
 * them, until the new backend is freed. @since 0.1 */
SAPDR_API SAPDR_NODISCARD sapdr_status sapdr_backend_with_dry_run(sapdr_backend **out,
                                                                  sapdr_backend *inner,
                                                                  sapdr_error **err);

/* Calls of a backend, as bits. */
enum {
  SAPDR_CALL_CREATE = 1,
  SAPDR_CALL_EXISTS = 2,
  SAPDR_CALL_SIZE = 4,
  SAPDR_CALL_LOAD = 8,
  SAPDR_CALL_SAVE = 16,
  SAPDR_CALL_LIST = 32,
  SAPDR_CALL_ERASE = 64
};

typedef struct sapdr_fault_options {
  uint32_t struct_size;
  uint32_t calls;       /* SAPDR_CALL_*: which calls count and may fail; 0: all */
  uint64_t fail_at;     /* number of the first call that fails, from 1 on; 0: none */
  uint64_t fail_count;  /* so many fail from there on; 0: 1 */
  double probability;   /* of each call, from 0 to 1 */
  uint64_t seed;        /* decides which calls fail by probability; 0: a new one, told to the log */
  sapdr_status status;  /* what they fail with; 0: SAPDR_E_NETWORK */
  int32_t permanent;    /* 1: trying again does not help (SAPDR_RETRY_NEVER); 0: it may */
  int32_t lose_answer;  /* 1: a call that fails is made nevertheless, as if its answer was lost */
  int32_t reserved;
} sapdr_fault_options;

/* Fails on purpose, to test what is built on it. Which calls fail depends on the seed and on their
 * number alone; messages name both. @since 0.1 */
SAPDR_API SAPDR_NODISCARD sapdr_status sapdr_backend_with_fault(sapdr_backend **out,
                                                                sapdr_backend *inner,
                                                                const sapdr_fault_options *options,
                                                                sapdr_error **err);

SAPDR_END_DECLS

#endif
