#if defined(__GNUC__) && !defined(__clang__)
// gcc 12 takes the malloc() in our operator new for the wrong partner of a delete.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
#endif

// The guard around every export: each of its catches, and the one error that needs no memory.
#include <doctest/doctest.h>

#include <cstdlib>
#include <new>
#include <stdexcept>

#include "capi/options.hpp"

namespace {

thread_local bool no_memory = false;

}  // namespace

[[gnu::noinline]] void* operator new(size_t size) {
  void* memory = no_memory ? nullptr : std::malloc(size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, size_t) noexcept {
  std::free(memory);
}

namespace sapdr::capi {

namespace {

using core::Retry;

// The error of a body, freed at the end.
class Caught {
 public:
  template <class Body>
  explicit Caught(Body body) : status(guard(&error_, body)) {}
  ~Caught() { sapdr_error_free(error_); }
  Caught(const Caught&) = delete;
  Caught& operator=(const Caught&) = delete;

  const sapdr_error* error() const { return error_; }
  std::string message() const { return sapdr_error_message(error_); }

 private:
  sapdr_error* error_ = nullptr;

 public:
  const sapdr_status status;  // after error_, which it is set with
};

}  // namespace

TEST_CASE("guard: success leaves the error alone") {
  sapdr_error* before = sapdr_error_new(SAPDR_E_IO, "from before");
  sapdr_error* err = before;
  CHECK(guard(&err, [] {}) == SAPDR_OK);
  CHECK(err == before);
  sapdr_error_free(before);
}

TEST_CASE("guard: an error comes out with code, retry class, details and causes") {
  const Caught caught([] {
    const Error disk(Code::io, "the disk clicked", Retry::maybe);
    const Error pack = Error(Code::corrupt, "pack 0123 is damaged").because(disk);
    throw Error(Code::network, "could not read\nthe pack", Retry::yes)
        .with("pack", "0123")
        .with("http_status", "503")
        .because(pack);
  });
  CHECK(caught.status == SAPDR_E_NETWORK);
  CHECK(sapdr_error_code(caught.error()) == SAPDR_E_NETWORK);
  CHECK(caught.message() == "could not read?the pack");
  CHECK(sapdr_error_retryable(caught.error()) == SAPDR_RETRY_YES);
  CHECK(std::string(sapdr_error_detail(caught.error(), "pack")) == "0123");
  CHECK(std::string(sapdr_error_detail(caught.error(), "http_status")) == "503");
  CHECK(sapdr_error_detail(caught.error(), "path") == nullptr);
  CHECK(sapdr_error_detail(caught.error(), nullptr) == nullptr);

  const sapdr_error* pack = sapdr_error_cause(caught.error());
  REQUIRE(pack != nullptr);
  CHECK(sapdr_error_code(pack) == SAPDR_E_CORRUPT);
  const sapdr_error* disk = sapdr_error_cause(pack);
  REQUIRE(disk != nullptr);
  CHECK(sapdr_error_retryable(disk) == SAPDR_RETRY_MAYBE);
  CHECK(sapdr_error_cause(disk) == nullptr);
}

TEST_CASE("guard: bad_alloc") {
  const Caught caught([] { throw std::bad_alloc(); });
  CHECK(caught.status == SAPDR_E_NO_MEMORY);
  CHECK(sapdr_error_code(caught.error()) == SAPDR_E_NO_MEMORY);
  CHECK(caught.message() == "memory ran out");
}

TEST_CASE("guard: other exceptions are defects of ours") {
  const Caught known([] { throw std::out_of_range("vector"); });
  CHECK(known.status == SAPDR_E_INTERNAL);
  CHECK(known.message() == "vector");
  const Caught unknown([] { throw 42; });
  CHECK(unknown.status == SAPDR_E_INTERNAL);
  CHECK(unknown.message().find("unknown type") != std::string::npos);
}

TEST_CASE("guard: nobody has to want the error") {
  CHECK(guard(nullptr, [] { throw Error(Code::io, "x"); }) == SAPDR_E_IO);
  CHECK(guard(nullptr, [] { throw std::bad_alloc(); }) == SAPDR_E_NO_MEMORY);
  CHECK(guard(nullptr, [] { throw std::runtime_error("x"); }) == SAPDR_E_INTERNAL);
  CHECK(guard(nullptr, [] { throw "x"; }) == SAPDR_E_INTERNAL);
}

TEST_CASE("guard: without memory for the error there is a static one") {
  const Error error(Code::io, "a message that is too long to be stored in the string itself");
  const std::runtime_error other(error.message());
  const auto code_without_memory = [](auto throw_it) {
    sapdr_error* err = nullptr;
    no_memory = true;
    const sapdr_status status = guard(&err, throw_it);
    no_memory = false;
    CHECK(sapdr_error_code(err) == SAPDR_E_NO_MEMORY);
    sapdr_error_free(err);  // does nothing: it can be read again
    CHECK(sapdr_error_code(err) == SAPDR_E_NO_MEMORY);
    return status;
  };
  const auto thrown = std::make_exception_ptr(error);
  CHECK(code_without_memory([&] { std::rethrow_exception(thrown); }) == SAPDR_E_IO);
  CHECK(code_without_memory([&] { throw other; }) == SAPDR_E_INTERNAL);
  CHECK(code_without_memory([] { static_cast<void>(std::string(1000, 'x')); }) ==
        SAPDR_E_NO_MEMORY);

  no_memory = true;
  sapdr_error* made = sapdr_error_new(SAPDR_E_IO, "a callback failed where no memory was left");
  no_memory = false;
  CHECK(sapdr_error_code(made) == SAPDR_E_NO_MEMORY);
}

TEST_CASE("guard_new: the object, or NULL") {
  sapdr_error* err = nullptr;
  int* out = nullptr;
  CHECK(guard_new(&out, &err, [] { return std::make_unique<int>(7); }) == SAPDR_OK);
  CHECK(*out == 7);
  delete out;
  CHECK(guard_new(&out, nullptr, []() -> std::unique_ptr<int> {
          throw Error(Code::exists, "x");
        }) == SAPDR_E_EXISTS);
  CHECK(out == nullptr);
  CHECK(guard_new<int>(nullptr, nullptr, [] { return std::make_unique<int>(7); }) ==
        SAPDR_E_INVALID_ARGUMENT);
}

TEST_CASE("callback_error: the caller's own words, its status, never a success") {
  const Error own = callback_error(SAPDR_E_NETWORK, sapdr_error_new(SAPDR_E_NETWORK, "gone"), "x");
  CHECK(own.code() == Code::network);
  CHECK(own.message() == "gone");
  CHECK(own.cause() == nullptr);

  const Error other = callback_error(SAPDR_E_IO, sapdr_error_new(SAPDR_E_NETWORK, "gone"), "x");
  CHECK(other.code() == Code::io);
  CHECK(other.message() == "gone");
  REQUIRE(other.cause() != nullptr);
  CHECK(other.cause()->code() == Code::network);

  const Error none = callback_error(SAPDR_E_IO, nullptr, "\"read\"");
  CHECK(none.code() == Code::io);
  CHECK(none.message().find("\"read\"") != std::string::npos);
  CHECK(callback_error(1, nullptr, "x").code() == Code::callback);
  CHECK(callback_error(-99, nullptr, "x").code() == Code::callback);
}

}  // namespace sapdr::capi
