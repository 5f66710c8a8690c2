/* Storage of your own: a table of functions becomes a backend, and a backend can be called.
 *
 * OVERVIEW
 *   A program that keeps objects somewhere (a database, an object store, a tape robot) fills in a
 *   sapdr_backend_table and gets a sapdr_backend, which serves wherever one of sapdr_backend_open
 *   does. The functions at the end of this header call any backend, so that a table can wrap one.
 *
 * USAGE
 *   sapdr_backend_table table;
 *   SAPDR_INIT(&table);
 *   table.user = my_store;  table.size = my_size;  table.load = my_load;  ...
 *   sapdr_backend_from_table(&storage, ctx, &table, &err);
 *   sapdr_repo_open(&repo, ctx, storage, &open, &err);
 *
 * CONTRACT of a table
 *   - An object is stored whole or not at all: a reader sees nothing or all of it. When `save`
 *     returns, it survives a power cut.
 *   - When `erase` returns, the object does not come back after a power cut; packs and locks, which
 *     name nothing, may. What is seen is durable, whoever saved it.
 *   - Objects never change. `save` under a name that exists fails with SAPDR_E_EXISTS and leaves
 *     the object as it is; of two that save one name at once, one wins.
 *   - A missing object is SAPDR_E_NOT_FOUND for `size`, `load` and `erase`.
 *   - `list` tells every object of a type once, in any order, and nothing that was not saved.
 *     Modification times come from one clock, that of the storage.
 *   - Functions are called from any thread, at most `max_parallel` of them at once, except
 *     `create`. They must not unwind (no exception, no longjmp).
 *   - A failure is a status of storage: INVALID_ARGUMENT, INVALID_STATE, NOT_FOUND, EXISTS,
 *     PERMISSION, CORRUPT, IO, NETWORK, TIMEOUT, CANCELLED, UNSUPPORTED, NO_MEMORY, CALLBACK,
 *     NO_SPACE. An error set in `*err` is taken over by the library and comes out as the cause of
 *     what it reports; its retry class says whether the call is made again.
 *
 * VALIDITY
 *   Everything handed to a function is borrowed for the duration of the call. A table that breaks
 *   the contract where that can be seen (more bytes than there is room for, names that are none, an
 *   object listed twice, a status from elsewhere) fails the call with SAPDR_E_INVALID_ARGUMENT and
 *   a message that says so; what is stored wrongly is found by MAC and SHA-256.
 */
#ifndef SAPDR_EXT_BACKEND_H
#define SAPDR_EXT_BACKEND_H

#include <sapdr/backend.h>

SAPDR_BEGIN_DECLS

/* What kind of object. */
enum {
  SAPDR_OBJECT_CONFIG = 1,
  SAPDR_OBJECT_KEY = 2,
  SAPDR_OBJECT_LOCK = 3,
  SAPDR_OBJECT_SNAPSHOT = 4,
  SAPDR_OBJECT_INDEX = 5,
  SAPDR_OBJECT_PACK = 6,
  SAPDR_OBJECT_VERIFIED = 7
};

/* The name of an object. */
typedef struct sapdr_object {
  uint32_t struct_size;
  int32_t type;      /* SAPDR_OBJECT_* */
  const char *name;  /* 64 hexadecimal digits, lower case; "" for the config */
  const char *path;  /* where restic keeps it, "data/ab/abcd…": storage that uses it can be read by
                        restic; not read where a caller names an object */
} sapdr_object;

/* Takes one object of a list. Any status but SAPDR_OK ends the list, which returns that status.
 * `modified_ns` is 0 if the storage does not know it. */
typedef sapdr_status (*sapdr_object_tell)(void *told, const char *name, uint64_t size,
                                          int64_t modified_ns);

typedef struct sapdr_backend_table {
  uint32_t struct_size;
  uint32_t max_parallel;   /* calls at once, at most 64; 0: 4. With 1 nothing needs a lock */
  int32_t no_retry;        /* 1: a failed call is not made again. 0: as sapdr_backend_with_retry
                              does by default, which concerns errors whose retry class says so */
  int32_t reserved;
  const char *location;    /* for messages, without secrets; NULL: "custom:" */
  void *user;              /* handed to every function */
  /* Prepares the place for a new repository; fine if it is there already. NULL: nothing to do. */
  sapdr_status (*create)(void *user, sapdr_error **err);
  /* Sets `*exists` to 1 or 0. NULL: `size` is asked. */
  sapdr_status (*exists)(void *user, const sapdr_object *object, int32_t *exists,
                         sapdr_error **err);
  sapdr_status (*size)(void *user, const sapdr_object *object, uint64_t *size, sapdr_error **err);
  /* Reads `capacity` bytes from `offset` on into `buffer` and sets `*loaded`, which is smaller only
   * if the object ends before. */
  sapdr_status (*load)(void *user, const sapdr_object *object, uint64_t offset, void *buffer,
                       size_t capacity, size_t *loaded, sapdr_error **err);
  sapdr_status (*save)(void *user, const sapdr_object *object, const void *data, size_t size,
                       sapdr_error **err);
  /* Calls `tell(told, …)` for each object of a type; it calls nothing of the table. */
  sapdr_status (*list)(void *user, int32_t type, sapdr_object_tell tell, void *told,
                       sapdr_error **err);
  sapdr_status (*erase)(void *user, const sapdr_object *object, sapdr_error **err);
  /* Called once, when the last handle that needs the table is freed, on that thread. NULL: nothing
   * to do. */
  void (*free)(void *user);
} sapdr_backend_table;

/* Makes a backend of a table, which is copied. `user` belongs to the library once the call
 * succeeded, and to the caller if it failed. SAPDR_E_INVALID_ARGUMENT if size, load, save, list or
 * erase is NULL. @since 0.1 */
SAPDR_API SAPDR_NODISCARD sapdr_status sapdr_backend_from_table(sapdr_backend **out, sapdr_ctx *ctx,
                                                                const sapdr_backend_table *table,
                                                                sapdr_error **err);

/* "config", "key", "lock", "snapshot", "index", "pack", "verified" for SAPDR_OBJECT_*; "unknown"
 * for anything else. Static, any thread. @since 0.1 */
SAPDR_API const char *sapdr_object_type_name(int32_t type);

/* Calls on a backend, each from any thread, for tables that wrap one and for programs that move
 * objects. SAPDR_E_INVALID_ARGUMENT for what is no name of an object. All @since 0.1 */
SAPDR_API uint32_t sapdr_backend_max_parallel(const sapdr_backend *backend);
SAPDR_API SAPDR_NODISCARD sapdr_status sapdr_backend_create(sapdr_backend *backend,
                                                            sapdr_error **err);
SAPDR_API SAPDR_NODISCARD sapdr_status sapdr_backend_exists(int32_t *exists, sapdr_backend *backend,
                                                            const sapdr_object *object,
                                                            sapdr_error **err);
SAPDR_API SAPDR_NODISCARD sapdr_status sapdr_backend_size(uint64_t *size, sapdr_backend *backend,
                                                          const sapdr_object *object,
                                                          sapdr_error **err);
/* Fills `buffer`; SAPDR_E_CORRUPT if the object ends before it is full. */
SAPDR_API SAPDR_NODISCARD sapdr_status sapdr_backend_load(sapdr_backend *backend,
                                                          const sapdr_object *object,
                                                          uint64_t offset, void *buffer,
                                                          size_t size, sapdr_error **err);
SAPDR_API SAPDR_NODISCARD sapdr_status sapdr_backend_save(sapdr_backend *backend,
                                                          const sapdr_object *object,
                                                          const void *data, size_t size,
                                                          sapdr_error **err);
SAPDR_API SAPDR_NODISCARD sapdr_status sapdr_backend_list(sapdr_backend *backend, int32_t type,
                                                          sapdr_object_tell tell, void *told,
                                                          sapdr_error **err);
SAPDR_API SAPDR_NODISCARD sapdr_status sapdr_backend_erase(sapdr_backend *backend,
                                                           const sapdr_object *object,
                                                           sapdr_error **err);

SAPDR_END_DECLS

#endif
