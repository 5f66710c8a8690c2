// A table of functions in front of any backend, by the functions of the C ABI: what a program
// would write that wraps a backend.
#pragma once

#include <sapdr/ext/backend.h>

#include <memory>

#include "capi/handles.hpp"
#include "storage/backend.hpp"

namespace sapdr::test {

// What a table forwards to, and how often `free` was called.
struct Forward {
  sapdr_backend inner;
  int* freed = nullptr;
};

// `user` is a Forward, which `free` deletes.
sapdr_backend_table table_of(const core::BackendPtr& inner, int* freed = nullptr);

// The backend that sapdr_backend_from_table makes of a table; throws what it fails with.
core::BackendPtr backend_from(const sapdr_backend_table& table);

}  // namespace sapdr::test
