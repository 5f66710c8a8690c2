/* A storage written in C, as a program would: objects in a list, one lock, failures on demand. */
#ifndef SAPDR_TESTS_MEMORY_TABLE_H
#define SAPDR_TESTS_MEMORY_TABLE_H

#include <pthread.h>
#include <sapdr/sapdr.h>

struct stored {
  struct stored* next;
  int32_t type;
  char name[65];
  void* data;
  size_t size;
};

/* What the table's `user` points to. */
struct memory_store {
  pthread_mutex_t mutex;
  struct stored* first;
  int calls;
  int freed;            /* how often `free` was called */
  int fail_from;        /* calls from this number on fail; 0: none */
  int fail_until;       /* but no longer from this one on; 0: for ever */
  sapdr_status status;  /* with this */
  sapdr_cancel* cancel; /* triggered by the first call that fails; NULL: none */
};

void memory_store_init(struct memory_store* store);
void memory_store_clear(struct memory_store* store);
size_t memory_store_count(struct memory_store* store, int32_t type);
sapdr_backend_table memory_table(struct memory_store* store);

#endif
