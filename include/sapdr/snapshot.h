/* Snapshots: list them, find one, read what it says of itself.
 *
 * A snapshot is *written* once its run ended, and *verified* once every pack it needs was read
 * back and found right; `sapdr_snapshot_verified_ns` tells when. Only a verified snapshot should
 * count as the last good one.
 */
#ifndef SAPDR_SNAPSHOT_H
#define SAPDR_SNAPSHOT_H

#include <sapdr/repository.h>

SAPDR_BEGIN_DECLS

/* Immutable; may be read from any thread and outlives its repository. */
typedef struct sapdr_snapshot sapdr_snapshot;
typedef struct sapdr_snapshot_list sapdr_snapshot_list;

/* Which snapshots are meant: those that match one of the hosts (any if there are none), all of
 * the tags, one of the lists of tags, and all of the paths. The tag "" is that of snapshots without
 * tags. */
typedef struct sapdr_snapshot_filter {
  uint32_t struct_size;
  uint32_t reserved;
  const char *const *hosts;
  size_t n_hosts;
  const char *const *tags;
  size_t n_tags;
  const char *const *paths; /* absolute, as the snapshots hold them */
  size_t n_paths;
  const char *const *tag_lists; /* each "a,b": all of these tags; what has those of one list */
  size_t n_tag_lists;
} sapdr_snapshot_filter;

/* The snapshots that match, oldest first. An unreadable snapshot is an error
 * (SAPDR_E_CORRUPT), not left out. @since 0.1 */
SAPDR_API SAPDR_NODISCARD sapdr_status sapdr_snapshot_list_new(sapdr_snapshot_list **out,
                                                               sapdr_repo *repo,
                                                               const sapdr_snapshot_filter *filter,
                                                               sapdr_error **err);
/* The same of a repository with damage: what cannot be read is no error, but told by the list, next
 * to those that match. @since 0.1 */
SAPDR_API SAPDR_NODISCARD sapdr_status
sapdr_snapshot_list_readable(sapdr_snapshot_list **out, sapdr_repo *repo,
                             const sapdr_snapshot_filter *filter, sapdr_error **err);
/* Snapshots that cannot be read, whether they would match or not. @since 0.1 */
SAPDR_API size_t sapdr_snapshot_list_n_damaged(const sapdr_snapshot_list *list);
/* Why one of them cannot be; the message names it. Borrowed from the list; NULL past the last.
 * @since 0.1 */
SAPDR_API const sapdr_error *sapdr_snapshot_list_damaged_at(const sapdr_snapshot_list *list,
                                                            size_t at);
SAPDR_API size_t sapdr_snapshot_list_size(const sapdr_snapshot_list *list); /* @since 0.1 */
/* Borrowed from the list; NULL past its end. @since 0.1 */
SAPDR_API const sapdr_snapshot *sapdr_snapshot_list_at(const sapdr_snapshot_list *list, size_t at);
SAPDR_API void sapdr_snapshot_list_free(sapdr_snapshot_list *list); /* NULL allowed; @since 0.1 */

/* Finds one: `name` is "latest" (of those that match the filter), an id or a unique prefix of
 * one. Where a function takes the name of a snapshot, ":PATH" behind it names a folder inside,
 * which then is the root ("latest:/srv/models").
 * SAPDR_E_NOT_FOUND, SAPDR_E_AMBIGUOUS; SAPDR_E_CORRUPT if it cannot be read or, for "latest", if
 * one cannot that may be later: the message names it, and the latest one that can. @since 0.1 */
SAPDR_API SAPDR_NODISCARD sapdr_status sapdr_snapshot_get(sapdr_snapshot **out, sapdr_repo *repo,
                                                          const char *name,
                                                          const sapdr_snapshot_filter *filter,
                                                          sapdr_error **err);
SAPDR_API void sapdr_snapshot_free(sapdr_snapshot *snapshot); /* NULL allowed; @since 0.1 */

/* Getters: strings are borrowed and never NULL unless said. All @since 0.1 */
SAPDR_API sapdr_id sapdr_snapshot_id(const sapdr_snapshot *snapshot);
SAPDR_API const char *sapdr_snapshot_hex(const sapdr_snapshot *snapshot); /* the id, 64 digits */
SAPDR_API const char *sapdr_snapshot_tree_hex(const sapdr_snapshot *snapshot);
SAPDR_API const char *sapdr_snapshot_parent_hex(const sapdr_snapshot *snapshot); /* NULL: none */
SAPDR_API int64_t sapdr_snapshot_time_ns(const sapdr_snapshot *snapshot);
SAPDR_API const char *sapdr_snapshot_host(const sapdr_snapshot *snapshot);
SAPDR_API const char *sapdr_snapshot_user(const sapdr_snapshot *snapshot);
SAPDR_API const char *sapdr_snapshot_program(const sapdr_snapshot *snapshot); /* "" if unknown */
SAPDR_API size_t sapdr_snapshot_n_paths(const sapdr_snapshot *snapshot);
SAPDR_API const char *sapdr_snapshot_path(const sapdr_snapshot *snapshot, size_t at);
SAPDR_API size_t sapdr_snapshot_n_tags(const sapdr_snapshot *snapshot);
SAPDR_API const char *sapdr_snapshot_tag(const sapdr_snapshot *snapshot, size_t at);
/* Files and bytes in it, as its writer noted; 0 if it noted nothing. */
SAPDR_API uint64_t sapdr_snapshot_files(const sapdr_snapshot *snapshot);
SAPDR_API uint64_t sapdr_snapshot_bytes(const sapdr_snapshot *snapshot);
/* When the last run proved that every pack of it is right; 0: never, it is only written. */
SAPDR_API int64_t sapdr_snapshot_verified_ns(const sapdr_snapshot *snapshot);

SAPDR_END_DECLS

#endif
