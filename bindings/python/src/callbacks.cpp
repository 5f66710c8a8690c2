#include "callbacks.hpp"

namespace sapdr_python {

sapdr::observer observer_for(const session& owner, py::handle on_progress, py::handle on_item) {
  sapdr::observer observer;
  if (!on_progress.is_none())
    observer.on_progress = teller_for<sapdr::progress>(owner, on_progress);
  if (!on_item.is_none()) observer.on_item = teller_for<sapdr::item>(owner, on_item);
  return observer;
}

std::function<std::size_t(std::span<std::byte>)> reader_for(const session& owner,
                                                            py::handle readinto) {
  return [&owner, readinto](std::span<std::byte> buffer) {
    const callback_scope scope(owner);
    const auto view =
        py::memoryview::from_memory(buffer.data(), static_cast<py::ssize_t>(buffer.size()));
    const auto size = readinto(view).cast<std::size_t>();
    view.attr("release")();  // a view that is kept must not show memory that is gone
    if (size > buffer.size()) throw py::value_error("readinto() returned more than it was given");
    return size;
  };
}

std::function<std::size_t(std::span<std::byte>)> owning_reader_for(const session& owner,
                                                                   py::object readinto) {
  const auto read = reader_for(owner, readinto);
  const auto free = [](py::object* owned) {
    const py::gil_scoped_acquire gil;
    delete owned;
  };
  std::shared_ptr<py::object> kept(new py::object(std::move(readinto)), free);
  return [read, kept](std::span<std::byte> buffer) { return read(buffer); };
}

std::function<void(std::span<const std::byte>)> writer_for(const session& owner, py::handle write) {
  return [&owner, write](std::span<const std::byte> data) {
    const callback_scope scope(owner);
    write(py::bytes(reinterpret_cast<const char*>(data.data()), data.size()));
  };
}

}  // namespace sapdr_python
