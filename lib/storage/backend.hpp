// Storage backends: where the objects of a repository lie.
//
// CONTRACT, which every backend keeps and tests/conformance proves
//   - An object is written whole or not at all: a reader sees nothing or all of it. When `save`
//     returns, the object survives a power cut.
//   - Objects are immutable. Saving under a name that exists fails with Code::exists and leaves the
//     object as it is.
//   - `load` fills its buffer or throws; a range that ends past the object is Code::corrupt (the
//     object is shorter than somebody said), a missing object Code::not_found.
//   - `list` tells each object once, in no order; objects that come or go meanwhile may be told or
//     not. Leftovers of interrupted saves are never told. The config is told with an empty name.
//     Modification times come from one clock, that of the storage: they can be compared with each
//     other, not with the clock of this machine.
//   - `erase` of a missing object is Code::not_found. When it returns, the object does not come
//   back
//     after a power cut; packs and locks, which name nothing, may.
//   - All members but create() may be called from any thread at the same time.
//   - Errors carry a retry class; messages name the object.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/context.hpp"
#include "base/error.hpp"
#include "base/time.hpp"

namespace sapdr::core {

struct StorageFacts;  // storage/facts.hpp

// What kind of object; each kind has its own folder. `verified` is ours: see docs/FORMAT.md.
enum class FileType : uint8_t { config, key, lock, snapshot, index, pack, verified };

const char* to_string(FileType type);

struct FileName {
  FileType type;
  std::string name;  // 64 hexadecimal digits; empty for the config
  // Of a pack, no part of its name: whoever asks for a part of it will ask for more, soon and
  // again. Worth a place in a cache, and in storage that is quick to read.
  bool holds_trees = false;
};

// "pack 0123abcd…", for messages.
std::string to_string(const FileName& file);

// 64 lower-case hexadecimal digits: the only names that a backend stores and tells, so that no
// name leads out of its folder.
bool is_object_name(std::string_view name) noexcept;
// Throws Code::invalid_argument unless `file` may be the name of an object.
void require_valid(const FileName& file);

// Whether an object can be read at once: storage may move it to where it takes hours to come back.
enum class Warmth : uint8_t { ready, waking, cold };

// What `list` tells.
struct ObjectInfo {
  std::string_view name;
  uint64_t size = 0;
  UnixNs modified = 0;  // 0: the storage does not tell
  Warmth warmth = Warmth::ready;
};

using ObjectVisitor = std::function<void(const ObjectInfo& object)>;

class Backend {
 public:
  Backend() = default;
  virtual ~Backend() = default;
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;

  // For messages; without secrets.
  virtual std::string location() const = 0;
  // How many calls at once it can use.
  virtual unsigned max_parallel() const = 0;
  // Whether it takes time to ask it, so that a cache on this machine's disk is of use.
  virtual bool is_remote() const = 0;

  // Prepares the place for a new repository (folders, container). Fine if it is there already.
  virtual void create() = 0;

  virtual bool exists(const FileName& file) = 0;
  virtual uint64_t size_of(const FileName& file) = 0;
  virtual void load(const FileName& file, uint64_t offset, ByteSpan out) = 0;
  // The whole of an object. Throws Code::corrupt if it is bigger than `limit`.
  virtual Bytes load_all(const FileName& file, uint64_t limit);
  virtual void save(const FileName& file, ByteView data) = 0;
  virtual void list(FileType type, const ObjectVisitor& each) = 0;
  virtual void erase(const FileName& file) = 0;
  // When it returns, no object of the type that was told before goes in a power cut, whoever stored
  // it: what is saved is durable, but a process may have been killed right before it was. For
  // storage where nothing is visible before it is durable, there is nothing to do.
  virtual void sync_names(FileType) {}
  // Whether from now on nothing can be stored or removed, as with a second copy of a storage that
  // is away. Whoever only reads takes no lock then: it could not, and no prune reaches this copy
  // first.
  virtual bool is_read_only() const { return false; }
  // Asks that an object which is cold can be read again, and does not wait until it is. Fine if it
  // is not cold.
  virtual void warm_up(const FileName&) {}
  // What the storage tells of itself and of what we may do there; changes nothing. What may pass
  // is thrown, what is refused is part of the answer. Storage that cannot be asked knows nothing.
  virtual StorageFacts facts();
};

using BackendPtr = std::shared_ptr<Backend>;

}  // namespace sapdr::core
