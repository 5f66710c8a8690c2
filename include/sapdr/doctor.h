/* Doctor: what protects the data of a repository where it is stored, and what endangers it.
 *
 * The storage is asked about itself (redundancy, soft delete, versions, immutability, lifecycle
 * rules, its clock, what the credential may do; of a folder: its filesystem and its modes), and what
 * it says is judged. Nothing is changed, and no password is needed. What cannot be found out is a
 * finding as well, and says how to allow it.
 */
#ifndef SAPDR_DOCTOR_H
#define SAPDR_DOCTOR_H

#include <sapdr/backend.h>
#include <sapdr/cancel.h>

SAPDR_BEGIN_DECLS

/* What a finding means for the data. */
enum {
  SAPDR_SEVERITY_OK = 0,
  SAPDR_SEVERITY_NOTE = 1,    /* a choice that was made, and what follows from it */
  SAPDR_SEVERITY_WARNING = 2, /* one mishap or one attack away from losing data */
  SAPDR_SEVERITY_DANGER = 3,  /* data will be lost, or backups fail */
  SAPDR_SEVERITY_UNKNOWN = 4  /* could not be found out */
};

/* What the credential is there for: a right may be needed, or too much. */
enum {
  SAPDR_DUTY_BACKUP = 0,  /* reads and adds; should delete nothing but locks */
  SAPDR_DUTY_RESTORE = 1, /* reads */
  SAPDR_DUTY_PRUNE = 2    /* deletes */
};

typedef struct sapdr_doctor_options {
  uint32_t struct_size;
  int32_t duty;         /* SAPDR_DUTY_* */
  sapdr_cancel *cancel; /* NULL: none */
} sapdr_doctor_options;

/* One finding. Everything is borrowed from the list. */
typedef struct sapdr_finding {
  uint32_t struct_size;
  int32_t severity;    /* SAPDR_SEVERITY_* */
  const char *code;    /* what it is about: "soft-delete"; never changes, docs/JSON.md has all */
  const char *object;  /* account, container or folder */
  const char *message; /* one line: what it means, and what to do */
} sapdr_finding;

typedef struct sapdr_finding_list sapdr_finding_list;

/* Asks the storage and judges what it says; takes seconds. The status does not depend on what is
 * found. SAPDR_E_NOT_FOUND if the container or folder does not exist; else what keeps the storage
 * from answering. Any thread. @since 0.1 */
SAPDR_API SAPDR_NODISCARD sapdr_status sapdr_doctor_run(sapdr_finding_list **out,
                                                        sapdr_backend *backend,
                                                        const sapdr_doctor_options *options,
                                                        sapdr_error **err);
SAPDR_API size_t sapdr_finding_list_size(const sapdr_finding_list *list); /* @since 0.1 */
/* Borrowed from the list; NULL past its end. @since 0.1 */
SAPDR_API const sapdr_finding *sapdr_finding_list_at(const sapdr_finding_list *list, size_t at);
/* SAPDR_E_UNSAFE if a finding is a danger; the error tells the first one, its code in the detail
 * "finding". @since 0.1 */
SAPDR_API SAPDR_NODISCARD sapdr_status sapdr_finding_list_verify(const sapdr_finding_list *list,
                                                                 sapdr_error **err);
SAPDR_API void sapdr_finding_list_free(sapdr_finding_list *list); /* NULL allowed; @since 0.1 */

/* "ok", "note", … for SAPDR_SEVERITY_*; "unknown" for anything else. Static, never NULL, any
 * thread. @since 0.1 */
SAPDR_API const char *sapdr_severity_name(int32_t severity);

SAPDR_END_DECLS

#endif
