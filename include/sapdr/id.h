/* Ids: a SHA-256 is the id of whatever is stored, and the checksum of a file. */
#ifndef SAPDR_ID_H
#define SAPDR_ID_H

#include <sapdr/export.h>

SAPDR_BEGIN_DECLS

/* A SHA-256. Passed by value. */
typedef struct sapdr_id {
  uint8_t bytes[32];
} sapdr_id;

SAPDR_END_DECLS

#endif
