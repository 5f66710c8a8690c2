/* Storage backends: where the objects of a repository lie.
 *
 * A backend holds small immutable objects under names, nothing else: no encryption, no structure.
 * It may be shared by several repositories and used from any thread. Options of Azure Blob Storage
 * are in azure.h, what can be put around a backend is in decorators.h; how to write one, and to call
 * one, in ext/backend.h.
 */
#ifndef SAPDR_BACKEND_H
#define SAPDR_BACKEND_H

#include <sapdr/context.h>

SAPDR_BEGIN_DECLS

typedef struct sapdr_backend sapdr_backend;

/* Opens the storage at `location` without touching it:
 *   "/srv/repo", "relative/repo", "local:/srv/repo"   a folder
 *   "azure:CONTAINER:/PREFIX", "https://HOST/…"       Azure Blob Storage, see azure.h; account and
 *                                                     credentials come from the environment
 *   "memory:"                                         a new store that lives as long as handles
 *                                                     to it do; for tests
 * SAPDR_E_UNSUPPORTED for a scheme that is not known, SAPDR_E_INVALID_ARGUMENT for a location that
 * is malformed. @since 0.1 */
SAPDR_API SAPDR_NODISCARD sapdr_status sapdr_backend_open(sapdr_backend **out, sapdr_ctx *ctx,
                                                          const char *location,
                                                          sapdr_error **err);

/* The location as it was opened, without secrets. Borrowed. @since 0.1 */
SAPDR_API const char *sapdr_backend_location(const sapdr_backend *backend);

/* Frees the handle; repositories opened on it keep the storage alive. NULL is allowed.
 * @since 0.1 */
SAPDR_API void sapdr_backend_free(sapdr_backend *backend);

SAPDR_END_DECLS

#endif
