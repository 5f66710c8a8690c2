/* For programs and libraries that define functions of libc themselves. Needs _GNU_SOURCE. */
#ifndef SAPDR_TEST_NEXT_DEFINITION_H
#define SAPDR_TEST_NEXT_DEFINITION_H

#include <dlfcn.h>
#include <stddef.h>

/* Declares `next`: the definition of a function after our own, in libc or a sanitizer. */
#define NEXT(name)                                    \
  static __typeof__(name)* next;                      \
  if (next == NULL) {                                 \
    __typeof__(name)* found = NULL;                   \
    *(void**)(&found) = dlsym(RTLD_NEXT, #name);      \
    __atomic_store_n(&next, found, __ATOMIC_RELAXED); \
  }

#endif
