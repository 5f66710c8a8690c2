/* MongoDB: a replica set becomes snapshots from which any second since can be restored.
 *
 * OVERVIEW
 *   A full backup reads all data while others write, and the oplog beside it, from before the first
 *   read to after the last. Every further backup reads the oplog since the one before: its snapshot
 *   has the data of the full one and all of the oplog since, so each can be restored by itself, and
 *   any of them may be forgotten. Nothing of it is stored twice.
 *
 *   The tree of a snapshot is a folder as mongodump makes it, /mongodb/REPLICA_SET, which
 *   `mongorestore --oplogReplay --oplogLimit` restores to any time from `consistent` to `last`.
 *
 * USAGE
 *   sapdr_mongodb_capture capture;
 *   SAPDR_INIT(&capture);
 *   sapdr_mongodb_backup(&capture, NULL, repo, getenv("MONGO_URI"), NULL, NULL, &err);
 */
#ifndef SAPDR_MONGODB_H
#define SAPDR_MONGODB_H

#include <sapdr/backup.h>

SAPDR_BEGIN_DECLS

/* A point in the history of a replica set: a BSON timestamp. Both are 0 where there is none. */
typedef struct sapdr_oplog_time {
  uint32_t seconds;   /* since 1970-01-01T00:00:00Z */
  uint32_t increment; /* within that second, from 1 on */
} sapdr_oplog_time;

typedef struct sapdr_mongodb_options {
  uint32_t struct_size;
  int32_t full;               /* 1: read all data again, also where the oplog since the last backup
                                 would do */
  const char *const *includes; /* databases and collections to back up: "DATABASE" or
                                  "DATABASE.COLLECTION", with *, ? and []; none: all of them. Neither
                                  `local` nor `config` */
  size_t n_includes;
  const char *const *excludes; /* the same, not to back up */
  size_t n_excludes;
  uint64_t limit_read;        /* bytes a second to read from the servers; 0: no limit */
  uint32_t batch_documents;   /* how many documents to ask for at once; 0: as many as the server
                                 sends, 16 MiB */
  int32_t reserved;
} sapdr_mongodb_options;

/* What a backup read. */
typedef struct sapdr_mongodb_capture {
  uint32_t struct_size;
  int32_t is_full;
  int32_t has_oplog;          /* 0: a standalone server, of which no point in time can be restored */
  int32_t has_gap;            /* 1: nothing between gap_from and gap_to can be restored */
  sapdr_oplog_time consistent; /* any time from here … */
  sapdr_oplog_time last;      /* … to here can be restored from the snapshot */
  sapdr_oplog_time gap_from;
  sapdr_oplog_time gap_to;
  uint64_t collections;       /* collections, views and time series in the snapshot */
  uint64_t documents;         /* in their files */
  uint64_t document_bytes;
  uint64_t oplog_entries;     /* in the snapshot's oplog */
  uint64_t oplog_bytes;
  int32_t has_bridge;         /* 1: bridge_id is another snapshot that was stored beside a full one: by
                                 it the history of the snapshots before reaches up to this one */
  int32_t reserved;
  sapdr_id bridge_id;
} sapdr_mongodb_capture;

/* Backs up the deployment of a connection string ("mongodb://…"). Reads go to secondaries unless
 * the string has a readPreference. A user needs the role `backup`. Of `options`, what is about files
 * is refused, and `parent` means nothing. `capture` and `result` may be NULL, else they must be
 * started with SAPDR_INIT.
 *
 * SAPDR_E_GAP if the oplog does not reach back to the last snapshot: all data was read then, and the
 * snapshot is stored. SAPDR_E_INVALID_ARGUMENT for a string that is none, SAPDR_E_UNSUPPORTED for a
 * sharded cluster, SAPDR_E_PERMISSION, SAPDR_E_NETWORK for servers that do not answer: a connection
 * that is lost, or a primary that steps down, is waited for. The string is not kept, and is in no
 * message. @since 0.1 */
SAPDR_API SAPDR_NODISCARD sapdr_status sapdr_mongodb_backup(sapdr_mongodb_capture *capture,
                                                            sapdr_backup_result *result,
                                                            sapdr_repo *repo, const char *uri,
                                                            const sapdr_mongodb_options *mongodb,
                                                            const sapdr_backup_options *options,
                                                            sapdr_error **err);

/* Which times can be restored: for each deployment, ranges of time. Between two ranges of one
 * deployment is a gap. */
typedef struct sapdr_mongodb_timeline sapdr_mongodb_timeline;

/* One range. Everything is borrowed from the timeline. */
typedef struct sapdr_mongodb_range {
  uint32_t struct_size;
  int32_t has_oplog;           /* 0: snapshots of a standalone server: of no time that is known */
  const char *replica_set;     /* "" for a standalone server */
  const char *replica_set_id;  /* hexadecimal: what tells replica sets of one name apart */
  const char *const *includes; /* what the backups were told to include and exclude */
  size_t n_includes;
  const char *const *excludes;
  size_t n_excludes;
  sapdr_oplog_time from;
  sapdr_oplog_time to;
  const sapdr_id *snapshots;   /* oldest first; each time is in one at least */
  size_t n_snapshots;
} sapdr_mongodb_range;

/* Reads what the snapshots of MongoDB say about themselves. Damaged ones are logged and left out.
 * `cancel` may be NULL. @since 0.1 */
SAPDR_API SAPDR_NODISCARD sapdr_status sapdr_mongodb_timeline_new(sapdr_mongodb_timeline **out,
                                                                  sapdr_repo *repo,
                                                                  sapdr_cancel *cancel,
                                                                  sapdr_error **err);
SAPDR_API size_t sapdr_mongodb_timeline_size(const sapdr_mongodb_timeline *timeline); /* @since 0.1 */
/* By deployments, oldest first. Borrowed from the timeline; NULL past its end. @since 0.1 */
SAPDR_API const sapdr_mongodb_range *sapdr_mongodb_timeline_at(
    const sapdr_mongodb_timeline *timeline, size_t at);
SAPDR_API void sapdr_mongodb_timeline_free(sapdr_mongodb_timeline *timeline); /* NULL allowed;
                                                                                 @since 0.1 */

SAPDR_END_DECLS

#endif
