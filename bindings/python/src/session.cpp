#include "session.hpp"

namespace sapdr_python {

namespace {

thread_local const callback_mark* innermost_mark = nullptr;

}  // namespace

sapdr::repository& session::opened() const {
  if (closed())
    throw sapdr::error(SAPDR_E_INVALID_STATE, "the repository was closed; open it again");
  return *repository_;
}

bool session::in_callback() const {
  return callback_mark::is_set(this) || callback_mark::is_set(lent_to_);
}

void session::hand_on_logs() {
  const callback_mark mark(this);
  backend_->log().drain();
}

void session::close() {
  const exclusive own(*this, nullptr);
  // Getters read the pointer with the GIL held, so that it changes with the GIL held.
  auto closing = std::exchange(repository_, nullptr);
  const py::gil_scoped_release release;
  closing.reset();
}

void session::dispose(std::shared_ptr<void> object) {
  if (!in_callback() && mutex_.try_lock()) {
    const std::lock_guard lock(mutex_, std::adopt_lock);
    const py::gil_scoped_release release;
    object.reset();
  } else {
    const std::lock_guard lock(disposed_mutex_);
    disposed_.push_back(std::move(object));
  }
}

session::exclusive::exclusive(session& owner, const call_cancel* cancel)
    : call_(cancel), keeping_(owner.backend_->kept()), session_(owner) {
  if (owner.in_callback() || callback_mark::is_set(owner.backend_->owner()))
    throw sapdr::error(
        SAPDR_E_INVALID_STATE,
        "a callback called the repository it works for; call it after the operation");
  const auto locked = [&] {
    const py::gil_scoped_release release;
    return owner.mutex_.try_lock_for(signal_interval);
  };
  while (!locked()) {
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
    if (cancel != nullptr && cancel->pass_on())
      throw sapdr::error(SAPDR_E_CANCELLED, "the operation was cancelled before it began");
  }
  if (cancel != nullptr) cancel->pass_on();
}

session::exclusive::~exclusive() {
  {
    const py::gil_scoped_release release;
    std::vector<std::shared_ptr<void>> disposed;
    {
      const std::lock_guard lock(session_.disposed_mutex_);
      disposed.swap(session_.disposed_);
    }
    disposed.clear();
    session_.mutex_.unlock();
  }
  session_.hand_on_logs();
}

callback_mark::callback_mark(const void* owner)
    : owner_(owner), outer_(std::exchange(innermost_mark, this)) {}

callback_mark::~callback_mark() {
  innermost_mark = outer_;
}

bool callback_mark::is_set(const void* owner) {
  for (const callback_mark* mark = innermost_mark; mark != nullptr; mark = mark->outer_)
    if (mark->owner_ == owner) return true;
  return false;
}

callback_scope::callback_scope(const session& owner) : mark_(&owner) {
  if (running_calls::instance().closing())
    throw sapdr::error(SAPDR_E_CANCELLED, "the interpreter is ending");
  gil_.emplace();
}

storage_scope::storage_scope(const void* owner) : mark_(owner) {
  if (running_calls::instance().ended())
    throw sapdr::error(SAPDR_E_CANCELLED, "the interpreter has ended");
  gil_.emplace();
}

}  // namespace sapdr_python
