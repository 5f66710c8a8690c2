/* Caches: what remote repositories were asked for, kept on this machine's disk.
 *
 * A repository is opened with a cache if its options name a folder for it (cache_dir of
 * sapdr_repo_open_options) and its storage is remote; all repositories may have the same one. Kept
 * are snapshots, indexes, folders of snapshots and records of what was verified, encrypted as they
 * are in the storage, so that listing and the next backup do not load them again. What is read from
 * a cache is proven like everything else. Damage or loss of it costs time and nothing else; check,
 * repair and prune do not rely on it. The functions here need no repository and no password.
 */
#ifndef SAPDR_CACHE_H
#define SAPDR_CACHE_H

#include <sapdr/context.h>

SAPDR_BEGIN_DECLS

/* The cache of one repository. Everything is borrowed from the list. */
typedef struct sapdr_cache {
  uint32_t struct_size;
  uint32_t reserved;
  const char *repository_id;  /* 64 hexadecimal digits */
  uint64_t files;
  uint64_t bytes;
  int64_t used_ns;            /* when the repository was last opened with it */
} sapdr_cache;

typedef struct sapdr_cache_list sapdr_cache_list;

/* The caches in the folder `dir`, last used first; none if there is no such folder. @since 0.1 */
SAPDR_API SAPDR_NODISCARD sapdr_status sapdr_cache_list_new(sapdr_cache_list **out, sapdr_ctx *ctx,
                                                            const char *dir, sapdr_error **err);
SAPDR_API size_t sapdr_cache_list_size(const sapdr_cache_list *list); /* @since 0.1 */
/* Borrowed from the list; NULL past its end. @since 0.1 */
SAPDR_API const sapdr_cache *sapdr_cache_list_at(const sapdr_cache_list *list, size_t at);
SAPDR_API void sapdr_cache_list_free(sapdr_cache_list *list); /* NULL allowed; @since 0.1 */

/* Removes the caches in the folder `dir` that were not used for `max_age_ns`, 0: all. `*removed`,
 * which may be NULL, receives what they were. A repository that is open goes on without its cache.
 * If one cannot be removed, the others are, and the call fails with its error. @since 0.1 */
SAPDR_API SAPDR_NODISCARD sapdr_status sapdr_cache_remove(sapdr_cache_list **removed,
                                                          sapdr_ctx *ctx, const char *dir,
                                                          int64_t max_age_ns, sapdr_error **err);

SAPDR_END_DECLS

#endif
