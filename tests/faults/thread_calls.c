/* Starts of threads, which can be made to fail; and a time that runs 50 times as fast, so that the
 * waits of the locks' protocol (a fifth of a second each) take milliseconds. The time of day is not
 * touched. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include "faults.h"
#include "support/next_definition.h"

enum { SPEED = 50 };
static const int64_t SECOND = 1000000000;

struct start {
  void* (*run)(void*);
  void* user;
};

static void* run_ours(void* allocated) {
  const struct start start = *(struct start*)allocated;
  free(allocated);
  fault_set_ours(1);
  void* const result = start.run(start.user);
  fault_set_ours(0);
  return result;
}

int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*run)(void*),
                   void* user) {
  NEXT(pthread_create)
  int error = 0;
  if (fault_is_due(CALLS_THREAD, "pthread_create", &error)) return error;
  const int was_ours = fault_set_ours(0);
  struct start* const start = malloc(sizeof *start);
  if (start == NULL) abort();
  start->run = run;
  start->user = user;
  error = next(thread, attributes, run_ours, start);
  if (error != 0) free(start);
  fault_set_ours(was_ours);
  return error;
}

static struct timespec to_timespec(int64_t ns) {
  const struct timespec time = {ns / SECOND, ns % SECOND};
  return time;
}

static int64_t to_ns(const struct timespec* time) {
  return time->tv_sec * SECOND + time->tv_nsec;
}

/* The steady clock counts from an arbitrary moment: its own zero stays where it is. */
int clock_gettime(clockid_t clock, struct timespec* out) {
  NEXT(clock_gettime)
  const int result = next(clock, out);
  if (result == 0 && clock == CLOCK_MONOTONIC) *out = to_timespec(to_ns(out) * SPEED);
  return result;
}

int nanosleep(const struct timespec* duration, struct timespec* rest) {
  NEXT(nanosleep)
  const struct timespec shorter = to_timespec(to_ns(duration) / SPEED);
  return next(&shorter, rest);
}

int pthread_cond_clockwait(pthread_cond_t* condition, pthread_mutex_t* mutex, clockid_t clock,
                           const struct timespec* end) {
  NEXT(pthread_cond_clockwait)
  const struct timespec real = to_timespec(to_ns(end) / SPEED + 1);
  return next(condition, mutex, clock, clock == CLOCK_MONOTONIC ? &real : end);
}
