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

/* Who is served first when threads wait for a disk, as far as its scheduler in Linux knows classes
 * (BFQ does, mq-deadline in part). */
enum {
  SAPDR_IO_UNCHANGED = 0,   /* as the thread that calls */
  SAPDR_IO_BEST_EFFORT = 1, /* by level */
  SAPDR_IO_IDLE = 2         /* when nobody else wants the disk */
};

typedef struct sapdr_ctx_options {
  uint32_t struct_size;
  uint32_t threads;   /* worker threads of one operation; 0: one a core */
  int32_t log_level;  /* highest SAPDR_LOG_* told; 0: SAPDR_LOG_INFO */
  int32_t reserved;
  /* Receives log records; may be called from any thread, but never twice at once. NULL: none. */
  void (*on_log)(void *log_user, const sapdr_log_record *record);
  void *log_user;
  /* How gently all that is done with this context treats the machine that others work on. If any of
   * these is set, operations run on threads of their own while the caller's waits: a thread cannot
   * undo any of it without privileges, so the caller's stays as it is. What Linux refuses is logged
   * as a warning. Callbacks run at the same pace, and so does storage of the caller's. */
  uint32_t limit_cpu_percent; /* processor time of all threads together, in percent of one core: 50
                               * is half of one, 200 two; 0: no limit. Kept within some 100 ms:
                               * threads sleep, for as long as it takes to make up for a piece */
  int32_t nice;      /* nice value of the threads, 0 to 19; nicer ones stay so */
  int32_t io_class;  /* SAPDR_IO_* */
  uint32_t io_level; /* of SAPDR_IO_BEST_EFFORT: 1 goes first, 7 last; 0: 7 */
} sapdr_ctx_options;

/* A new context. Everything in `options` is copied. @since 0.1 */
SAPDR_API SAPDR_NODISCARD sapdr_status sapdr_ctx_new(sapdr_ctx **out,
                                                     const sapdr_ctx_options *options,
                                                     sapdr_error **err);

/* Frees the context; handles made with it stay valid. NULL is allowed. @since 0.1 */
SAPDR_API void sapdr_ctx_free(sapdr_ctx *ctx);

SAPDR_END_DECLS

#endif
