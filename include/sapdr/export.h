/* What is exported, and how. Included by every other header; nothing here is called.
 *
 * Conventions of the whole ABI (docs/CONVENTIONS.md has the long form):
 *   - `T **out` receives an owned object, freed with `sapdr_T_free`; `const T *` and `const char *`
 *     are borrowed from the object they were asked of, until that object is freed.
 *   - A failing call returns a negative sapdr_status, sets `*out` to NULL and, where `err` is not
 *     NULL, `*err` to a new owned sapdr_error. On success `*err` is not touched.
 *   - Options structs start with `struct_size`; initialise them with SAPDR_INIT. Zero means
 *     default in every field, NULL means all defaults.
 *   - Distinct handles may be used in parallel; one handle from one thread at a time, except
 *     where a header says otherwise.
 *   - Strings are UTF-8 and end in NUL; local paths are the bytes that the system takes. Paths
 *     inside snapshots may hold any byte but NUL and have an explicit length beside them.
 *   - Sizes are in bytes, times in nanoseconds since 1970-01-01T00:00:00Z, durations in
 *     nanoseconds, unless a name ends in another unit.
 */
#ifndef SAPDR_EXPORT_H
#define SAPDR_EXPORT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__GNUC__)
#define SAPDR_API __attribute__((visibility("default")))
#define SAPDR_NODISCARD __attribute__((warn_unused_result))
#else
#define SAPDR_API
#define SAPDR_NODISCARD
#endif

/* Zeroes the struct that `p` points to and stamps its size: the one way to start every options,
 * result and observer struct. `p` is evaluated three times. @since 0.1 */
#define SAPDR_INIT(p) (memset((p), 0, sizeof *(p)), (p)->struct_size = (uint32_t)sizeof *(p))

#ifdef __cplusplus
#define SAPDR_BEGIN_DECLS extern "C" {
#define SAPDR_END_DECLS }
#else
#define SAPDR_BEGIN_DECLS
#define SAPDR_END_DECLS
#endif

#endif
