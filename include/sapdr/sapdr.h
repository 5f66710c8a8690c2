/* libsapdr: back up, list, check and restore in restic's repository format, in process.
 *
 * OVERVIEW, and the order to read the headers in:
 *   1. context.h      what an application decides once
 *   2. backend.h      where the objects lie: a folder, memory, Azure Blob Storage
 *   3. azure.h        Azure Blob Storage by options instead of the environment
 *   4. decorators.h   storage that tries again, keeps to a rate, writes nothing, or fails on purpose
 *   5. repository.h   create or open a repository
 *   6. key.h          the passwords of a repository
 *   7. backup.h       files or streams become a snapshot
 *   8. snapshot.h     list and find snapshots
 *   9. tag.h          the tags of snapshots
 *  10. tree.h         what is in a snapshot; read one file of it
 *  11. file.h         read a file of a snapshot from anywhere
 *  12. diff.h         what changed from one snapshot to another
 *  13. find.h         where is a file, a blob, a tree, a pack?
 *  14. restore.h      a snapshot becomes files again
 *  15. verify.h       are the local files what the snapshot says?
 *  16. check.h        is the repository whole?
 *  17. repair.h       what is left of a damaged repository becomes a sound one
 *  18. forget.h       snapshots go, by a policy
 *  19. prune.h        data that nothing needs any more goes
 *  20. copy.h         snapshots into another repository
 *  21. stats.h        sizes and ratios
 *  22. checksum.h     SHA-256 and manifests of local files, without a repository
 *  23. cache.h        what is kept of remote repositories on this machine's disk
 *  24. doctor.h       what protects the data where it is stored
 *  25. mongodb.h      MongoDB, to any point in time
 *  26. ext/backend.h  storage of your own
 *  27. ext/source.h   sources of your own: streams that are made one after the other
 * error.h, status.h, observer.h, cancel.h and id.h serve them all; export.h has the conventions.
 *
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

#include <sapdr/azure.h>
#include <sapdr/backup.h>
#include <sapdr/cache.h>
#include <sapdr/check.h>
#include <sapdr/checksum.h>
#include <sapdr/copy.h>
#include <sapdr/decorators.h>
#include <sapdr/diff.h>
#include <sapdr/doctor.h>
#include <sapdr/ext/backend.h>
#include <sapdr/ext/source.h>
#include <sapdr/file.h>
#include <sapdr/find.h>
#include <sapdr/forget.h>
#include <sapdr/key.h>
#include <sapdr/mongodb.h>
#include <sapdr/prune.h>
#include <sapdr/repair.h>
#include <sapdr/restore.h>
#include <sapdr/stats.h>
#include <sapdr/tag.h>
#include <sapdr/verify.h>
#include <sapdr/version.h>

#endif
