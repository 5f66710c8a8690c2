#include "memory_table.h"

#include <stdlib.h>
#include <string.h>

void memory_store_init(struct memory_store* store) {
  memset(store, 0, sizeof *store);
  pthread_mutex_init(&store->mutex, NULL);
}

static void drop(struct stored* object) {
  free(object->data);
  free(object);
}

void memory_store_clear(struct memory_store* store) {
  while (store->first != NULL) {
    struct stored* next = store->first->next;
    drop(store->first);
    store->first = next;
  }
  pthread_mutex_destroy(&store->mutex);
}

size_t memory_store_count(struct memory_store* store, int32_t type) {
  size_t n = 0;
  pthread_mutex_lock(&store->mutex);
  for (const struct stored* each = store->first; each != NULL; each = each->next) {
    n += each->type == type;
  }
  pthread_mutex_unlock(&store->mutex);
  return n;
}

/* Every function begins with this, which holds the lock if all is well. */
static sapdr_status begin(struct memory_store* store, sapdr_error** error) {
  pthread_mutex_lock(&store->mutex);
  ++store->calls;
  if (store->fail_from == 0 || store->calls < store->fail_from) return SAPDR_OK;
  if (store->fail_until != 0 && store->calls >= store->fail_until) return SAPDR_OK;
  pthread_mutex_unlock(&store->mutex);
  sapdr_cancel_trigger(store->cancel);
  *error = sapdr_error_new(store->status, "the disk clicked");
  return store->status;
}

static sapdr_status end(struct memory_store* store, sapdr_status status) {
  pthread_mutex_unlock(&store->mutex);
  return status;
}

/* Where the pointer to an object is, or the end of the list. */
static struct stored** find(struct memory_store* store, const sapdr_object* object) {
  struct stored** at = &store->first;
  while (*at != NULL && ((*at)->type != object->type || strcmp((*at)->name, object->name) != 0)) {
    at = &(*at)->next;
  }
  return at;
}

static sapdr_status size_of(void* user, const sapdr_object* object, uint64_t* size,
                            sapdr_error** error) {
  struct memory_store* store = user;
  const sapdr_status status = begin(store, error);
  if (status != SAPDR_OK) return status;
  const struct stored* found = *find(store, object);
  if (found == NULL) return end(store, SAPDR_E_NOT_FOUND);
  *size = found->size;
  return end(store, SAPDR_OK);
}

static sapdr_status load(void* user, const sapdr_object* object, uint64_t offset, void* buffer,
                         size_t capacity, size_t* loaded, sapdr_error** error) {
  struct memory_store* store = user;
  const sapdr_status status = begin(store, error);
  if (status != SAPDR_OK) return status;
  const struct stored* found = *find(store, object);
  if (found == NULL) return end(store, SAPDR_E_NOT_FOUND);
  const size_t rest = offset < found->size ? found->size - (size_t)offset : 0;
  *loaded = rest < capacity ? rest : capacity;
  if (*loaded > 0) memcpy(buffer, (const char*)found->data + offset, *loaded);
  return end(store, SAPDR_OK);
}

static sapdr_status save(void* user, const sapdr_object* object, const void* data, size_t size,
                         sapdr_error** error) {
  struct memory_store* store = user;
  const sapdr_status status = begin(store, error);
  if (status != SAPDR_OK) return status;
  struct stored** at = find(store, object);
  if (*at != NULL) return end(store, SAPDR_E_EXISTS);
  struct stored* made = calloc(1, sizeof *made);
  void* copy = malloc(size + 1);
  if (made == NULL || copy == NULL) {
    free(made);
    free(copy);
    return end(store, SAPDR_E_NO_MEMORY);
  }
  memcpy(copy, data, size);
  made->type = object->type;
  strcpy(made->name, object->name);
  made->data = copy;
  made->size = size;
  *at = made;
  return end(store, SAPDR_OK);
}

static sapdr_status list(void* user, int32_t type, sapdr_object_tell tell, void* told,
                         sapdr_error** error) {
  struct memory_store* store = user;
  sapdr_status status = begin(store, error);
  if (status != SAPDR_OK) return status;
  for (const struct stored* each = store->first; each != NULL && status == SAPDR_OK;
       each = each->next) {
    if (each->type == type) status = tell(told, each->name, each->size, 0);
  }
  return end(store, status);
}

static sapdr_status erase(void* user, const sapdr_object* object, sapdr_error** error) {
  struct memory_store* store = user;
  const sapdr_status status = begin(store, error);
  if (status != SAPDR_OK) return status;
  struct stored** at = find(store, object);
  if (*at == NULL) return end(store, SAPDR_E_NOT_FOUND);
  struct stored* gone = *at;
  *at = gone->next;
  drop(gone);
  return end(store, SAPDR_OK);
}

static void release(void* user) {
  struct memory_store* store = user;
  ++store->freed;
}

sapdr_backend_table memory_table(struct memory_store* store) {
  sapdr_backend_table table;
  SAPDR_INIT(&table);
  table.location = "store:";
  table.user = store;
  table.size = size_of;
  table.load = load;
  table.save = save;
  table.list = list;
  table.erase = erase;
  table.free = release;
  return table;
}
