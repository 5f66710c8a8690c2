/* Stopping a long operation from another thread.
 *
 * Give one handle to the options of an operation and trigger it at any time. The operation ends
 * with SAPDR_E_CANCELLED at the next chunk; the repository stays consistent, what was uploaded is
 * found again by the next run.
 */
#ifndef SAPDR_CANCEL_H
#define SAPDR_CANCEL_H

#include <sapdr/error.h>

SAPDR_BEGIN_DECLS

typedef struct sapdr_cancel sapdr_cancel;

/* A new handle, not triggered. @since 0.1 */
SAPDR_API SAPDR_NODISCARD sapdr_status sapdr_cancel_new(sapdr_cancel **out, sapdr_error **err);

/* Asks every operation that was given this handle to stop. One atomic store: any thread, any
 * number of times, also inside a signal handler. NULL is allowed. @since 0.1 */
SAPDR_API void sapdr_cancel_trigger(sapdr_cancel *cancel);

/* 1 once triggered, else 0. Any thread. @since 0.1 */
SAPDR_API int32_t sapdr_cancel_is_triggered(const sapdr_cancel *cancel);

/* Makes a handle usable again; not while an operation uses it. @since 0.1 */
SAPDR_API void sapdr_cancel_reset(sapdr_cancel *cancel);

/* Frees the handle, which no running operation may use any more. NULL is allowed. @since 0.1 */
SAPDR_API void sapdr_cancel_free(sapdr_cancel *cancel);

SAPDR_END_DECLS

#endif
