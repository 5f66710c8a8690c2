/* Backs up a folder, proves that the snapshot is right, and restores it somewhere else.
 *
 *   SAPDR_PASSWORD=secret ./backup REPOSITORY FOLDER TARGET
 *
 * REPOSITORY is created if there is none. Build with:
 *   cc -std=c99 backup.c $(pkg-config --cflags --libs sapdr) -o backup
 */
#include <inttypes.h>
#include <sapdr/sapdr.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Names whatever could not be read, written or trusted. */
static int32_t on_item(void* user, const sapdr_item* item) {
  (void)user;
  if (item->status != SAPDR_OK) {
    fprintf(stderr, "%s: %s\n", item->path ? item->path : "-", item->message ? item->message : "");
  }
  return 0;
}

static sapdr_status open_or_init(sapdr_repo** repo, sapdr_ctx* ctx, const char* location,
                                 const char* password, sapdr_error** err) {
  sapdr_backend* storage;
  sapdr_status status = sapdr_backend_open(&storage, ctx, location, err);
  if (status != SAPDR_OK) return status;
  sapdr_repo_open_options open;
  SAPDR_INIT(&open);
  open.password = password;
  open.password_size = strlen(password);
  status = sapdr_repo_open(repo, ctx, storage, &open, err);
  if (status == SAPDR_E_NO_REPOSITORY) {
    sapdr_error_free(*err);
    *err = NULL;
    sapdr_repo_init_options init;
    SAPDR_INIT(&init);
    init.password = password;
    init.password_size = strlen(password);
    status = sapdr_repo_init(repo, ctx, storage, &init, err);
  }
  sapdr_backend_free(storage); /* the repository keeps the storage alive */
  return status;
}

static sapdr_status back_up(sapdr_repo* repo, const char* folder, const sapdr_observer* observer,
                            sapdr_error** err) {
  sapdr_backup_options options;
  sapdr_backup_result result;
  SAPDR_INIT(&options);
  SAPDR_INIT(&result);
  options.observer = observer;
  options.verify = 1; /* read back what was stored: only then it counts */
  const sapdr_status status = sapdr_backup_run(&result, repo, &folder, 1, &options, err);
  if (result.has_snapshot) {
    printf("backed up %" PRIu64 " bytes, stored %" PRIu64 " new ones in %.2f s, %s\n",
           result.bytes_total, result.bytes_stored, (double)result.elapsed_ns / 1e9,
           result.state == SAPDR_BACKUP_VERIFIED ? "verified" : "not verified");
  }
  return status;
}

static sapdr_status list(sapdr_repo* repo, sapdr_error** err) {
  sapdr_snapshot_list* snapshots;
  const sapdr_status status = sapdr_snapshot_list_new(&snapshots, repo, NULL, err);
  for (size_t i = 0; i < sapdr_snapshot_list_size(snapshots); ++i) {
    const sapdr_snapshot* each = sapdr_snapshot_list_at(snapshots, i);
    printf("snapshot %.8s of %s: %" PRIu64 " files, %" PRIu64 " bytes\n", sapdr_snapshot_hex(each),
           sapdr_snapshot_host(each), sapdr_snapshot_files(each), sapdr_snapshot_bytes(each));
  }
  sapdr_snapshot_list_free(snapshots);
  return status;
}

static sapdr_status check_and_verify(sapdr_repo* repo, const sapdr_observer* observer,
                                     sapdr_error** err) {
  sapdr_check_options check;
  SAPDR_INIT(&check);
  check.observer = observer;
  check.read_data = 1;
  const sapdr_status status = sapdr_check_run(NULL, repo, &check, err);
  if (status != SAPDR_OK) return status;
  sapdr_verify_options verify;
  SAPDR_INIT(&verify);
  verify.observer = observer;
  return sapdr_verify_run(NULL, repo, "latest", NULL, NULL, &verify, err);
}

static sapdr_status restore(sapdr_repo* repo, const char* target, const sapdr_observer* observer,
                            sapdr_error** err) {
  sapdr_restore_options options;
  sapdr_restore_stats stats;
  sapdr_restore_plan* plan;
  SAPDR_INIT(&options);
  SAPDR_INIT(&stats);
  options.observer = observer;
  options.verify = 1;
  sapdr_status status = sapdr_restore_plan_new(&plan, repo, "latest", NULL, target, &options, err);
  if (status == SAPDR_OK) {
    status = sapdr_restore_plan_run(&stats, plan, err);
    printf("restored %" PRIu64 " files, %" PRIu64 " bytes, to %s\n", stats.files, stats.bytes,
           sapdr_restore_plan_target(plan));
  }
  sapdr_restore_plan_free(plan);
  return status;
}

int main(int argc, char** argv) {
  const char* password = getenv("SAPDR_PASSWORD");
  if (argc != 4 || password == NULL) {
    fprintf(stderr, "usage: SAPDR_PASSWORD=... %s REPOSITORY FOLDER TARGET\n", argv[0]);
    return sapdr_status_exit_code(SAPDR_E_INVALID_ARGUMENT);
  }
  sapdr_observer observer;
  SAPDR_INIT(&observer);
  observer.on_item = on_item;
  sapdr_ctx* ctx = NULL;
  sapdr_repo* repo = NULL;
  sapdr_error* err = NULL;
  sapdr_status status = sapdr_ctx_new(&ctx, NULL, &err);
  if (status == SAPDR_OK) status = open_or_init(&repo, ctx, argv[1], password, &err);
  if (status == SAPDR_OK) status = back_up(repo, argv[2], &observer, &err);
  if (status == SAPDR_OK) status = list(repo, &err);
  if (status == SAPDR_OK) status = check_and_verify(repo, &observer, &err);
  if (status == SAPDR_OK) status = restore(repo, argv[3], &observer, &err);
  if (status != SAPDR_OK) fprintf(stderr, "error: %s\n", sapdr_error_message(err));
  sapdr_error_free(err);
  sapdr_repo_free(repo);
  sapdr_ctx_free(ctx);
  return sapdr_status_exit_code(status);
}
