// All memory that this process takes, its libraries' included, can be made to run out.
#include <dlfcn.h>
#include <malloc.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <new>

#include "faults.h"

namespace {

bool is_due(const char* name) {
  int error = 0;
  return fault_is_due(CALLS_MEMORY, name, &error) != 0;
}

// The next definition of a function, in libc or a sanitizer.
template <class Function>
Function* next(Function*& known, const char* name) {
  if (known == nullptr) known = reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
  return known;
}

void* fail() {
  errno = ENOMEM;
  return nullptr;
}

void* next_malloc(size_t size) {
  static decltype(::malloc)* known;
  return next(known, "malloc")(size);
}

void* next_memalign(size_t alignment, size_t size) {
  static decltype(::memalign)* known;
  return next(known, "memalign")(alignment, size);
}

}  // namespace

extern "C" {

void* malloc(size_t size) noexcept {
  return is_due("malloc") ? fail() : next_malloc(size);
}

void* calloc(size_t number, size_t size) noexcept {
  static decltype(::calloc)* known;
  return is_due("calloc") ? fail() : next(known, "calloc")(number, size);
}

void* realloc(void* old, size_t size) noexcept {
  static decltype(::realloc)* known;
  return is_due("realloc") ? fail() : next(known, "realloc")(old, size);
}

void* memalign(size_t alignment, size_t size) noexcept {
  return is_due("memalign") ? fail() : next_memalign(alignment, size);
}

void* aligned_alloc(size_t alignment, size_t size) noexcept {
  return is_due("aligned_alloc") ? fail() : next_memalign(alignment, size);
}

int posix_memalign(void** out, size_t alignment, size_t size) noexcept {
  if (is_due("posix_memalign")) return ENOMEM;
  void* const made = next_memalign(alignment, size);
  if (made != nullptr) *out = made;
  return made == nullptr ? ENOMEM : 0;
}

}  // extern "C"

// A sanitizer's operators do not call malloc.
void* operator new(size_t size, const std::nothrow_t&) noexcept {
  return is_due("new") ? nullptr : next_malloc(std::max<size_t>(size, 1));
}

void* operator new(size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return is_due("new") ? nullptr : next_memalign(static_cast<size_t>(alignment), size);
}

void* operator new(size_t size) {
  void* const made = ::operator new(size, std::nothrow);
  if (made == nullptr) throw std::bad_alloc();
  return made;
}

void* operator new(size_t size, std::align_val_t alignment) {
  void* const made = ::operator new(size, alignment, std::nothrow);
  if (made == nullptr) throw std::bad_alloc();
  return made;
}

void* operator new[](size_t size) {
  return ::operator new(size);
}
void* operator new[](size_t size, const std::nothrow_t& tag) noexcept {
  return ::operator new(size, tag);
}
void* operator new[](size_t size, std::align_val_t alignment) {
  return ::operator new(size, alignment);
}
void* operator new[](size_t size, std::align_val_t alignment, const std::nothrow_t& tag) noexcept {
  return ::operator new(size, alignment, tag);
}

void operator delete(void* old) noexcept {
  std::free(old);
}
void operator delete(void* old, size_t) noexcept {
  std::free(old);
}
void operator delete(void* old, const std::nothrow_t&) noexcept {
  std::free(old);
}
void operator delete(void* old, std::align_val_t) noexcept {
  std::free(old);
}
void operator delete(void* old, size_t, std::align_val_t) noexcept {
  std::free(old);
}
void operator delete(void* old, std::align_val_t, const std::nothrow_t&) noexcept {
  std::free(old);
}
void operator delete[](void* old) noexcept {
  std::free(old);
}
void operator delete[](void* old, size_t) noexcept {
  std::free(old);
}
void operator delete[](void* old, const std::nothrow_t&) noexcept {
  std::free(old);
}
void operator delete[](void* old, std::align_val_t) noexcept {
  std::free(old);
}
void operator delete[](void* old, size_t, std::align_val_t) noexcept {
  std::free(old);
}
void operator delete[](void* old, std::align_val_t, const std::nothrow_t&) noexcept {
  std::free(old);
}
