#include "storage/foreign.hpp"

#include <cxxabi.h>

#include <algorithm>
#include <cstring>
#include <exception>
#include <limits>
#include <mutex>
#include <optional>
#include <utility>

#include "base/slots.hpp"
#include "storage/layout.hpp"
#include "storage/listing.hpp"

namespace sapdr::core {

namespace {

constexpr uint32_t default_parallel = 4;
constexpr uint32_t max_parallel_calls = 64;
constexpr size_t name_size = 64;

int32_t to_c(FileType type) {
  return static_cast<int32_t>(type) + SAPDR_OBJECT_CONFIG;
}

// A name as the table is told it; valid as long as this object.
class ObjectName {
 public:
  explicit ObjectName(const FileName& file) : file_(file), path_(path_of(file)) {
    object_.struct_size = sizeof object_;
    object_.type = to_c(file.type);
    object_.name = file_.name.c_str();
    object_.path = path_.c_str();
  }
  ObjectName(const ObjectName&) = delete;
  ObjectName& operator=(const ObjectName&) = delete;

  const sapdr_object* get() const { return &object_; }

 private:
  const FileName file_;
  const std::string path_;
  sapdr_object object_{};
};

// Whether a storage may answer so. Others mean something to callers of operations: a backup that
// is SAPDR_E_INCOMPLETE, say, has a snapshot.
bool is_answer_of_storage(sapdr_status status) {
  switch (status) {
    case SAPDR_OK:
    case SAPDR_E_INVALID_ARGUMENT:
    case SAPDR_E_INVALID_STATE:
    case SAPDR_E_NOT_FOUND:
    case SAPDR_E_EXISTS:
    case SAPDR_E_PERMISSION:
    case SAPDR_E_CORRUPT:
    case SAPDR_E_IO:
    case SAPDR_E_NETWORK:
    case SAPDR_E_TIMEOUT:
    case SAPDR_E_CANCELLED:
    case SAPDR_E_UNSUPPORTED:
    case SAPDR_E_NO_MEMORY:
    case SAPDR_E_CALLBACK:
    case SAPDR_E_NO_SPACE:
      return true;
    default:
      return false;
  }
}

// Collects what a table tells, up to the first thing that is wrong. Tables may tell from several
// threads.
class Collector {
 public:
  explicit Collector(FileType type) : listing_(type) {}

  static sapdr_status tell(void* told, const char* name, uint64_t size,
                           int64_t modified_ns) noexcept {
    return static_cast<Collector*>(told)->add(name, size, modified_ns);
  }

  // Throws what was wrong.
  const Listing& checked() {
    if (failure_) throw *failure_;
    listing_.require_each_once();
    return listing_;
  }
  bool has_failed() const { return failure_.has_value(); }

 private:
  sapdr_status add(const char* name, uint64_t size, int64_t modified_ns) noexcept {
    const std::lock_guard lock(mutex_);
    try {
      if (failure_) throw *failure_;
      if (name == nullptr) throw Error(Code::invalid_argument, "NULL is no name of an object");
      listing_.add({{name, ::strnlen(name, name_size + 1)}, size, modified_ns});
      return SAPDR_OK;
    } catch (...) {
      failure_ = current_error();
      return static_cast<sapdr_status>(failure_->code());
    }
  }

  std::mutex mutex_;
  Listing listing_;
  std::optional<Error> failure_;
};

class ForeignBackend final : public Backend {
 public:
  ForeignBackend(const sapdr_backend_table& table, TakeError take_error,
                 std::shared_ptr<void> owner)
      : owner_(std::move(owner)),
        table_(table),
        take_error_(take_error),
        location_(table.location == nullptr ? "custom:" : table.location),
        max_parallel_(std::min(table.max_parallel == 0 ? default_parallel : table.max_parallel,
                               max_parallel_calls)),
        slots_(max_parallel_) {}

  std::string location() const override { return location_; }
  unsigned max_parallel() const override { return max_parallel_; }
  bool is_remote() const override { return true; }  // for all that is known

  void create() override {
    if (table_.create == nullptr) return;
    require("create", "the place", [&](auto err) { return table_.create(table_.user, err); });
  }

  bool exists(const FileName& file) override;
  uint64_t size_of(const FileName& file) override;
  void load(const FileName& file, uint64_t offset, ByteSpan out) override;
  void save(const FileName& file, ByteView data) override;
  void list(FileType type, const ObjectVisitor& each) override;
  void erase(const FileName& file) override;

 private:
  template <class Call>
  std::optional<Error> attempt(const char* action, const std::string& what, Call call);
  template <class Call>
  void require(const char* action, const std::string& what, Call call) {
    if (auto error = attempt(action, what, call)) throw *std::move(error);
  }

  // The table did what it must not.
  Error broken(const std::string& what) const {
    return Error(Code::invalid_argument, "the storage " + location_ + " " + what)
        .with("backend", location_);
  }
  Error too_short(const FileName& file) const {
    return Error(Code::corrupt, to_string(file) + " in " + location_ + " is shorter than expected");
  }

  const std::shared_ptr<void> owner_;  // first: it goes last
  const sapdr_backend_table table_;
  const TakeError take_error_;
  const std::string location_;
  const uint32_t max_parallel_;
  Slots slots_;
};

// Makes one call of the table, "could not ACTION WHAT in LOCATION" if it fails.
template <class Call>
std::optional<Error> ForeignBackend::attempt(const char* action, const std::string& what,
                                             Call call) {
  const std::string doing = std::string(action) + " " + what;
  sapdr_error* given = nullptr;
  sapdr_status status = SAPDR_OK;
  try {
    const Slots::Lease slot(slots_);
    status = call(&given);
  } catch (const abi::__forced_unwind&) {  // the thread is being ended
    throw;
  } catch (...) {
    take_error_(SAPDR_E_CALLBACK, given, location_);
    throw broken("threw an exception when it was to " + doing +
                 "; the functions of a table return a status");
  }
  if (status == SAPDR_OK && given == nullptr) return std::nullopt;
  const Error own = take_error_(status, given, "of the storage");
  if (status == SAPDR_OK) return std::nullopt;
  if (!is_answer_of_storage(status)) {
    return broken("answered " + std::to_string(status) + " when it was to " + doing +
                  ", which is no status of a storage")
        .because(own);
  }
  return Error(own.code(), "could not " + doing + " in " + location_ + ": " + own.message(),
               own.retry())
      .with("backend", location_)
      .because(own);
}

bool ForeignBackend::exists(const FileName& file) {
  require_valid(file);
  const ObjectName name(file);
  if (table_.exists != nullptr) {
    int32_t exists = 0;
    require("look for", to_string(file),
            [&](auto err) { return table_.exists(table_.user, name.get(), &exists, err); });
    return exists != 0;
  }
  try {
    size_of(file);
    return true;
  } catch (const Error& error) {
    if (error.code() != Code::not_found) throw;
    return false;
  }
}

uint64_t ForeignBackend::size_of(const FileName& file) {
  require_valid(file);
  const ObjectName name(file);
  uint64_t size = 0;
  require("look at", to_string(file),
          [&](auto err) { return table_.size(table_.user, name.get(), &size, err); });
  return size;
}

void ForeignBackend::load(const FileName& file, uint64_t offset, ByteSpan out) {
  if (out.empty()) {  // nothing to read; only whether the object reaches that far
    if (offset > size_of(file)) throw too_short(file);
    return;
  }
  require_valid(file);
  if (out.size() > std::numeric_limits<uint64_t>::max() - offset) throw too_short(file);
  const ObjectName name(file);
  size_t loaded = 0;
  require("load", to_string(file), [&](auto err) {
    return table_.load(table_.user, name.get(), offset, out.data(), out.size(), &loaded, err);
  });
  if (loaded > out.size()) {
    throw broken("told that it loaded " + std::to_string(loaded) + " bytes of " + to_string(file) +
                 " where " + std::to_string(out.size()) + " were asked for");
  }
  if (loaded < out.size()) throw too_short(file);
}

void ForeignBackend::save(const FileName& file, ByteView data) {
  require_valid(file);
  const ObjectName name(file);
  const void* begin = data.empty() ? "" : static_cast<const void*>(data.data());
  require("save", to_string(file),
          [&](auto err) { return table_.save(table_.user, name.get(), begin, data.size(), err); });
}

// Tells only when the table has returned: what is told may call the table again, and what it throws
// does not unwind through functions that are not ours.
void ForeignBackend::list(FileType type, const ObjectVisitor& each) {
  Collector collector(type);
  const std::string what = std::string("the objects of the type ") + to_string(type);
  const auto error = attempt("list", what, [&](auto err) {
    return table_.list(table_.user, to_c(type), Collector::tell, &collector, err);
  });
  if (error && !collector.has_failed()) throw *error;
  const auto checked = [&]() -> const Listing& {
    try {
      return collector.checked();
    } catch (const Error& wrong) {
      if (wrong.code() != Code::invalid_argument) throw;
      throw broken("listed what it must not: " + wrong.message()).because(wrong);
    }
  };
  checked().tell(each);
}

void ForeignBackend::erase(const FileName& file) {
  require_valid(file);
  const ObjectName name(file);
  require("erase", to_string(file),
          [&](auto err) { return table_.erase(table_.user, name.get(), err); });
}

}  // namespace

BackendPtr open_foreign(const sapdr_backend_table& table, TakeError take_error,
                        std::shared_ptr<void> owner) {
  const std::pair<bool, const char*> needed[] = {{table.size != nullptr, "size"},
                                                 {table.load != nullptr, "load"},
                                                 {table.save != nullptr, "save"},
                                                 {table.list != nullptr, "list"},
                                                 {table.erase != nullptr, "erase"}};
  for (const auto& [is_there, name] : needed) {
    if (is_there) continue;
    throw Error(Code::invalid_argument, std::string("the function \"") + name +
                                            "\" of the table is NULL; it must be given");
  }
  return std::make_shared<ForeignBackend>(table, take_error, std::move(owner));
}

}  // namespace sapdr::core
