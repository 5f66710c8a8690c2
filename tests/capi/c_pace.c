/* A context with a pace: its threads step back, the caller's does not; a limit of processor time is
 * kept, and can be cancelled. */
#define _GNU_SOURCE
#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "fixture.h"

enum { best_effort = 2, idle = 3 }; /* of Linux; the class stands above bit 13 */

static int io_of(long thread) {
  return (int)syscall(SYS_ioprio_get, 1 /* a thread */, thread);
}

/* The 19th field of its stat, the 17th behind the name. */
static int nice_of(long thread) {
  char path[64];
  char line[1024] = "";
  snprintf(path, sizeof path, "/proc/self/task/%ld/stat", thread);
  FILE* file = fopen(path, "r");
  if (file == NULL) return -100;
  EXPECT(fgets(line, sizeof line, file) != NULL);
  fclose(file);
  const char* at = strrchr(line, ')');
  for (int i = 0; i < 17 && at != NULL; ++i) at = strchr(at + 1, ' ');
  return at == NULL ? -100 : atoi(at);
}

/* What every other thread than the first one is expected to be, and how many were seen. */
struct wanted {
  int nice;
  int io_class; /* 0: as the first thread */
  int io_level;
  int own_nice;
  int own_io;
  size_t most_threads;
};

static void look_at_threads(struct wanted* wanted) {
  EXPECT(syscall(SYS_gettid) != getpid()); /* not the caller's thread */
  size_t n = 0;
  DIR* threads = opendir("/proc/self/task");
  EXPECT(threads != NULL);
  if (threads == NULL) return;
  for (struct dirent* entry; (entry = readdir(threads)) != NULL;) {
    const long thread = atol(entry->d_name);
    if (thread == 0) continue;
    const int nice = nice_of(thread);
    if (nice == -100) continue; /* it ended meanwhile */
    const int io = io_of(thread);
    if (thread == getpid()) {
      EXPECT(nice == wanted->own_nice && io == wanted->own_io);
      continue;
    }
    ++n;
    EXPECT(nice == wanted->nice);
    if (io < 0) continue;
    EXPECT(io ==
           (wanted->io_class == 0 ? wanted->own_io : wanted->io_class << 13 | wanted->io_level));
  }
  closedir(threads);
  if (n > wanted->most_threads) wanted->most_threads = n;
}

/* A stream of bytes that differ, until `size` of them were read or `until` has come. */
struct made {
  size_t size;
  double until;
  uint64_t state;
  struct wanted* wanted;
};

static double seconds_of(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static sapdr_status read_made(void* user, void* buffer, size_t capacity, size_t* size,
                              sapdr_error** error) {
  struct made* made = user;
  (void)error;
  if (made->wanted != NULL) look_at_threads(made->wanted);
  const int is_over = made->until != 0 ? seconds_of(CLOCK_MONOTONIC) >= made->until : 0;
  size_t n = is_over ? 0 : made->size < capacity ? made->size : capacity;
  n -= n % sizeof made->state;
  for (size_t i = 0; i < n; i += sizeof made->state) {
    made->state = made->state * 6364136223846793005u + 1442695040888963407u;
    memcpy((char*)buffer + i, &made->state, sizeof made->state);
  }
  made->size -= n;
  *size = n;
  return SAPDR_OK;
}

static int32_t look(void* user, const sapdr_progress* progress) {
  (void)progress;
  look_at_threads(user);
  return 0;
}

static sapdr_ctx* context_of(sapdr_ctx_options options) {
  sapdr_ctx* ctx = NULL;
  options.struct_size = sizeof options;
  options.threads = 2;
  EXPECT_OK(sapdr_ctx_new(&ctx, &options, &err));
  return ctx;
}

static sapdr_status back_up(sapdr_repo* repo, struct made* made, sapdr_backup_options* options) {
  sapdr_stream stream;
  SAPDR_INIT(&stream);
  stream.path = "/made";
  stream.user = made;
  stream.read = read_made;
  return sapdr_backup_streams(NULL, repo, &stream, 1, options, &err);
}

static void test_threads(sapdr_ctx_options options, struct wanted wanted) {
  wanted.own_nice = nice_of(getpid());
  wanted.own_io = io_of(getpid());
  sapdr_ctx* ctx = context_of(options);
  sapdr_repo* repo = new_repository(ctx);
  struct made made = {1 << 20, 0, 1, &wanted};
  EXPECT_OK(back_up(repo, &made, NULL));
  EXPECT(wanted.most_threads >= 3); /* that of the operation, two workers */

  sapdr_observer observer;
  SAPDR_INIT(&observer);
  observer.user = &wanted;
  observer.on_progress = look;
  sapdr_check_options check;
  SAPDR_INIT(&check);
  check.observer = &observer;
  check.read_data = 1;
  EXPECT_OK(sapdr_check_run(NULL, repo, &check, &err));
  sapdr_restore_options restore;
  SAPDR_INIT(&restore);
  restore.observer = &observer;
  restore.verify = 1;
  sapdr_restore_plan* plan = NULL;
  EXPECT_OK(sapdr_restore_plan_new(&plan, repo, "latest", NULL, "restored", &restore, &err));
  EXPECT_OK(sapdr_restore_plan_run(NULL, plan, &err));
  sapdr_restore_plan_free(plan);
  sapdr_prune_options prune;
  SAPDR_INIT(&prune);
  prune.observer = &observer;
  sapdr_prune_plan* prune_plan = NULL;
  EXPECT_OK(sapdr_prune_plan_new(&prune_plan, repo, &prune, &err));
  EXPECT_OK(sapdr_prune_plan_run(NULL, prune_plan, &err));
  sapdr_prune_plan_free(prune_plan);
  sapdr_repo_free(repo);
  sapdr_ctx_free(ctx);
  EXPECT(nice_of(getpid()) == wanted.own_nice && io_of(getpid()) == wanted.own_io);
}

static void test_a_limit(void) {
  sapdr_ctx_options options = {.limit_cpu_percent = 50};
  sapdr_ctx* ctx = context_of(options);
  sapdr_repo* repo = new_repository(ctx);
  const double began = seconds_of(CLOCK_MONOTONIC);
  const double used = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
  struct made made = {SIZE_MAX, began + 4, 1, NULL};
  EXPECT_OK(back_up(repo, &made, NULL));
  const double share =
      (seconds_of(CLOCK_PROCESS_CPUTIME_ID) - used) / (seconds_of(CLOCK_MONOTONIC) - began);
  printf("%.3f of a core, limited to 0.5\n", share);
  EXPECT(share < 0.5 * 1.15);
  sapdr_repo_free(repo);
  sapdr_ctx_free(ctx);
}

static void* cancel_soon(void* cancel) {
  const struct timespec pause = {0, 300000000};
  nanosleep(&pause, NULL);
  sapdr_cancel_trigger(cancel);
  return NULL;
}

/* At a hundredth of a core it would go on for minutes. */
static void test_a_limit_is_cancelled(void) {
  sapdr_ctx_options options = {.limit_cpu_percent = 1};
  sapdr_ctx* ctx = context_of(options);
  sapdr_repo* repo = new_repository(ctx);
  sapdr_cancel* cancel = NULL;
  EXPECT_OK(sapdr_cancel_new(&cancel, &err));
  sapdr_backup_options backup;
  SAPDR_INIT(&backup);
  backup.cancel = cancel;
  pthread_t thread;
  EXPECT(pthread_create(&thread, NULL, cancel_soon, cancel) == 0);
  struct made made = {1 << 30, 0, 1, NULL};
  EXPECT_STATUS(SAPDR_E_CANCELLED, back_up(repo, &made, &backup));
  EXPECT(pthread_join(thread, NULL) == 0);
  sapdr_cancel_free(cancel);
  sapdr_repo_free(repo);
  sapdr_ctx_free(ctx);
}

static void test_arguments(void) {
  const sapdr_ctx_options bad[] = {{.nice = 20},
                                   {.nice = -1},
                                   {.io_class = 3},
                                   {.io_class = -1},
                                   {.io_level = 7},
                                   {.io_class = SAPDR_IO_IDLE, .io_level = 7},
                                   {.io_class = SAPDR_IO_BEST_EFFORT, .io_level = 8}};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; ++i) {
    sapdr_ctx_options options = bad[i];
    options.struct_size = sizeof options;
    sapdr_ctx* ctx = NULL;
    EXPECT_INVALID(sapdr_ctx_new(&ctx, &options, &err));
    EXPECT(ctx == NULL);
  }
}

int main(void) {
  const int nice = nice_of(getpid());
  const int nicer = nice + 5 < 19 ? nice + 5 : 19; /* maybe the tests are nice as well */
  test_arguments();
  test_threads((sapdr_ctx_options){.nice = nicer, .io_class = SAPDR_IO_IDLE},
               (struct wanted){.nice = nicer, .io_class = idle});
  test_threads((sapdr_ctx_options){.io_class = SAPDR_IO_BEST_EFFORT, .io_level = 5},
               (struct wanted){.nice = nice, .io_class = best_effort, .io_level = 5});
  test_threads((sapdr_ctx_options){.io_class = SAPDR_IO_BEST_EFFORT},
               (struct wanted){.nice = nice, .io_class = best_effort, .io_level = 7});
  test_threads((sapdr_ctx_options){.limit_cpu_percent = 400}, (struct wanted){.nice = nice});
  test_a_limit();
  test_a_limit_is_cancelled();
  return expect_result();
}
