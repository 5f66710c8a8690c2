#include "base/error.hpp"

#include <new>
#include <stdexcept>

#include "support.hpp"

using namespace sapdr::test;

namespace {

template <class Exception>
Error caught(const Exception& exception) {
  try {
    throw exception;
  } catch (...) {
    return current_error();
  }
}

}  // namespace

TEST_CASE("error: carries code, message, details and cause") {
  const Error cause(Code::io, "the disk broke");
  const Error error = Error(Code::corrupt, "pack 0123abcd is damaged", Retry::maybe)
                          .with("pack", "0123abcd")
                          .with("offset", "7")
                          .because(cause);
  CHECK(error.code() == Code::corrupt);
  CHECK(error.retry() == Retry::maybe);
  CHECK(error.message() == "pack 0123abcd is damaged");
  CHECK(std::string(error.what()) == error.message());
  REQUIRE(error.detail("offset") != nullptr);
  CHECK(*error.detail("offset") == "7");
  CHECK(error.detail("path") == nullptr);
  REQUIRE(error.cause() != nullptr);
  CHECK(error.cause()->message() == "the disk broke");
  CHECK(error.cause()->cause() == nullptr);
}

TEST_CASE("error: the message is one line, whatever it quotes") {
  CHECK(Error(Code::io, S("a\nb\x1b[31m\x7f\0c")).message() == "a?b?[31m??c");
  CHECK(Error(Code::io, "naïve \xff").message() == "naïve \xff");
}

TEST_CASE("error: of a system call") {
  const Error error = system_error(ENOENT, "open", "/x");
  CHECK(error.code() == Code::not_found);
  CHECK(error.message() == "could not open /x: No such file or directory");
  CHECK(*error.detail("path") == "/x");
  CHECK(*error.detail("errno") == std::to_string(ENOENT));
  CHECK(system_error(EACCES, "open", "/x").code() == Code::permission);
  CHECK(system_error(EEXIST, "create", "/x").code() == Code::exists);
  CHECK(system_error(ENOSPC, "write", "/x").code() == Code::no_space);
  CHECK(system_error(ENOMEM, "write", "/x").code() == Code::no_memory);
  CHECK(system_error(EIO, "read", "/x").code() == Code::io);
  CHECK(system_error(EIO, "read", "/x").retry() == Retry::maybe);
  CHECK(system_error(ENOENT, "read", "/x").retry() == Retry::never);
}

TEST_CASE("error: any exception as an error") {
  CHECK(caught(Error(Code::locked, "locked")).code() == Code::locked);
  CHECK(caught(std::bad_alloc()).code() == Code::no_memory);
  CHECK(caught(std::runtime_error("why")).code() == Code::internal);
  CHECK(caught(std::runtime_error("why")).message() == "why");
  CHECK(caught(7).code() == Code::internal);
}
