/* What makes calls of this program's libraries fail: one fault at a time, armed by a test. The
 * functions of libc that it knows are defined in the program itself, and so found before libc's. */
#ifndef SAPDR_TEST_FAULTS_H
#define SAPDR_TEST_FAULTS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A call may be of several kinds. */
enum {
  CALLS_MEMORY = 1,         /* malloc and its like, operator new */
  CALLS_THREAD = 2,         /* the start of a thread */
  CALLS_FILE = 4,           /* every call on files and folders */
  CALLS_OPEN = 8,           /* those that look for a name */
  CALLS_GROW = 16,          /* those that may need more room on the disk */
  CALLS_INTERRUPTIBLE = 32, /* those that a signal may interrupt */
  CALLS_TRANSFER = 64       /* those that may move less than was asked for */
};

struct fault {
  uint32_t calls;  /* which are counted: CALLS_* */
  int32_t error;   /* the errno; 0: the call moves half of what was asked for */
  uint64_t nth;    /* the first that fails, from 1 on; 0: none, they are counted */
  uint64_t number; /* how many in a row fail */
};

#define FAULT_LASTS UINT64_MAX /* as `number`: all that follow */

void fault_arm(const struct fault* fault);
/* Returns how many calls were counted. */
uint64_t fault_disarm(void);

/* What failed first since a fault was armed: the name of a call, or NULL. */
const char* fault_hit(void);

/* Whether the calls of this thread are the library's: between the beginning and the end of what it
 * was started for, and in the thread that armed a fault. Others are libc's or a sanitizer's own.
 * Returns what it was. */
int fault_set_ours(int is_ours);

/* For the functions that replace libc's: 1 if this call shall fail, with `*error`. */
int fault_is_due(uint32_t calls, const char* name, int* error);

#ifdef __cplusplus
}
#endif

#endif
