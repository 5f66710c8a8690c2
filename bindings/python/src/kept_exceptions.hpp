// Exceptions of Python on their way through the library, which knows nothing of them: an error
// carries the number of one as a detail, and becomes the exception again when it comes out.
#pragma once

#include <pybind11/pybind11.h>

#include <cstdint>
#include <deque>
#include <sapdr/sapdr.hpp>
#include <string>
#include <utility>

namespace sapdr_python {

namespace py = pybind11;

// All with the GIL held.
class kept_exceptions {
 public:
  // An error of the library that stands for what a storage raised.
  sapdr::error keep(const py::error_already_set& thrown);

  // The exception that an error stands for; None if it stands for none that is kept.
  py::object find(const sapdr::error& error) const;

  // While calls run that may keep some; when the last has ended, they are dropped.
  class call {
   public:
    explicit call(kept_exceptions& kept) : kept_(kept) { ++kept_.calls_; }
    ~call() {
      if (--kept_.calls_ == 0) kept_.kept_.clear();
    }
    call(const call&) = delete;
    call& operator=(const call&) = delete;

   private:
    kept_exceptions& kept_;
  };

  // While it lives, what the other one keeps is found as well: a call works on two storages.
  class joined {
   public:
    joined(kept_exceptions& kept, const kept_exceptions& other) : kept_(kept) {
      kept_.other_ = &other;
    }
    ~joined() { kept_.other_ = nullptr; }
    joined(const joined&) = delete;
    joined& operator=(const joined&) = delete;

   private:
    kept_exceptions& kept_;
  };

 private:
  py::object find(const std::string& number) const;

  // Of many that are raised in one run the last ones say why it ended.
  static constexpr std::size_t capacity = 32;

  std::deque<std::pair<std::string, py::object>> kept_;
  const kept_exceptions* other_ = nullptr;
  int calls_ = 0;
};

}  // namespace sapdr_python
