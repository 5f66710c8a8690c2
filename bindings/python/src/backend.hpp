// Where objects lie: what a session works on.
#pragma once

#include <pybind11/pybind11.h>

#include <memory>
#include <sapdr/sapdr.hpp>
#include <string>
#include <utility>

#include "errors.hpp"
#include "kept_exceptions.hpp"
#include "log.hpp"
#include "running.hpp"

namespace sapdr_python {

namespace py = pybind11;

class opened_backend {
  // What a backend has in common with those that wrap it.
  struct common {
    common();
    const std::shared_ptr<log_queue> log;
    const std::shared_ptr<kept_exceptions> kept;
    const sapdr::context context;
  };

 public:
  opened_backend(std::shared_ptr<common> shared, sapdr::backend storage)
      : common_(std::move(shared)), storage_(std::move(storage)) {}

  static std::shared_ptr<opened_backend> open(const std::string& location);
  static std::shared_ptr<opened_backend> open_azure(const std::string& location,
                                                    const sapdr::azure_options& options);
  // Nothing is stored anywhere: for what needs a context only.
  static std::shared_ptr<opened_backend> none() { return open("memory:"); }
  // `adapter` is a _backend._Adapter.
  static std::shared_ptr<opened_backend> from_object(py::object adapter,
                                                     const std::string& location,
                                                     uint32_t max_parallel, bool retry);
  // Another backend around this one: `backend decorate(const backend&)`.
  template <class Decorate>
  std::shared_ptr<opened_backend> around(Decorate&& decorate) const {
    return std::make_shared<opened_backend>(common_, decorate(storage()));
  }

  // A context that logs as this backend does, with the pace of `options`.
  sapdr::context paced(sapdr::context_options options) const;
  const sapdr::backend& storage() const { return storage_; }
  log_queue& log() const { return *common_->log; }
  kept_exceptions& kept() const { return *common_->kept; }
  // What callback_mark knows storage in Python by.
  const void* owner() const { return common_->kept.get(); }

  // A call on the storage itself, without the GIL: `result call(sapdr::backend&)`.
  template <class Call>
  auto run(Call&& call) const;

 private:
  const std::shared_ptr<common> common_;
  mutable sapdr::backend storage_;  // any thread may call it
};

template <class Call>
auto opened_backend::run(Call&& call) const {
  const running_call running(nullptr);
  const log_queue::drained logs(log());
  const kept_exceptions::call keeping(kept());
  return translated(kept(), [&] {
    const py::gil_scoped_release release;
    return call(storage_);
  });
}

}  // namespace sapdr_python
