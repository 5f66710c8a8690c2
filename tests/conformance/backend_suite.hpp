// What every storage backend has to keep. One test for each sentence of the contract at the top of
// lib/storage/backend.hpp, in its words; a new backend calls test_backend() with a factory.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "storage/backend.hpp"

namespace sapdr::test {

// Opens new, empty storage on which create() was called; the one before may be dropped. Given
// `same`, opens a second handle to the storage of the last call, nullptr if that cannot be.
using BackendFactory = std::function<core::BackendPtr(bool same)>;

// The whole of an object.
std::string content_of(core::Backend& backend, const core::FileName& file);

// `tick`: after so long the clock of the storage has another time.
void test_backend(const BackendFactory& open,
                  std::chrono::milliseconds tick = std::chrono::milliseconds(20));

}  // namespace sapdr::test
