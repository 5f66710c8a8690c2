#include "storage/cache.hpp"

#include <algorithm>
#include <filesystem>
#include <utility>
#include <vector>

#include "checksum/sha256.hpp"
#include "storage/cache_space.hpp"
#include "storage/facts.hpp"

namespace sapdr::core {

namespace {

constexpr const char* component = "cache";
constexpr size_t fetched_at_once = 8 * 1024 * 1024;
// This part of the limit may be written before all caches are counted again, for others write too.
constexpr uint64_t counted_parts = 64;

// The name of an object that is kept; nothing for others.
std::optional<Id> kept_id(const FileName& file) {
  const bool is_kept =
      file.type == FileType::pack
          ? file.holds_trees
          : std::ranges::find(CacheFolder::types, file.type) != CacheFolder::types.end();
  return is_kept ? Id::parse(file.name) : std::nullopt;
}

// All caches are counted later, when the process may work in another folder.
CacheOptions wherever_we_are(CacheOptions options) {
  std::error_code failure;
  const auto absolute = std::filesystem::absolute(options.folder, failure);
  if (!failure) options.folder = absolute.string();
  return options;
}

// False if there are fewer bytes, or they cannot be read.
bool read_at(const Fd& fd, uint64_t offset, ByteSpan out) {
  while (!out.empty()) {
    const ssize_t n = retry_eintr(
        [&] { return ::pread(fd.get(), out.data(), out.size(), static_cast<off_t>(offset)); });
    if (n <= 0) return false;
    out = out.subspan(static_cast<size_t>(n));
    offset += static_cast<uint64_t>(n);
  }
  return true;
}

}  // namespace

CachedBackend::CachedBackend(ContextPtr context, BackendPtr inner, const CacheOptions& options,
                             const std::string& repository_id)
    : context_(std::move(context)),
      inner_(std::move(inner)),
      options_(wherever_we_are(options)),
      folder_(options.folder, repository_id) {}

Bytes CachedBackend::load_all(const FileName& file, uint64_t limit) {
  const auto id = kept_id(file);
  if (!id) return inner_->load_all(file, limit);
  if (auto kept = find(file, *id, limit)) return *std::move(kept);
  Bytes data = inner_->load_all(file, limit);
  keep(file, *id, data);
  return data;
}

void CachedBackend::load(const FileName& file, uint64_t offset, ByteSpan out) {
  // Of other objects nobody reads parts, which could not be proven.
  const auto id = file.type == FileType::pack ? kept_id(file) : std::nullopt;
  if (id && load_part(file, *id, offset, out)) return;
  if (id && fetch(file, *id) && load_part(file, *id, offset, out)) return;
  inner_->load(file, offset, out);
}

void CachedBackend::save(const FileName& file, ByteView data) {
  inner_->save(file, data);
  if (const auto id = kept_id(file)) keep(file, *id, data);
}

void CachedBackend::erase(const FileName& file) {
  inner_->erase(file);
  drop(file);
}

StorageFacts CachedBackend::facts() {
  return inner_->facts();
}

void CachedBackend::list(FileType type, const ObjectVisitor& each) {
  if (std::ranges::find(CacheFolder::types, type) == CacheFolder::types.end()) {
    return inner_->list(type, each);
  }
  const UnixNs since = now_ns();
  Ids unlisted;
  folder_.list(type, [&](const CacheFolder::Entry& entry) {
    if (const auto id = Id::parse(entry.name)) unlisted.insert(*id);
  });
  inner_->list(type, [&](const ObjectInfo& object) {
    if (const auto id = Id::parse(object.name)) unlisted.erase(*id);
    each(object);
  });
  drop_unlisted(type, since, [&](const Id& id) { return !unlisted.contains(id); });
}

void CachedBackend::keep_packs(UnixNs since, const std::function<bool(const Id&)>& is_in_use) {
  drop_unlisted(FileType::pack, since, is_in_use);
}

// What came since then was not there to be listed.
void CachedBackend::drop_unlisted(FileType type, UnixNs since,
                                  const std::function<bool(const Id&)>& is_listed) {
  folder_.list(type, [&](const CacheFolder::Entry& entry) {
    const auto id = Id::parse(entry.name);
    if (id && entry.used < since && !is_listed(*id)) folder_.remove(type, entry.name);
  });
}

void CachedBackend::drop(const FileName& file) {
  const auto id = Id::parse(file.name);
  if (!id || std::ranges::find(CacheFolder::types, file.type) == CacheFolder::types.end()) return;
  folder_.remove(file.type, file.name);
}

bool CachedBackend::begin_anew() {
  const std::lock_guard lock(mutex_);
  read_anew_.clear();
  fetched_once_.clear();
  return ++anew_ == 1;
}

void CachedBackend::end_anew() {
  const std::lock_guard lock(mutex_);
  if (--anew_ == 0) read_anew_.clear();
}

bool CachedBackend::is_usable(const Id& id) {
  const std::lock_guard lock(mutex_);
  return anew_ == 0 || read_anew_.contains(id);
}

std::optional<Bytes> CachedBackend::find(const FileName& file, const Id& id, uint64_t limit) {
  if (!is_usable(id)) return std::nullopt;
  uint64_t size = 0;
  const Fd fd = folder_.open(file, size);
  if (!fd) return std::nullopt;
  if (size <= limit) {
    Bytes data(size);
    if (read_at(fd, 0, data) && sha256(data) == id) return data;
  }
  context_->log(LogLevel::info, component,
                "the copy of " + to_string(file) + " in the cache is damaged, it is read anew");
  drop(file);
  return std::nullopt;
}

bool CachedBackend::load_part(const FileName& file, const Id& id, uint64_t offset, ByteSpan out) {
  if (!is_usable(id)) return false;
  uint64_t size = 0;
  const Fd fd = folder_.open(file, size);
  if (!fd) return false;
  if (read_at(fd, offset, out)) return true;
  drop(file);
  return false;
}

// Brings a whole pack, or lets another thread do it. False if it is known not to be there.
bool CachedBackend::fetch(const FileName& file, const Id& id) {
  {
    std::unique_lock lock(mutex_);
    if (fetching_.contains(id)) {
      fetched_.wait(lock, [&] { return !fetching_.contains(id); });
      return true;
    }
    if (!can_write_) return false;
    if (!fetched_once_.insert(id).second) return true;  // maybe only a moment ago
    fetching_.insert(id);
  }
  bool is_there = false;
  bool is_worth_another = true;
  const auto finish = [&] {
    const std::lock_guard lock(mutex_);
    if (is_worth_another) fetched_once_.erase(id);
    fetching_.erase(id);
    fetched_.notify_all();
  };
  try {
    is_there = copy(file, id);
    is_worth_another = false;
  } catch (const Error& error) {
    is_worth_another = error.retry() != Retry::never;
    finish();
    if (is_worth_another) throw;
    return false;  // what is wanted may be in a part that can be read
  } catch (...) {
    finish();
    throw;
  }
  finish();
  return is_there;
}

// Piece by piece: packs may be large, and several threads fetch some. Throws what the storage says.
bool CachedBackend::copy(const FileName& file, const Id& id) {
  const uint64_t size = inner_->size_of(file);
  if (!have_room(size)) return false;
  std::unique_ptr<AtomicFile> out;
  const auto on_disk = [&](auto write) {
    try {
      write();
      return true;
    } catch (const Error& error) {
      stop_writing(error);
      return false;
    }
  };
  if (!on_disk([&] { out = folder_.create(file); })) return false;
  Sha256 hash;
  Bytes piece;
  for (uint64_t at = 0; at < size; at += piece.size()) {
    piece.resize(std::min<uint64_t>(fetched_at_once, size - at));
    inner_->load(file, at, piece);
    hash.update(piece);
    if (!on_disk([&] { out->write(piece); })) return false;
  }
  if (hash.finish() != id) {
    context_->log(LogLevel::warning, component,
                  to_string(file) + " is not what its name says and is not kept");
    return false;
  }
  return on_disk([&] { have_kept(*out, id); });
}

void CachedBackend::keep(const FileName& file, const Id& id, ByteView data) {
  if (sha256(data) != id || !have_room(data.size())) return;
  try {
    const auto out = folder_.create(file);
    out->write(data);
    have_kept(*out, id);
  } catch (const Error& error) {
    stop_writing(error);
  }
}

// A power cut may leave a part of it, which does not come out right.
void CachedBackend::have_kept(AtomicFile& out, const Id& id) {
  out.publish(AtomicFile::Existing::replace, AtomicFile::Durable::no);
  const std::lock_guard lock(mutex_);
  if (anew_ > 0) read_anew_.insert(id);
}

// Whether so much may be written; it counts as written then.
bool CachedBackend::have_room(uint64_t size) {
  const std::lock_guard lock(mutex_);
  if (!can_write_ || size > options_.max_size) return false;
  const bool is_due = !size_ || *size_ + size > options_.max_size ||
                      since_counted_ > options_.max_size / counted_parts;
  if (is_due) {
    try {
      size_ = make_room(options_.folder, size, options_.max_size);
    } catch (const Error&) {
      size_ = 0;  // the folder is gone, which whoever writes will notice
    }
    since_counted_ = 0;
  }
  *size_ += size;
  since_counted_ += size;
  return true;
}

void CachedBackend::stop_writing(const Error& error) {
  {
    const std::lock_guard lock(mutex_);
    if (!std::exchange(can_write_, false)) return;
  }
  context_->log(
      LogLevel::warning, component,
      "the cache takes nothing new until the repository is opened again: " + error.message());
}

}  // namespace sapdr::core
