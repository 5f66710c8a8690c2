/* The version of the header, and of the library that answers at run time. */
#ifndef SAPDR_VERSION_H
#define SAPDR_VERSION_H

#include <sapdr/export.h>

/* The only place where the version is written; the build reads it from here. */
#define SAPDR_VERSION_MAJOR 0
#define SAPDR_VERSION_MINOR 1
#define SAPDR_VERSION_PATCH 0
#define SAPDR_VERSION_NUMBER \
  (SAPDR_VERSION_MAJOR * 1000000 + SAPDR_VERSION_MINOR * 1000 + SAPDR_VERSION_PATCH)

SAPDR_BEGIN_DECLS

/* The version of the library that is loaded, as SAPDR_VERSION_NUMBER. Never fails. @since 0.1 */
SAPDR_API int32_t sapdr_version_number(void);

/* The same as text, "0.1.0". Static; never NULL. @since 0.1 */
SAPDR_API const char *sapdr_version_string(void);

SAPDR_END_DECLS

#endif
