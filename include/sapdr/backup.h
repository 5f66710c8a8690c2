/* Backup: files, folders or streams become a snapshot.
 *
 * A run ends in one of four ways: it failed (a status, no snapshot), it is incomplete (a snapshot
 * without what could not be read: SAPDR_E_INCOMPLETE, and the items say what), written, or, with
 * `verify`, verified. Killing a run at any moment costs only its own work: what it stored is found
 * again by the next run.
 */
#ifndef SAPDR_BACKUP_H
#define SAPDR_BACKUP_H

#include <sapdr/snapshot.h>

SAPDR_BEGIN_DECLS

/* Where files are cut into blobs. Cut points are always restic's: what restic has stored is found
 * again, and the other way round. */
enum {
  SAPDR_CHUNKER_AUTO = 0,     /* also at the edges of tensors in files named *.safetensors or
                                 *.gguf, so that a tensor that changes is stored anew, and nothing
                                 else */
  SAPDR_CHUNKER_RESTIC = 1    /* nowhere else */
};

typedef struct sapdr_backup_options {
  uint32_t struct_size;
  int32_t verify;             /* 1: read back every pack the snapshot needs that was not verified
                                 within verify_max_age_ns, and record it */
  const sapdr_observer *observer;
  sapdr_cancel *cancel;
  const char *host;           /* NULL: this host's name */
  const char *const *tags;
  size_t n_tags;
  int64_t time_ns;            /* time of the snapshot; 0: now */
  const char *parent;         /* snapshot to compare with; NULL: the latest of the same host and
                                 paths; "none": read everything */
  const char *const *excludes;            /* patterns as in .gitignore */
  size_t n_excludes;
  const char *const *iexcludes;           /* the same, upper and lower case alike */
  size_t n_iexcludes;
  const char *const *exclude_files;       /* files with one pattern a line, # comments */
  size_t n_exclude_files;
  const char *const *exclude_if_present;  /* "NAME" or "NAME:first bytes": leaves out what is in
                                             a folder that holds such a file, not the folder */
  size_t n_exclude_if_present;
  uint64_t exclude_larger_than;           /* leaves out bigger files; 0: none */
  int32_t exclude_caches;     /* 1: the same for folders with a valid CACHEDIR.TAG */
  int32_t one_file_system;    /* 1: do not cross mount points */
  int32_t ignore_inode;       /* 1: a changed inode alone does not make a file modified */
  int32_t ignore_ctime;       /* 1: a changed ctime alone does not make a file modified */
  int32_t with_atime;         /* 1: keep access times */
  int32_t dry_run;            /* 1: read and compare, store nothing */
  int64_t verify_max_age_ns;  /* 0: 30 days */
  int32_t chunker;            /* SAPDR_CHUNKER_* */
  int32_t reserved;
} sapdr_backup_options;

/* The end of a run. */
enum {
  SAPDR_BACKUP_FAILED = 0,
  SAPDR_BACKUP_INCOMPLETE = 1,
  SAPDR_BACKUP_WRITTEN = 2,
  SAPDR_BACKUP_VERIFIED = 3
};

/* What a run did; filled in as far as it got, whatever the status is. */
typedef struct sapdr_backup_result {
  uint32_t struct_size;
  int32_t state;              /* SAPDR_BACKUP_* */
  int32_t has_snapshot;       /* 1: snapshot_id is that of a stored snapshot */
  int32_t has_parent;
  sapdr_id snapshot_id;
  sapdr_id parent_id;
  uint64_t files_new;
  uint64_t files_changed;
  uint64_t files_unmodified;
  uint64_t dirs_new;
  uint64_t dirs_changed;
  uint64_t dirs_unmodified;
  uint64_t items_total;       /* files, folders, links and the rest in the snapshot */
  uint64_t items_failed;      /* could not be read: named in items */
  uint64_t bytes_total;       /* bytes of the files in the snapshot */
  uint64_t bytes_read;        /* bytes read from files */
  uint64_t data_blobs_new;
  uint64_t tree_blobs_new;
  uint64_t bytes_new;         /* plaintext bytes of the new blobs */
  uint64_t bytes_stored;      /* bytes of the new blobs as stored, before pack headers */
  uint64_t packs_new;
  uint64_t packs_verified;    /* packs read back by `verify` */
  uint64_t bytes_verified;
  uint64_t elapsed_ns;
} sapdr_backup_result;

/* Backs up local paths into one snapshot. `result` may be NULL; else it must be started with
 * SAPDR_INIT. SAPDR_E_NOT_FOUND if one of the paths does not exist (nothing is stored then),
 * SAPDR_E_INCOMPLETE if something inside was skipped. @since 0.1 */
SAPDR_API SAPDR_NODISCARD sapdr_status sapdr_backup_run(sapdr_backup_result *result,
                                                        sapdr_repo *repo,
                                                        const char *const *paths, size_t n_paths,
                                                        const sapdr_backup_options *options,
                                                        sapdr_error **err);

/* A named stream of bytes that becomes one file of a snapshot. */
typedef struct sapdr_stream {
  uint32_t struct_size;
  uint32_t mode;       /* permission bits; 0: 0600 */
  const char *path;    /* absolute path in the snapshot, "/dump/orders.bson" */
  int64_t mtime_ns;    /* 0: the time of the snapshot */
  uint64_t size_hint;  /* for progress; 0: unknown */
  void *user;
  /* Reads up to `capacity` bytes into `buffer` and sets `*size`; 0 bytes is the end. Called from
   * a worker thread, streams one at a time each but several streams at once. A failure (and
   * optionally *err, which the library takes over) leaves the stream out: no snapshot is stored
   * then. */
  sapdr_status (*read)(void *user, void *buffer, size_t capacity, size_t *size,
                       sapdr_error **err);
  /* Called once when the stream is not needed any more, whatever came of it, before the run
   * returns; maybe on a worker thread. NULL: nothing to do. */
  void (*close)(void *user);
} sapdr_stream;

/* Backs up streams, without temporary files, into one snapshot. A stream that fails fails the
 * run: half a dump is no backup. Streams of an array that cannot be read (a struct_size that is
 * wrong) are not closed; all others are. For streams that are made one after the other see
 * ext/source.h. @since 0.1 */
SAPDR_API SAPDR_NODISCARD sapdr_status sapdr_backup_streams(sapdr_backup_result *result,
                                                            sapdr_repo *repo,
                                                            const sapdr_stream *streams,
                                                            size_t n_streams,
                                                            const sapdr_backup_options *options,
                                                            sapdr_error **err);

SAPDR_END_DECLS

#endif
