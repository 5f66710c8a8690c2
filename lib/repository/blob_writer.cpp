#include "repository/blob_writer.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "checksum/sha256_lanes.hpp"
#include "format/pack.hpp"
#include "repository/open_blobs.hpp"

namespace sapdr::core {

namespace {

constexpr size_t uploads_at_once = 2;
// More would be hashed a little faster, and take more memory.
constexpr size_t packs_hashed_at_once = 2;
constexpr size_t room_for_header = 64 * 1024;
constexpr auto index_interval = std::chrono::seconds(30);
constexpr size_t max_index_blobs = 50'000;

size_t slot_of(BlobType type) {
  return type == BlobType::tree ? 1 : 0;
}

}  // namespace

// A pack that is being filled. Threads reserve a range under the writer's mutex and fill it
// without.
struct BlobWriter::OpenPack {
  Buffer data;
  size_t room = 0;  // for blobs
  size_t used = 0;
  std::vector<PackedBlob> blobs;
  size_t filling = 0;   // ranges reserved but not filled yet
  bool closed = false;  // takes no more; goes to upload when filling is 0

  ByteView content() const { return data.view().first(used); }
};

struct BlobWriter::Slot {
  PackPtr pack;
  size_t blob;  // its number in the pack
  ByteSpan range;
};

struct BlobWriter::Sealed {
  Slot slot;
  BlobPlace place;  // but for the pack, which has no name yet
};

BlobWriter::BlobWriter(Repository& repository, const RepositoryLock& lock, bool dry_run)
    : repository_(repository),
      lock_(lock),
      dry_run_(dry_run),
      uploads_(std::clamp<unsigned>(repository.backend().max_parallel(), 1, uploads_at_once), 1) {}

BlobWriter::~BlobWriter() = default;

void BlobWriter::give_buffer(Buffer buffer) {
  const std::lock_guard lock(mutex_);
  buffers_.push_back(std::move(buffer));
}

// Whether it is for the caller to store.
bool BlobWriter::claim(BlobType type, const Id& id, ByteView plain) {
  if (plain.size() > max_blob_size) {
    throw Error(Code::unsupported, "a " + std::string(to_string(type)) + " of " +
                                       std::to_string(plain.size()) +
                                       " bytes is too big for a repository; split the folder");
  }
  const std::lock_guard lock(mutex_);
  // Once an index file names a blob it leaves in_flight_, after it came into the index: no gap to
  // slip through.
  if (in_flight_[slot_of(type)].contains(id) || repository_.index().contains(id, type))
    return false;
  in_flight_[slot_of(type)].insert(id);
  return true;
}

bool BlobWriter::save(BlobType type, const Id& id, ByteView plain) {
  if (!claim(type, id, plain)) return false;
  const NewBlob blob{id, plain};
  store(type, {&blob, 1});
  return true;
}

void BlobWriter::save_all(BlobType type, std::span<const ByteView> plains, std::span<Id> ids) {
  sha256_all(plains, ids);
  std::vector<NewBlob> blobs;
  for (size_t i = 0; i < plains.size(); ++i) {
    if (claim(type, ids[i], plains[i])) blobs.push_back({ids[i], plains[i]});
  }
  store(type, blobs);
}

void BlobWriter::store(BlobType type, std::span<const NewBlob> blobs) {
  if (blobs.empty()) return;
  auto tools = repository_.tools().lend();
  std::vector<Sealed> sealed;
  for (const NewBlob& blob : blobs) {
    keep_pace();
    ByteView body;
    const BlobPlace place = compress(type, blob, *tools, body);
    count(type, blob.plain.size(), place.length);
    if (dry_run_) continue;
    sealed.push_back({reserve(type, place.length), place});
    seal(repository_.context(), tools->cipher, body, sealed.back().slot.range);
  }
  if (repository_.settings().verify_blobs) prove(sealed, *tools);
  for (const Sealed& blob : sealed) fill(blob.slot, blob.place);
}

// `body`: what is to be sealed, until the tools are used for the next one.
BlobPlace BlobWriter::compress(BlobType type, const NewBlob& blob, Tools& tools, ByteView& body) {
  const bool compressed = repository_.config().version >= 2 &&
                          tools.codec.compress(blob.plain, type == BlobType::tree, tools.packed);
  body = compressed ? ByteView(tools.packed) : blob.plain;
  const auto length = static_cast<uint32_t>(body.size() + seal_overhead);
  return {blob.id, 0, type, 0, length, static_cast<uint32_t>(blob.plain.size()), compressed};
}

void BlobWriter::copy(const BlobPlace& place, ByteView sealed) {
  const Slot slot = reserve(place.type, place.length);
  std::ranges::copy(sealed, slot.range.begin());
  fill(slot, place);
  count(place.type, place.plain_length, place.length);
}

void BlobWriter::count(BlobType type, size_t plain_size, uint32_t length) {
  const std::lock_guard lock(mutex_);
  ++(type == BlobType::tree ? counts_.tree_blobs : counts_.data_blobs);
  counts_.plain_bytes += plain_size;
  counts_.stored_bytes += length;
}

BlobWriter::Slot BlobWriter::reserve(BlobType type, uint32_t length) {
  PackPtr full;
  Slot slot;
  {
    const std::lock_guard lock(mutex_);
    PackPtr& open = open_[slot_of(type)];
    const size_t pack_size = repository_.settings().pack_size;
    if (open && open->used + length > open->room) {
      open->closed = true;
      if (open->filling == 0) full = open;
      open.reset();
    }
    if (!open) {
      open = std::make_shared<OpenPack>();
      open->room = std::max<size_t>(pack_size, length);
      if (open->room == pack_size && !buffers_.empty()) {
        open->data = std::move(buffers_.back());
        buffers_.pop_back();
      } else {
        open->data = Buffer(open->room + room_for_header);
      }
    }
    slot.pack = open;
    slot.blob = open->blobs.size();
    slot.range = open->data.span().subspan(open->used, length);
    open->blobs.emplace_back();
    open->blobs.back().offset = static_cast<uint32_t>(open->used);
    open->used += length;
    ++open->filling;
  }
  if (full) close(std::move(full));
  return slot;
}

// The hash again, not a comparison alone: it also proves that the plaintext did not change under
// our hands.
void BlobWriter::prove(std::span<const Sealed> blobs, Tools& tools) {
  size_t at = 0;
  const auto next = [&]() -> std::optional<SealedBlob> {
    if (at == blobs.size()) return std::nullopt;
    const Sealed& blob = blobs[at];
    return SealedBlob{at++, blob.place, blob.slot.range};
  };
  const auto take = [](const SealedBlob& blob, const Bytes* plain) {
    if (plain != nullptr) return;
    throw Error(Code::checksum, std::string(to_string(blob.place.type)) + " blob " +
                                    blob.place.id.hex() +
                                    " did not come out right before it was stored; this machine's "
                                    "memory or processor is not reliable");
  };
  open_blobs(tools, {next, take});
}

// The range is filled: its blob goes into the pack's list.
void BlobWriter::fill(const Slot& slot, const BlobPlace& place) {
  bool complete = false;
  {
    const std::lock_guard lock(mutex_);
    PackedBlob& entry = slot.pack->blobs[slot.blob];
    entry.id = place.id;
    entry.type = place.type;
    entry.length = place.length;
    entry.plain_length = place.compressed ? place.plain_length : 0;
    --slot.pack->filling;
    complete = slot.pack->closed && slot.pack->filling == 0;
  }
  if (complete) close(slot.pack);
}

void BlobWriter::close(PackPtr pack) {
  std::vector<PackPtr> packs;
  {
    const std::lock_guard lock(mutex_);
    closed_.push_back(std::move(pack));
    if (closed_.size() < packs_hashed_at_once) return;
    packs = std::exchange(closed_, {});
  }
  upload(std::move(packs));
}

void BlobWriter::add_header(OpenPack& pack) {
  const Bytes header = encode_pack_header(pack.blobs);
  const size_t header_size = header.size() + seal_overhead;
  const size_t size = pack.used + header_size + pack_length_size;
  if (size > pack.data.size()) pack.data.grow(size, pack.used);
  seal(repository_.context(), repository_.tools().lend()->cipher, header,
       pack.data.span().subspan(pack.used, header_size));
  store_le<uint32_t>(pack.data.data() + pack.used + header_size,
                     static_cast<uint32_t>(header_size));
  pack.used = size;
}

void BlobWriter::upload(std::vector<PackPtr> packs) {
  std::vector<ByteView> contents;
  for (const PackPtr& pack : packs) {
    add_header(*pack);
    contents.emplace_back(pack->content());
  }
  std::vector<Id> ids(packs.size());
  sha256_all(contents, ids);
  for (size_t i = 0; i < packs.size(); ++i) {
    uploads_.submit([this, pack = std::move(packs[i]), id = ids[i]] {
      lock_.check();
      const bool holds_trees = pack->blobs.front().type == BlobType::tree;
      repository_.backend().save({FileType::pack, id.hex(), holds_trees}, pack->content());
      record(id, *pack);
      if (pack->room == repository_.settings().pack_size) give_buffer(std::move(pack->data));
    });
  }
}

void BlobWriter::record(const Id& pack_id, const OpenPack& pack) {
  std::vector<IndexedPack> due;
  {
    const std::lock_guard lock(mutex_);
    ++counts_.packs;
    unwritten_.push_back(IndexedPack{pack_id, pack.blobs});
    unwritten_blobs_ += pack.blobs.size();
    const auto now = std::chrono::steady_clock::now();
    if (unwritten_blobs_ >= max_index_blobs || now - last_index_ >= index_interval) {
      due = std::exchange(unwritten_, {});
      unwritten_blobs_ = 0;
      last_index_ = now;
    }
  }
  write_index(std::move(due));
}

// Only now does the index in memory know these packs: it says what index files say, never more.
// Were they added earlier and this failed, the next session of this process would rely on blobs
// that nobody else can find.
void BlobWriter::write_index(std::vector<IndexedPack> packs) {
  if (packs.empty()) return;
  lock_.check();
  IndexFile file;
  file.packs = std::move(packs);
  repository_.save_unpacked(FileType::index, index_json(file));
  for (const IndexedPack& pack : file.packs) {
    repository_.index().add(pack.id, pack.blobs);
    const std::lock_guard lock(mutex_);
    for (const PackedBlob& blob : pack.blobs) in_flight_[slot_of(blob.type)].erase(blob.id);
  }
}

void BlobWriter::finish() {
  std::vector<PackPtr> last;
  {
    const std::lock_guard lock(mutex_);
    last = std::exchange(closed_, {});
    for (PackPtr& open : open_) {
      if (open) last.push_back(std::exchange(open, nullptr));
    }
  }
  upload(std::move(last));
  uploads_.finish();
  write_index(std::exchange(unwritten_, {}));
}

WriteCounts BlobWriter::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

}  // namespace sapdr::core
