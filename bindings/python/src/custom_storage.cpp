#include "custom_storage.hpp"

#include <algorithm>
#include <cstring>
#include <optional>
#include <tuple>
#include <utility>

#include "session.hpp"

namespace sapdr_python {

namespace {

class custom_storage final : public sapdr::storage {
  template <class... Arguments>
  py::object method(const char* name, const sapdr::object_name& object, Arguments&&... arguments) {
    return adapter_.attr(name)(sapdr_object_type_name(object.type), object.name, object.path,
                               std::forward<Arguments>(arguments)...);
  }

  // With the GIL; what Python raises becomes an error of the library.
  template <class Call>
  auto call(Call&& call) {
    const storage_scope scope(owner_);
    try {
      return call();
    } catch (const py::error_already_set& thrown) {
      throw kept_->keep(thrown);
    } catch (const py::cast_error&) {  // a number that is none: negative, or too big
      throw sapdr::error(SAPDR_E_INVALID_ARGUMENT, "a method returned a number out of range");
    }
  }

 public:
  custom_storage(py::object adapter, std::string location, uint32_t max_parallel, bool retry,
                 std::shared_ptr<kept_exceptions> kept, const void* owner)
      : adapter_(std::move(adapter)),
        location_(std::move(location)),
        max_parallel_(max_parallel),
        retry_(retry),
        kept_(std::move(kept)),
        owner_(owner) {}

  ~custom_storage() override {
    // At the very end of the interpreter there is no GIL to be had, and nothing to be freed.
    if (running_calls::instance().ended() && PyGILState_Check() == 0) {
      adapter_.release();
      return;
    }
    const py::gil_scoped_acquire gil;
    adapter_ = {};
  }

  std::string location() const override { return location_; }
  uint32_t max_parallel() const override { return max_parallel_; }
  bool retry() const override { return retry_; }

  void create() override {
    call([&] { adapter_.attr("create")(); });
  }

  uint64_t size(const sapdr::object_name& object) override {
    return call([&] { return method("size", object).cast<uint64_t>(); });
  }

  std::size_t load(const sapdr::object_name& object, uint64_t offset,
                   std::span<std::byte> buffer) override {
    return call([&] {
      const auto data = method("load", object, offset, buffer.size()).cast<py::bytes>();
      const std::string_view view(data);
      std::memcpy(buffer.data(), view.data(), std::min(view.size(), buffer.size()));
      return view.size();
    });
  }

  void save(const sapdr::object_name& object, std::span<const std::byte> data) override {
    call([&] {
      method("save", object, py::bytes(reinterpret_cast<const char*>(data.data()), data.size()));
    });
  }

  void list(int32_t type, const visitor& each) override {
    call([&] {
      for (const py::handle told : adapter_.attr("list")(sapdr_object_type_name(type))) {
        const auto [name, size, modified_ns] =
            told.cast<std::tuple<std::string, uint64_t, int64_t>>();
        each({name, size, modified_ns});
      }
    });
  }

  void erase(const sapdr::object_name& object) override {
    call([&] { method("erase", object); });
  }

 private:
  py::object adapter_;
  const std::string location_;
  const uint32_t max_parallel_;
  const bool retry_;
  const std::shared_ptr<kept_exceptions> kept_;
  const void* const owner_;
};

}  // namespace

std::unique_ptr<sapdr::storage> make_custom_storage(py::object adapter, std::string location,
                                                    uint32_t max_parallel, bool retry,
                                                    std::shared_ptr<kept_exceptions> kept,
                                                    const void* owner) {
  return std::make_unique<custom_storage>(std::move(adapter), std::move(location), max_parallel,
                                          retry, std::move(kept), owner);
}

}  // namespace sapdr_python
