/* libsapdr: back up, list, check and restore in restic's repository format, in process.
 *
 * OVERVIEW, and the order to read the headers in:
 *   1. context.h     what an application decides once
 *   2. backend.h     where the objects lie: a folder, memory
 *   3. repository.h  create or open a repository
 *   4. backup.h      files or streams become a snapshot
 *   5. snapshot.h    list and find snapshots
 *   6. tree.h        what is in a snapshot; read one file of it
 *   7. restore.h     a snapshot becomes files again
 *   8. check.h       is the repository whole?
 *   9. verify.h      are the local files what the snapshot says?
 *  10. stats.h       sizes and ratios
@OV@ *
 * USAGE (without error handling; examples/backup.c is a whole program):
 *
 *   sapdr_ctx *ctx; sapdr_backend *storage; sapdr_repo *repo;
 *   sapdr_ctx_new(&ctx, NULL, NULL);
 *   sapdr_backend_open(&storage, ctx, "/srv/repo", NULL);
 *   sapdr_repo_open_options open; SAPDR_INIT(&open);
 *   open.password = "secret"; open.password_size = 6;
 *   sapdr_repo_open(&repo, ctx, storage, &open, NULL);
 *   const char *paths[] = {"/srv/models"};
 *   sapdr_backup_run(NULL, repo, paths, 1, NULL, NULL);
 */
#ifndef SAPDR_SAPDR_H
#define SAPDR_SAPDR_H

#include <sapdr/backup.h>
#include <sapdr/check.h>
#include <sapdr/checksum.h>
#include <sapdr/copy.h>
#include <sapdr/diff.h>
#include <sapdr/ext/backend.h>
#include <sapdr/ext/source.h>
#include <sapdr/file.h>
#include <sapdr/find.h>
#include <sapdr/forget.h>
#include <sapdr/key.h>
#include <sapdr/prune.h>
#include <sapdr/repair.h>
#include <sapdr/restore.h>
#include <sapdr/stats.h>
#include <sapdr/tag.h>
#include <sapdr/verify.h>
#include <sapdr/version.h>

#endif
