/* Tag: the tags of snapshots, changed afterwards.
 *
 * A snapshot cannot change: its name is the hash of its content. So one with other tags takes its
 * place, under another id; it names the first one as its original, and is verified if that was. It
 * is durable before the old one is erased: killed at any point, both exist at most.
 */
#ifndef SAPDR_TAG_H
#define SAPDR_TAG_H

#include <sapdr/snapshot.h>

SAPDR_BEGIN_DECLS

typedef struct sapdr_tag_options {
  uint32_t struct_size;
  uint32_t reserved;
  const sapdr_observer *observer; /* on_item tells each snapshot: SAPDR_ITEM_MODIFIED, with the old
                                     id as object_id and the new one as snapshot_id, or
                                     SAPDR_ITEM_UNCHANGED */
  sapdr_cancel *cancel;
  const char *const *add;         /* tags to be added */
  size_t n_add;
  const char *const *remove;      /* tags to be taken away, after that */
  size_t n_remove;
  const char *const *set;         /* instead of these two: the tags from now on, or one empty
                                     string for none */
  size_t n_set;
} sapdr_tag_options;

typedef struct sapdr_tag_result {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t changed;    /* snapshots that were replaced by ones with other tags */
  uint64_t unchanged;  /* snapshots that had these tags already, and were left alone */
  uint64_t elapsed_ns;
} sapdr_tag_result;

/* Changes the tags of the named snapshots ("latest" of those that match `filter`, ids or unique
 * prefixes), or if `n_snapshots` is 0 of all that match. Takes an exclusive lock. `result` may be
 * NULL and is filled in whatever the status is. SAPDR_E_NOT_FOUND or SAPDR_E_AMBIGUOUS for a name,
 * before anything is changed; SAPDR_E_INVALID_ARGUMENT if the options say nothing, or `set` beside
 * `add` or `remove`. @since 0.1 */
SAPDR_API SAPDR_NODISCARD sapdr_status sapdr_tag_run(sapdr_tag_result *result, sapdr_repo *repo,
                                                     const char *const *snapshots,
                                                     size_t n_snapshots,
                                                     const sapdr_snapshot_filter *filter,
                                                     const sapdr_tag_options *options,
                                                     sapdr_error **err);

SAPDR_END_DECLS

#endif
