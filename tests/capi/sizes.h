/* Checks for structs that carry their size. */
#ifndef SAPDR_TESTS_SIZES_H
#define SAPDR_TESTS_SIZES_H

#include "fixture.h"

/* A struct of a caller whose headers are newer: it has a tail that the library does not know. */
#define NEWER(type)         \
  struct {                  \
    type known;             \
    unsigned char tail[16]; \
  }

/* Sizes that no version had are refused; so is a field that this version does not have. `call` is
 * given `&options.known`. */
#define EXPECT_SIZES(type, good, call)                      \
  do {                                                      \
    NEWER(type) options;                                    \
    memset(&options, 0, sizeof options);                    \
    options.known = (good);                                 \
    options.known.struct_size = 0;                          \
    EXPECT_INVALID(call);                                   \
    options.known.struct_size = 4;                          \
    EXPECT_INVALID(call);                                   \
    options.known.struct_size = (uint32_t)sizeof(type) - 1; \
    EXPECT_INVALID(call);                                   \
    options.known.struct_size = (uint32_t)sizeof options;   \
    options.tail[15] = 1;                                   \
    EXPECT_STATUS(SAPDR_E_UNSUPPORTED, call);               \
  } while (0)

/* Results: the tail is the caller's and stays as it is. */
#define EXPECT_RESULT_SIZES(type, call)                          \
  do {                                                           \
    NEWER(type) options;                                         \
    memset(&options, 0, sizeof options);                         \
    EXPECT_INVALID(call);                                        \
    options.known.struct_size = 4;                               \
    EXPECT_INVALID(call);                                        \
    options.known.struct_size = (uint32_t)sizeof options;        \
    memset(options.tail, 0x5a, sizeof options.tail);             \
    EXPECT_OK(call);                                             \
    EXPECT(options.known.struct_size == sizeof options);         \
    EXPECT(options.tail[0] == 0x5a && options.tail[15] == 0x5a); \
  } while (0)

#define STARTED(type, name) \
  type name;                \
  SAPDR_INIT(&name)

#endif
