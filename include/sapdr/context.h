/* The context: what an application decides once for all its repositories.
 *
 * There is no global state and no init or shutdown call. A context may serve many repositories at
 * once and may be used from any thread; it must outlive no other handle (they keep what they
 * need). A context and everything opened with it is not usable in the child of a fork():
 * operations there fail with SAPDR_E_INVALID_STATE instead of hanging.
 */
#ifndef SAPDR_CONTEXT_H
#define SAPDR_CONTEXT_H

#include <sapdr/error.h>

SAPDR_BEGIN_DECLS

typedef struct sapdr_ctx sapdr_ctx;

enum {
  SAPDR_LOG_ERROR = 1,
  SAPDR_LOG_WARNING = 2,
  SAPDR_LOG_INFO = 3,
  SAPDR_LOG_DEBUG = 4
};

/* One log record; everything in it is borrowed for the duration of the call. */
typedef struct sapdr_log_record {
  uint32_t struct_size;
  int32_t level;         /* SAPDR_LOG_* */
  int64_t time_ns;
  const char *component; /* the room that speaks: "repository", "backup", "storage", … */
  const char *message;   /* one line, no secrets */
} sapdr_log_record;

typedef struct sapdr_ctx_options {
  uint32_t struct_size;
  uint32_t threads;   /* worker threads of one operation; 0: one a core */
  int32_t log_level;  /* highest SAPDR_LOG_* told; 0: SAPDR_LOG_INFO */
  int32_t reserved;
  /* Receives log records; may be called from any thread, but never twice at once. NULL: none. */
  void (*on_log)(void *log_user, const sapdr_log_record *record);
  void *log_user;
} sapdr_ctx_options;

/* A new context. Everything in `options` is copied. @since 0.1 */
SAPDR_API SAPDR_NODISCARD sapdr_status sapdr_ctx_new(sapdr_ctx **out,
                                                     const sapdr_ctx_options *options,
                                                     sapdr_error **err);

/* Frees the context; handles made with it stay valid. NULL is allowed. @since 0.1 */
SAPDR_API void sapdr_ctx_free(sapdr_ctx *ctx);

SAPDR_END_DECLS

#endif
