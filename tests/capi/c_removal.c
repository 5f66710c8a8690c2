/* Forget and prune through the C ABI: plans that are looked at, runs, bad arguments. */
#include <stdio.h>

#include "sizes.h"

static const int64_t day = 86400000000000;

/* One file of its own in each snapshot; `number` is also the day. */
static void add_snapshot(sapdr_repo* repo, const char* host, int number) {
  static unsigned char data[300000];
  static uint32_t random = 1;
  for (size_t i = 0; i < sizeof data; ++i) {
    random = random * 1664525U + 1013904223U;
    data[i] = (unsigned char)(random >> 24);
  }
  write_file("file", data, sizeof data);
  const char* paths[] = {"file"};
  const char* tags[] = {number % 2 == 0 ? "even" : "odd"};
  STARTED(sapdr_backup_options, options);
  options.host = host;
  options.tags = tags;
  options.n_tags = 1;
  options.time_ns = number * day;
  EXPECT_OK(sapdr_backup_run(NULL, repo, paths, 1, &options, &err));
}

static sapdr_forget_plan* forget_plan(sapdr_repo* repo, const sapdr_snapshot_filter* filter,
                                      const sapdr_forget_options* options) {
  sapdr_forget_plan* plan = NULL;
  EXPECT_OK(sapdr_forget_plan_new(&plan, repo, filter, options, &err));
  return plan;
}

static void test_forget_plan(sapdr_repo* repo) {
  STARTED(sapdr_forget_options, options);
  STARTED(sapdr_forget_decision, decision);
  options.keep_last = 1;
  options.group_by = SAPDR_GROUP_BY_HOST;
  sapdr_forget_plan* plan = forget_plan(repo, NULL, &options);
  EXPECT(sapdr_forget_plan_size(plan) == 6);
  EXPECT_OK(sapdr_forget_plan_at(plan, 0, &decision, &err));
  EXPECT(decision.keep == 1 && decision.group == 0);
  EXPECT_TEXT("last snapshot", decision.reasons);
  EXPECT_TEXT("one", sapdr_snapshot_host(decision.snapshot));
  EXPECT(sapdr_snapshot_time_ns(decision.snapshot) == 3 * day);
  EXPECT_OK(sapdr_forget_plan_at(plan, 5, &decision, &err));
  EXPECT(decision.keep == 0 && decision.group == 1);
  EXPECT_TEXT("", decision.reasons);
  EXPECT_INVALID(sapdr_forget_plan_at(plan, 6, &decision, &err));
  EXPECT(decision.snapshot == NULL);
  sapdr_forget_plan_free(plan);
  EXPECT(n_snapshots(repo) == 6); /* it was only a plan */

  const char* odd_or_none[] = {" odd ", ""};
  STARTED(sapdr_snapshot_filter, filter);
  filter.tag_lists = odd_or_none;
  filter.n_tag_lists = 2;
  options.group_by = SAPDR_GROUP_BY_NOTHING;
  options.keep_last = 0;
  options.keep_daily = SAPDR_KEEP_UNLIMITED;
  plan = forget_plan(repo, &filter, &options);
  EXPECT(sapdr_forget_plan_size(plan) == 3);
  sapdr_forget_plan_free(plan);
}

static void test_forget_run(sapdr_repo* repo) {
  const char* keep_tags[] = {"even,odd", "odd"};
  STARTED(sapdr_forget_options, options);
  options.keep_tags = keep_tags;
  options.n_keep_tags = 2;
  options.keep_within_weekly = "1d";
  sapdr_forget_plan* plan = forget_plan(repo, NULL, &options);
  uint64_t removed = 7;
  EXPECT_OK(sapdr_forget_plan_run(&removed, plan, &err));
  EXPECT(removed == 2); /* what is left is odd, or the last of "two" */
  EXPECT_STATUS(SAPDR_E_INVALID_STATE, sapdr_forget_plan_run(&removed, plan, &err));
  EXPECT(removed == 0);
  sapdr_forget_plan_free(plan);
  EXPECT(n_snapshots(repo) == 4);

  const char* names[] = {"latest", "latest"};
  STARTED(sapdr_forget_options, named);
  named.snapshots = names;
  named.n_snapshots = 2;
  plan = forget_plan(repo, NULL, &named);
  EXPECT(sapdr_forget_plan_size(plan) == 1);
  EXPECT_OK(sapdr_forget_plan_run(NULL, plan, &err));
  sapdr_forget_plan_free(plan);
  EXPECT(n_snapshots(repo) == 3);
}

static void test_forget_refusals(sapdr_repo* repo) {
  sapdr_forget_plan* plan = NULL;
  STARTED(sapdr_forget_options, good);
  STARTED(sapdr_forget_decision, decision);
  STARTED(sapdr_snapshot_filter, filter);
  good.keep_last = 2;
  EXPECT_INVALID(sapdr_forget_plan_new(NULL, repo, NULL, &good, &err));
  EXPECT_INVALID(sapdr_forget_plan_new(&plan, NULL, NULL, &good, &err));
  EXPECT_INVALID(sapdr_forget_plan_new(&plan, repo, NULL, NULL, &err)); /* keeps what? */
  EXPECT_SIZES(sapdr_forget_options, good,
               sapdr_forget_plan_new(&plan, repo, NULL, &options.known, &err));
  EXPECT_SIZES(sapdr_snapshot_filter, filter,
               sapdr_forget_plan_new(&plan, repo, &options.known, &good, &err));
  sapdr_forget_options bad = good;
  bad.group_by = 16;
  EXPECT_INVALID(sapdr_forget_plan_new(&plan, repo, NULL, &bad, &err));
  bad.group_by = SAPDR_GROUP_BY_NOTHING | SAPDR_GROUP_BY_HOST;
  EXPECT_INVALID(sapdr_forget_plan_new(&plan, repo, NULL, &bad, &err));
  bad = good;
  bad.keep_within = "a fortnight";
  EXPECT_INVALID(sapdr_forget_plan_new(&plan, repo, NULL, &bad, &err));
  bad = good;
  bad.n_keep_tags = 1;
  EXPECT_INVALID(sapdr_forget_plan_new(&plan, repo, NULL, &bad, &err));
  bad = good;
  bad.reserved = 1;
  EXPECT_STATUS(SAPDR_E_UNSUPPORTED, sapdr_forget_plan_new(&plan, repo, NULL, &bad, &err));
  const char* names[] = {"0123456789"};
  bad = good;
  bad.snapshots = names;
  bad.n_snapshots = 1;
  EXPECT_INVALID(sapdr_forget_plan_new(&plan, repo, NULL, &bad, &err)); /* names and a rule */
  bad.keep_last = 0;
  EXPECT_STATUS(SAPDR_E_NOT_FOUND, sapdr_forget_plan_new(&plan, repo, NULL, &bad, &err));
  EXPECT(plan == NULL);

  plan = forget_plan(repo, NULL, &good);
  EXPECT_INVALID(sapdr_forget_plan_at(NULL, 0, &decision, &err));
  EXPECT_INVALID(sapdr_forget_plan_at(plan, 0, NULL, &err));
  EXPECT_RESULT_SIZES(sapdr_forget_decision, sapdr_forget_plan_at(plan, 0, &options.known, &err));
  EXPECT_INVALID(sapdr_forget_plan_run(NULL, NULL, &err));
  sapdr_forget_plan_free(plan);
  EXPECT(sapdr_forget_plan_size(NULL) == 0);
  sapdr_forget_plan_free(NULL);
}

static int32_t stop(void* user, const sapdr_progress* progress) {
  (void)user, (void)progress;
  return 1;
}

static void test_stopping(sapdr_repo* repo) {
  STARTED(sapdr_observer, observer);
  observer.on_progress = stop;
  STARTED(sapdr_forget_options, forget);
  forget.keep_last = 1;
  forget.observer = &observer;
  sapdr_forget_plan* plan = forget_plan(repo, NULL, &forget);
  const size_t before = n_snapshots(repo);
  EXPECT_STATUS(SAPDR_E_CALLBACK, sapdr_forget_plan_run(NULL, plan, &err));
  sapdr_forget_plan_free(plan);
  EXPECT(n_snapshots(repo) == before);

  sapdr_prune_plan* prune;
  STARTED(sapdr_prune_options, options);
  options.observer = &observer;
  EXPECT_STATUS(SAPDR_E_CALLBACK, sapdr_prune_plan_new(&prune, repo, &options, &err));
  options.observer = NULL;
  EXPECT_OK(sapdr_cancel_new(&options.cancel, &err));
  EXPECT_OK(sapdr_prune_plan_new(&prune, repo, &options, &err));
  sapdr_cancel_trigger(options.cancel);
  EXPECT_STATUS(SAPDR_E_CANCELLED, sapdr_prune_plan_run(NULL, prune, &err));
  sapdr_prune_plan_free(prune);
  sapdr_cancel_free(options.cancel);
}

static void test_prune(sapdr_repo* repo) {
  STARTED(sapdr_prune_options, options);
  STARTED(sapdr_prune_stats, planned);
  STARTED(sapdr_prune_stats, done);
  sapdr_prune_plan* plan;
  EXPECT_OK(sapdr_prune_plan_new(&plan, repo, NULL, &err));
  EXPECT_OK(sapdr_prune_plan_stats(plan, &planned, &err));
  EXPECT(planned.snapshots == 3 && planned.bytes_used > 3 * 300000);
  EXPECT(planned.bytes_unused > 3 * 300000 && planned.blobs_unused >= 3);
  EXPECT(planned.packs_marked == 6 && planned.packs_removed == 0 && planned.due_ns > 0);
  EXPECT(planned.packs_total == 12 && planned.bytes_total > planned.bytes_used);
  EXPECT_OK(sapdr_prune_plan_run(&done, plan, &err));
  EXPECT(done.packs_marked == 6 && done.bytes_marked == planned.bytes_marked);
  EXPECT(done.elapsed_ns > 0 && done.due_ns >= planned.due_ns);
  EXPECT_STATUS(SAPDR_E_INVALID_STATE, sapdr_prune_plan_run(&done, plan, &err));
  sapdr_prune_plan_free(plan);
  EXPECT_OK(sapdr_check_run(NULL, repo, NULL, &err));

  options.grace_ns = SAPDR_GRACE_NONE;
  options.max_unused = "0";
  options.repack_small = 1;
  EXPECT_OK(sapdr_prune_plan_new(&plan, repo, &options, &err));
  EXPECT_OK(sapdr_prune_plan_run(&done, plan, &err));
  EXPECT(done.packs_removed == 12 && done.packs_repacked == 6 && done.packs_waiting == 0);
  sapdr_prune_plan_free(plan);
  STARTED(sapdr_check_options, check);
  STARTED(sapdr_check_result, checked);
  check.read_data = 1;
  EXPECT_OK(sapdr_check_run(&checked, repo, &check, &err));
  EXPECT(checked.packs == 2 && checked.packs_unreferenced == 0 && checked.snapshots == 3);
}

static void test_prune_without(sapdr_repo* repo) {
  sapdr_snapshot_list* list;
  EXPECT_OK(sapdr_snapshot_list_new(&list, repo, NULL, &err));
  const char* ids[] = {sapdr_snapshot_hex(sapdr_snapshot_list_at(list, 0))};
  STARTED(sapdr_prune_options, options);
  STARTED(sapdr_prune_stats, planned);
  options.without_snapshots = ids;
  options.n_without_snapshots = 1;
  sapdr_prune_plan* plan;
  EXPECT_OK(sapdr_prune_plan_new(&plan, repo, &options, &err));
  EXPECT_OK(sapdr_prune_plan_stats(plan, &planned, &err));
  EXPECT(planned.snapshots == 2 && planned.bytes_unused > 300000);
  EXPECT_STATUS(SAPDR_E_INVALID_STATE, sapdr_prune_plan_run(NULL, plan, &err));
  sapdr_prune_plan_free(plan);
  options.reserved = 1;
  EXPECT_STATUS(SAPDR_E_UNSUPPORTED, sapdr_prune_plan_new(&plan, repo, &options, &err));
  options.reserved = 0;
  ids[0] = "latest";
  EXPECT_INVALID(sapdr_prune_plan_new(&plan, repo, &options, &err));
  sapdr_snapshot_list_free(list);
}

/* Last: one snapshot less. */
static void test_prune_that_forgets(sapdr_repo* repo) {
  sapdr_snapshot_list* list;
  EXPECT_OK(sapdr_snapshot_list_new(&list, repo, NULL, &err));
  const char* ids[] = {sapdr_snapshot_hex(sapdr_snapshot_list_at(list, 0))};
  STARTED(sapdr_prune_options, options);
  STARTED(sapdr_prune_stats, stats);
  options.without_snapshots = ids;
  options.n_without_snapshots = 1;
  options.forget = 1;
  options.grace_ns = SAPDR_GRACE_NONE;
  sapdr_prune_plan* plan;
  EXPECT_OK(sapdr_prune_plan_new(&plan, repo, &options, &err));
  EXPECT_OK(sapdr_prune_plan_stats(plan, &stats, &err));
  EXPECT(stats.snapshots == 2 && stats.snapshots_removed == 0 && stats.packs_removed > 0);
  EXPECT_OK(sapdr_prune_plan_run(&stats, plan, &err));
  EXPECT(stats.snapshots_removed == 1 && stats.packs_removed > 0);
  EXPECT(n_snapshots(repo) == 2);
  sapdr_prune_plan_free(plan);
  sapdr_snapshot_list_free(list);
}

static void test_prune_refusals(sapdr_repo* repo) {
  sapdr_prune_plan* plan = NULL;
  STARTED(sapdr_prune_options, good);
  STARTED(sapdr_prune_stats, stats);
  EXPECT_INVALID(sapdr_prune_plan_new(NULL, repo, NULL, &err));
  EXPECT_INVALID(sapdr_prune_plan_new(&plan, NULL, NULL, &err));
  EXPECT_SIZES(sapdr_prune_options, good, sapdr_prune_plan_new(&plan, repo, &options.known, &err));
  sapdr_prune_options bad = good;
  bad.max_unused = "much";
  EXPECT_INVALID(sapdr_prune_plan_new(&plan, repo, &bad, &err));
  bad = good;
  bad.grace_ns = -2;
  EXPECT_INVALID(sapdr_prune_plan_new(&plan, repo, &bad, &err));
  bad = good;
  bad.n_without_snapshots = 1;
  EXPECT_INVALID(sapdr_prune_plan_new(&plan, repo, &bad, &err));
  EXPECT(plan == NULL);
  EXPECT_INVALID(sapdr_prune_plan_stats(NULL, &stats, &err));
  EXPECT_INVALID(sapdr_prune_plan_run(&stats, NULL, &err));
  EXPECT_OK(sapdr_prune_plan_new(&plan, repo, NULL, &err));
  EXPECT_INVALID(sapdr_prune_plan_stats(plan, NULL, &err));
  EXPECT_RESULT_SIZES(sapdr_prune_stats, sapdr_prune_plan_stats(plan, &options.known, &err));
  EXPECT_RESULT_SIZES(sapdr_prune_stats, sapdr_prune_plan_run(&options.known, plan, &err));
  sapdr_prune_plan_free(plan);
  sapdr_prune_plan_free(NULL);
}

/* What would change something does not run on a repository that was opened without locks. */
static void test_no_lock(sapdr_ctx* ctx) {
  const sapdr_repo_init_options init = cheap_init();
  sapdr_repo_open_options open = open_options();
  sapdr_backend* backend;
  sapdr_repo *repo, *unlocked;
  EXPECT_OK(sapdr_backend_open(&backend, ctx, "repository", &err));
  EXPECT_OK(sapdr_repo_init(&repo, ctx, backend, &init, &err));
  add_snapshot(repo, "one", 1);
  add_snapshot(repo, "one", 2);
  open.no_lock = 1;
  EXPECT_OK(sapdr_repo_open(&unlocked, ctx, backend, &open, &err));
  STARTED(sapdr_forget_options, options);
  options.keep_last = 1;
  sapdr_forget_plan* plan = forget_plan(unlocked, NULL, &options);
  EXPECT_STATUS(SAPDR_E_INVALID_STATE, sapdr_forget_plan_run(NULL, plan, &err));
  sapdr_forget_plan_free(plan);
  sapdr_prune_plan* prune;
  EXPECT_OK(sapdr_prune_plan_new(&prune, unlocked, NULL, &err));
  EXPECT_STATUS(SAPDR_E_INVALID_STATE, sapdr_prune_plan_run(NULL, prune, &err));
  sapdr_prune_plan_free(prune);
  const char* paths[] = {"file"};
  EXPECT_STATUS(SAPDR_E_INVALID_STATE, sapdr_backup_run(NULL, unlocked, paths, 1, NULL, &err));
  EXPECT(n_snapshots(repo) == 2);
  sapdr_repo_free(unlocked);
  sapdr_repo_free(repo);
  sapdr_backend_free(backend);
}

int main(void) {
  sapdr_ctx* ctx = new_context();
  sapdr_repo* repo = new_repository(ctx);
  for (int i = 1; i <= 3; ++i) add_snapshot(repo, "one", i);
  for (int i = 4; i <= 6; ++i) add_snapshot(repo, "two", i);
  test_forget_refusals(repo);
  test_forget_plan(repo);
  test_forget_run(repo);
  test_stopping(repo);
  test_prune(repo);
  test_prune_without(repo);
  test_prune_refusals(repo);
  test_prune_that_forgets(repo);
  sapdr_repo_free(repo);
  test_no_lock(ctx);
  sapdr_ctx_free(ctx);
  return expect_result();
}
