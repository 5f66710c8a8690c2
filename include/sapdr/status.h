/* Status codes: what a caller can do about a failure, and the exit code that the command gives it.
 *
 * One table is the source of the C constants, of the names, of the exit codes of `sapdr`, and of
 * the exception classes of the Python package. Values never change; new ones are only added.
 */
#ifndef SAPDR_STATUS_H
#define SAPDR_STATUS_H

#include <sapdr/export.h>

SAPDR_BEGIN_DECLS

/* 0 is success, negative is a failure. */
typedef int32_t sapdr_status;

/* X(NAME, value, exit code, text). Exit codes 0, 1, 3, 10, 11, 12 and 130 mean what they mean for
 * restic; the others start at 20. */
#define SAPDR_STATUS_TABLE(X)                                                                    \
  X(OK, 0, 0, "success")                                                                         \
  X(E_INVALID_ARGUMENT, -1, 20, "an argument is not valid; correct it")                          \
  X(E_INVALID_STATE, -2, 21, "the object cannot do this now")                                    \
  X(E_NOT_FOUND, -3, 22, "what was named does not exist")                                        \
  X(E_EXISTS, -4, 23, "what was to be created exists already")                                   \
  X(E_PERMISSION, -5, 24, "access was denied")                                                   \
  X(E_AUTH, -6, 12, "no key of the repository opens with this password")                         \
  X(E_LOCKED, -7, 11, "the repository is locked by another process; wait or unlock")             \
  X(E_CORRUPT, -8, 25, "stored data is damaged")                                                 \
  X(E_CHECKSUM, -9, 26, "data differs from what it must be")                                     \
  X(E_IO, -10, 27, "reading or writing failed")                                                  \
  X(E_NETWORK, -11, 28, "the network or the remote service failed")                              \
  X(E_TIMEOUT, -12, 29, "it took longer than allowed")                                           \
  X(E_CANCELLED, -13, 130, "it was cancelled")                                                   \
  X(E_UNSUPPORTED, -14, 30, "this version of the library cannot do this")                        \
  X(E_NO_MEMORY, -15, 31, "memory ran out")                                                      \
  X(E_CALLBACK, -16, 32, "a callback of the caller asked to stop")                               \
  X(E_INCOMPLETE, -17, 3, "it finished, but something was skipped; the items say what")          \
  X(E_NO_SPACE, -18, 33, "the disk or quota is full")                                            \
  X(E_AMBIGUOUS, -19, 34, "a name matches more than one object; give more of it")                \
  X(E_INTERNAL, -20, 1, "a defect of the library; please report it")                             \
  X(E_NO_REPOSITORY, -21, 10, "there is no repository at this place")                            \
  X(E_UNSAFE, -22, 35, "stored data is in danger; the findings say of what")                     \
  X(E_GAP, -23, 36, "points in time since the last backup cannot be restored")

#define SAPDR_STATUS_ENUMERATOR_(name, value, exit_code, text) SAPDR_##name = (value),
enum { SAPDR_STATUS_TABLE(SAPDR_STATUS_ENUMERATOR_) SAPDR_STATUS_END_ = 1 };
#undef SAPDR_STATUS_ENUMERATOR_

/* The constant's name, "SAPDR_E_LOCKED"; "unknown" for a value that is in no table. Static, never
 * NULL, any thread. @since 0.1 */
SAPDR_API const char *sapdr_status_name(sapdr_status status);

/* One sentence of the table above. Static, never NULL, any thread. @since 0.1 */
SAPDR_API const char *sapdr_status_text(sapdr_status status);

/* The exit code that the `sapdr` command ends with; 1 for a value that is in no table.
 * Any thread. @since 0.1 */
SAPDR_API int32_t sapdr_status_exit_code(sapdr_status status);

SAPDR_END_DECLS

#endif
