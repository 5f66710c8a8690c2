/* What went wrong: the one error channel of the library.
 *
 * An error is an owned, immutable object: a status, a one-line message that names the object and
 * what to do, whether trying again makes sense, details as key and value, and the error that
 * caused it. It holds no reference to any other handle and may be read from any thread.
 */
#ifndef SAPDR_ERROR_H
#define SAPDR_ERROR_H

#include <sapdr/status.h>

SAPDR_BEGIN_DECLS

typedef struct sapdr_error sapdr_error;

/* Whether the same call may succeed later without anything being changed. */
enum {
  SAPDR_RETRY_NEVER = 0,
  SAPDR_RETRY_MAYBE = 1,
  SAPDR_RETRY_YES = 2
};

/* The status of `error`; SAPDR_OK for NULL. @since 0.1 */
SAPDR_API sapdr_status sapdr_error_code(const sapdr_error *error);

/* One line without a newline and without secrets; "" for NULL. Borrowed. @since 0.1 */
SAPDR_API const char *sapdr_error_message(const sapdr_error *error);

/* SAPDR_RETRY_*; SAPDR_RETRY_NEVER for NULL. @since 0.1 */
SAPDR_API int32_t sapdr_error_retryable(const sapdr_error *error);

/* The value of a detail ("path", "pack", "snapshot", "backend", "errno", …), or NULL if the error
 * has no such detail. Borrowed. @since 0.1 */
SAPDR_API const char *sapdr_error_detail(const sapdr_error *error, const char *key);

/* The error that caused this one, or NULL. Borrowed. @since 0.1 */
SAPDR_API const sapdr_error *sapdr_error_cause(const sapdr_error *error);

/* A new error, for callbacks and plug-ins that report a failure; `message` is copied. Its retry
 * class is SAPDR_RETRY_MAYBE for SAPDR_E_NETWORK and SAPDR_E_TIMEOUT, else SAPDR_RETRY_NEVER.
 * Returns a static object, never NULL, when memory is out. @since 0.1 */
SAPDR_API sapdr_error *sapdr_error_new(sapdr_status code, const char *message);

/* What else an error may say. Everything is copied. */
typedef struct sapdr_error_options {
  uint32_t struct_size;
  int32_t retryable;           /* SAPDR_RETRY_* */
  const sapdr_error *cause;    /* NULL: none */
  const char *const *details;  /* key, value, key, value, … */
  size_t n_details;            /* number of pairs */
} sapdr_error_options;

/* The same with more to say; `options` may be NULL. Options that are not valid give an error that
 * says so. @since 0.1 */
SAPDR_API sapdr_error *sapdr_error_new_with(sapdr_status code, const char *message,
                                            const sapdr_error_options *options);

/* Another error that says the same, for callbacks that pass on what they were told; NULL for NULL.
 * Returns a static object when memory is out. @since 0.1 */
SAPDR_API sapdr_error *sapdr_error_copy(const sapdr_error *error);

/* Frees `error`; NULL is allowed. @since 0.1 */
SAPDR_API void sapdr_error_free(sapdr_error *error);

SAPDR_END_DECLS

#endif
