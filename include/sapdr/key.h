/* Keys: the passwords of a repository.
 *
 * A repository has one master key for ever, and a key file for each password: the master key,
 * sealed with it. Any of the passwords opens everything. Removing a key keeps its password from
 * opening the repository from then on; whoever knew it before, and kept the key file or the master
 * key, can still read everything: then make a new repository and copy the snapshots (copy.h).
 *
 * The key that a handle was opened with is its current one. It is never removed, and no other one
 * is if the current one is gone or damaged: so one that opens always stays.
 */
#ifndef SAPDR_KEY_H
#define SAPDR_KEY_H

#include <sapdr/repository.h>

SAPDR_BEGIN_DECLS

/* What a key file tells without a password. Everything is borrowed from the list. */
typedef struct sapdr_key {
  uint32_t struct_size;
  int32_t is_current;  /* 1: the handle was opened with it */
  const char *id;      /* 64 hexadecimal digits */
  const char *host;    /* where it was made; "" if unknown */
  const char *user;    /* by whom; "" if unknown */
  int64_t created_ns;  /* 0 if unknown */
  const char *damage;  /* why the file cannot be read, one line; NULL: it can */
} sapdr_key;

typedef struct sapdr_key_list sapdr_key_list;

/* All keys, oldest first, damaged ones before all. @since 0.1 */
SAPDR_API SAPDR_NODISCARD sapdr_status sapdr_key_list_new(sapdr_key_list **out, sapdr_repo *repo,
                                                          sapdr_error **err);
SAPDR_API size_t sapdr_key_list_size(const sapdr_key_list *list); /* @since 0.1 */
/* Borrowed from the list; NULL past its end. @since 0.1 */
SAPDR_API const sapdr_key *sapdr_key_list_at(const sapdr_key_list *list, size_t at);
SAPDR_API void sapdr_key_list_free(sapdr_key_list *list); /* NULL allowed; @since 0.1 */

/* A new key. */
typedef struct sapdr_key_options {
  uint32_t struct_size;
  uint32_t scrypt_n;      /* cost of the key derivation, a power of two; 0: 32768 */
  uint32_t scrypt_r;      /* 0: 8 */
  uint32_t scrypt_p;      /* 0: 6 */
  const char *password;   /* bytes, at least one; wiped from the library's own memory after use */
  size_t password_size;
  const char *host;       /* as the key file tells it; NULL: this host's name */
  const char *user;       /* NULL: this user's name */
  sapdr_cancel *cancel;   /* ends the wait for a lock */
} sapdr_key_options;

/* Adds a key, and proves that what was stored opens with its password. `*added`, which may be NULL,
 * receives its id. SAPDR_E_INVALID_ARGUMENT for an empty password. @since 0.1 */
SAPDR_API SAPDR_NODISCARD sapdr_status sapdr_key_add(sapdr_id *added, sapdr_repo *repo,
                                                     const sapdr_key_options *options,
                                                     sapdr_error **err);

/* Removes the key whose id is or begins with `id`; its password opens the repository no more.
 * `*removed`, which may be NULL, receives its id. Takes an exclusive lock. SAPDR_E_NOT_FOUND,
 * SAPDR_E_AMBIGUOUS; SAPDR_E_INVALID_ARGUMENT for the current key; SAPDR_E_INVALID_STATE if the
 * current key is gone or damaged. @since 0.1 */
SAPDR_API SAPDR_NODISCARD sapdr_status sapdr_key_remove(sapdr_id *removed, sapdr_repo *repo,
                                                        const char *id, sapdr_cancel *cancel,
                                                        sapdr_error **err);

/* Changes the password of the current key: adds a key, proves that it opens, makes it the current
 * one, and then removes the one before. Ended at any point, at least one of the two passwords opens
 * the repository. `*added`, which may be NULL, receives the id of the new key. Takes an exclusive
 * lock. @since 0.1 */
SAPDR_API SAPDR_NODISCARD sapdr_status sapdr_key_passwd(sapdr_id *added, sapdr_repo *repo,
                                                        const sapdr_key_options *options,
                                                        sapdr_error **err);

SAPDR_END_DECLS

#endif
