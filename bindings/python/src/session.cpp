#include "session.hpp"

namespace sapdr_python {

namespace {

thread_local const session* in_callback_of = nullptr;

sapdr::context_options options_for(const std::shared_ptr<log_queue>& log) {
  return {.log_level = log_level(),
          .on_log = [log](const sapdr::log_record& record) { log->push(record); }};
}

}  // namespace

session::session() : log_(std::make_shared<log_queue>()), context_(options_for(log_)) {}

sapdr::repository& session::opened() const {
  if (closed())
    throw sapdr::error(SAPDR_E_INVALID_STATE, "the repository was closed; open it again");
  return *repository_;
}

void session::hand_on_logs() {
  const callback_mark mark(*this);
  log_->drain();
}

void session::close() {
  const exclusive own(*this, nullptr);
  // Getters read the pointer with the GIL held, so that it changes with the GIL held.
  auto closing = std::exchange(repository_, nullptr);
  const py::gil_scoped_release release;
  closing.reset();
}

void session::dispose(std::shared_ptr<void> object) {
  if (!callback_mark::is_set(*this) && mutex_.try_lock()) {
    const std::lock_guard lock(mutex_, std::adopt_lock);
    const py::gil_scoped_release release;
    object.reset();
  } else {
    const std::lock_guard lock(disposed_mutex_);
    disposed_.push_back(std::move(object));
  }
}

session::exclusive::exclusive(session& owner, const sapdr::cancel_source* cancel)
    : call_(cancel), session_(owner) {
  if (callback_mark::is_set(owner))
    throw sapdr::error(SAPDR_E_INVALID_STATE,
                       "a callback called the repository it observes; call it after the operation");
  const auto locked = [&] {
    const py::gil_scoped_release release;
    return owner.mutex_.try_lock_for(signal_interval);
  };
  while (!locked())
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
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

callback_mark::callback_mark(const session& owner)
    : outer_(std::exchange(in_callback_of, &owner)) {}

callback_mark::~callback_mark() {
  in_callback_of = outer_;
}

bool callback_mark::is_set(const session& owner) {
  const session* running = in_callback_of;
  return running != nullptr && (running == &owner || running == owner.lent_to_);
}

callback_scope::callback_scope(const session& owner) : mark_(owner) {
  if (running_calls::instance().closing())
    throw sapdr::error(SAPDR_E_CANCELLED, "the interpreter is ending");
  gil_.emplace();
}

}  // namespace sapdr_python
