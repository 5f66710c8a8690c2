// Reading a file of a snapshot.
#include <pybind11/pybind11.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <sapdr/sapdr.hpp>
#include <span>
#include <string>
#include <utility>

#include "bind.hpp"
#include "session.hpp"

namespace sapdr_python {

namespace {

class open_file {
 public:
  open_file(std::shared_ptr<session> owner, const std::string& snapshot, const std::string& path,
            given_cancel given)
      : session_(std::move(owner)) {
    auto made = std::make_shared<state>(std::move(given));
    session_->run_long(made->cancel, [&](sapdr::repository& repository) {
      made->repository = session_->repository();
      made->file.emplace(repository.open_file(snapshot, path, {.cancel = made->cancel.get()}));
    });
    size_ = made->file->size();
    state_ = std::move(made);
  }
  ~open_file() { close(); }
  open_file(const open_file&) = delete;
  open_file& operator=(const open_file&) = delete;

  uint64_t size() const { return size_; }

  // Fills a buffer from `offset` on, but not beyond the end of one blob: what lies before a damaged
  // one can be read, whatever the size of the buffer.
  std::size_t readinto(uint64_t offset, const py::buffer& buffer) {
    const py::buffer_info into = buffer.request(true);
    if (into.ndim > 1 || (into.ndim == 1 && into.strides[0] != into.itemsize))
      throw py::value_error("a buffer that is not contiguous cannot be read into");
    const in_use used(*this);
    const auto capacity = static_cast<std::size_t>(into.size * into.itemsize);
    const uint64_t end = used->file->blob_end(offset);
    const uint64_t size = offset < end ? std::min<uint64_t>(capacity, end - offset) : 0;
    return used.read(offset, {static_cast<std::byte*>(into.ptr), static_cast<std::size_t>(size)});
  }

  // All from `offset` on.
  py::bytes readall(uint64_t offset) {
    const in_use used(*this);
    const uint64_t size = offset < size_ ? size_ - offset : 0;
    if (size > static_cast<uint64_t>(PY_SSIZE_T_MAX))
      throw py::value_error("the rest of the file does not fit into memory");
    py::bytes all = py::reinterpret_steal<py::bytes>(
        PyBytes_FromStringAndSize(nullptr, static_cast<Py_ssize_t>(size)));
    if (!all) throw py::error_already_set();
    auto* const data = reinterpret_cast<std::byte*>(PyBytes_AS_STRING(all.ptr()));
    used.read(offset, {data, static_cast<std::size_t>(size)});
    return all;
  }

  void close() {
    if (state_) session_->dispose(std::move(state_));
  }

 private:
  struct state {
    explicit state(given_cancel given) : cancel(std::move(given)) {}

    std::shared_ptr<sapdr::repository> repository;
    call_cancel cancel;
    std::optional<sapdr::file> file;
  };

  // Keeps the file open during a read, also if another thread closes it. With the GIL held.
  class in_use {
   public:
    explicit in_use(open_file& owner) : owner_(owner), state_(owner.state_) {
      if (!state_) throw py::value_error("I/O operation on closed file.");
    }
    ~in_use() {
      if (state_ != owner_.state_) owner_.session_->dispose(std::move(state_));
    }
    in_use(const in_use&) = delete;
    in_use& operator=(const in_use&) = delete;

    const state* operator->() const { return state_.get(); }
    std::size_t read(uint64_t offset, std::span<std::byte> buffer) const {
      return owner_.session_->run_long(state_->cancel, [&](sapdr::repository&) {
        state_->cancel.reset();  // an earlier read may have been interrupted
        state_->cancel.pass_on();
        return state_->file->read(offset, buffer);
      });
    }

   private:
    open_file& owner_;
    std::shared_ptr<state> state_;
  };

  std::shared_ptr<session> session_;
  std::shared_ptr<state> state_;  // NULL once closed
  uint64_t size_ = 0;
};

}  // namespace

void bind_file(py::module_& module) {
  py::class_<open_file>(module, "File")
      .def(py::init<std::shared_ptr<session>, const std::string&, const std::string&,
                    given_cancel>(),
           py::arg("repository"), py::arg("snapshot"), py::arg("path"), py::arg("cancel"))
      .def_property_readonly("size", &open_file::size)
      .def("readinto", &open_file::readinto, py::arg("offset"), py::arg("buffer"))
      .def("readall", &open_file::readall, py::arg("offset"))
      .def("close", &open_file::close);
}

}  // namespace sapdr_python
