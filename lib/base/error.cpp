#include "base/error.hpp"

#include <new>
#include <system_error>

namespace sapdr::core {

namespace {

// Messages travel as one line, whatever file name they quote.
std::string one_line(std::string message) {
  for (char& c : message) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return message;
}

Code code_of_errno(int errnum) {
  switch (errnum) {
    case ENOENT:
    case ENOTDIR:
      return Code::not_found;
    case EEXIST:
      return Code::exists;
    case EACCES:
    case EPERM:
    case EROFS:
      return Code::permission;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return Code::no_space;
    case ENOMEM:
      return Code::no_memory;
    case ETIMEDOUT:
      return Code::timeout;
    case EINVAL:
    case ENAMETOOLONG:
      return Code::invalid_argument;
    case ENOTSUP:
    case ENOSYS:
      return Code::unsupported;
    default:
      return Code::io;
  }
}

}  // namespace

Error::Error(Code code, std::string message, Retry retry)
    : code_(code), retry_(retry), message_(one_line(std::move(message))) {}

Error&& Error::with(std::string key, std::string value) && {
  details_.emplace_back(std::move(key), std::move(value));
  return std::move(*this);
}

Error&& Error::because(const Error& cause) && {
  cause_ = std::make_shared<const Error>(cause);
  return std::move(*this);
}

const std::string* Error::detail(std::string_view key) const noexcept {
  for (const auto& [k, v] : details_) {
    if (k == key) return &v;
  }
  return nullptr;
}

Error system_error(int errnum, std::string_view action, std::string_view path) {
  std::string message = "could not ";
  message.append(action).append(" ").append(path).append(": ");
  message.append(std::generic_category().message(errnum));
  const Retry retry = errnum == EINTR || errnum == EAGAIN || errnum == EIO || errnum == ESTALE
                          ? Retry::maybe
                          : Retry::never;
  return Error(code_of_errno(errnum), std::move(message), retry)
      .with("path", std::string(path))
      .with("errno", std::to_string(errnum));
}

bool is_fatal(const Error& error) {
  switch (error.code()) {
    case Code::cancelled:
    case Code::callback:
    case Code::no_memory:
    case Code::no_space:
    case Code::network:
    case Code::timeout:
    case Code::auth:
    case Code::locked:
    case Code::internal:
      return true;
    default:
      return false;
  }
}

namespace {

Error handled_error() {
  try {
    throw;
  } catch (const Error& e) {
    return e;
  } catch (const std::bad_alloc&) {
    return out_of_memory();
  } catch (const std::exception& e) {
    return Error(Code::internal, e.what());
  } catch (...) {
    return Error(Code::internal, "an exception of an unknown type was thrown");
  }
}

}  // namespace

Error out_of_memory() noexcept {
  return Error(Code::no_memory, "memory ran out");  // short enough to need none itself
}

Error current_error() noexcept {
  try {
    return handled_error();
  } catch (...) {  // a copy of the message found no room
    return out_of_memory();
  }
}

}  // namespace sapdr::core
