#include "repository/blob_writer.hpp"

#include <algorithm>

#include "checksum/sha256.hpp"
#include "format/pack.hpp"

namespace sapdr::core {

namespace {

constexpr size_t uploads_at_once = 2;
constexpr auto index_interval = std::chrono::seconds(30);
constexpr size_t max_index_blobs = 50'000;

size_t slot_of(BlobType type) {
  return type == BlobType::tree ? 1 : 0;
}

}  // namespace

// A pack that is being filled. Threads reserve a range under the writer's mutex and fill it
// without.
struct BlobWriter::OpenPack {
  Bytes data;
  size_t used = 0;
  std::vector<PackedBlob> blobs;
  size_t filling = 0;   // ranges reserved but not filled yet
  bool closed = false;  // takes no more; goes to upload when filling is 0
};

struct BlobWriter::Slot {
  std::shared_ptr<OpenPack> pack;
  size_t blob;  // its number in the pack
  ByteSpan range;
};

BlobWriter::BlobWriter(Repository& repository, const RepositoryLock& lock, bool dry_run)
    : repository_(repository),
      lock_(lock),
      dry_run_(dry_run),
      uploads_(std::clamp<unsigned>(repository.backend().max_parallel(), 1, uploads_at_once), 1) {}

BlobWriter::~BlobWriter() = default;

void BlobWriter::give_buffer(Bytes buffer) {
  const std::lock_guard lock(mutex_);
  buffers_.push_back(std::move(buffer));
}

bool BlobWriter::save(BlobType type, const Id& id, ByteView plain) {
  if (plain.size() > max_blob_size) {
    throw Error(Code::unsupported, "a " + std::string(to_string(type)) + " of " +
                                       std::to_string(plain.size()) +
                                       " bytes is too big for a repository; split the folder");
  }
  {
    const std::lock_guard lock(mutex_);
    // Once an index file names a blob it leaves in_flight_, after it came into the index: no gap to
    // slip through.
    if (in_flight_[slot_of(type)].contains(id) || repository_.index().contains(id, type))
      return false;
    in_flight_[slot_of(type)].insert(id);
  }
  auto tools = repository_.tools().lend();
  const bool compressed = repository_.config().version >= 2 &&
                          tools->codec.compress(plain, type == BlobType::tree, tools->packed);
  const ByteView body = compressed ? ByteView(tools->packed) : plain;
  const auto length = static_cast<uint32_t>(body.size() + seal_overhead);
  if (!dry_run_) {
    const BlobPlace blob{id, 0, type, 0, length, static_cast<uint32_t>(plain.size()), compressed};
    seal(reserve(type, length), blob, body, *tools);
  }
  count(type, plain.size(), length);
  return true;
}

void BlobWriter::copy(const BlobPlace& place, ByteView sealed) {
  const Slot slot = reserve(place.type, place.length);
  std::ranges::copy(sealed, slot.range.begin());
  fill(slot, {.id = place.id,
              .type = place.type,
              .length = place.length,
              .plain_length = place.compressed ? place.plain_length : 0});
  count(place.type, place.plain_length, place.length);
}

void BlobWriter::count(BlobType type, size_t plain_size, uint32_t length) {
  const std::lock_guard lock(mutex_);
  ++(type == BlobType::tree ? counts_.tree_blobs : counts_.data_blobs);
  counts_.plain_bytes += plain_size;
  counts_.stored_bytes += length;
}

BlobWriter::Slot BlobWriter::reserve(BlobType type, uint32_t length) {
  std::shared_ptr<OpenPack> full;
  Slot slot;
  {
    const std::lock_guard lock(mutex_);
    std::shared_ptr<OpenPack>& open = open_[slot_of(type)];
    const size_t pack_size = repository_.settings().pack_size;
    if (open && open->used + length > open->data.size()) {
      open->closed = true;
      if (open->filling == 0) full = open;
      open.reset();
    }
    if (!open) {
      open = std::make_shared<OpenPack>();
      const size_t room = std::max<size_t>(pack_size, length);
      if (room == pack_size && !buffers_.empty()) {
        open->data = std::move(buffers_.back());
        buffers_.pop_back();
      }
      open->data.resize(room);
    }
    slot.pack = open;
    slot.blob = open->blobs.size();
    slot.range = ByteSpan(open->data).subspan(open->used, length);
    open->blobs.emplace_back();
    open->blobs.back().offset = static_cast<uint32_t>(open->used);
    open->used += length;
    ++open->filling;
  }
  if (full) hand_over(std::move(full));
  return slot;
}

void BlobWriter::seal(const Slot& slot, const BlobPlace& blob, ByteView body, Tools& tools) {
  std::array<std::byte, iv_size> iv;
  repository_.context().random(iv);
  tools.cipher.seal(iv, body, slot.range);
  // The hash again, not a comparison alone: it also proves that the plaintext did not change under
  // our hands.
  if (repository_.settings().verify_blobs && !open_blob(tools, blob, slot.range, tools.plain)) {
    throw Error(Code::checksum, std::string(to_string(blob.type)) + " blob " + blob.id.hex() +
                                    " did not come out right before it was stored; this machine's "
                                    "memory or processor is not reliable");
  }
  fill(slot, {.id = blob.id,
              .type = blob.type,
              .length = blob.length,
              .plain_length = blob.compressed ? blob.plain_length : 0});
}

// The range is filled: its blob goes into the pack's list.
void BlobWriter::fill(const Slot& slot, const PackedBlob& blob) {
  bool complete = false;
  {
    const std::lock_guard lock(mutex_);
    PackedBlob& entry = slot.pack->blobs[slot.blob];
    const uint32_t offset = entry.offset;
    entry = blob;
    entry.offset = offset;
    --slot.pack->filling;
    complete = slot.pack->closed && slot.pack->filling == 0;
  }
  if (complete) hand_over(slot.pack);
}

void BlobWriter::hand_over(std::shared_ptr<OpenPack> pack) {
  uploads_.submit([this, pack = std::move(pack)] { upload(*pack); });
}

void BlobWriter::upload(OpenPack& pack) {
  const Bytes header = encode_pack_header(pack.blobs);
  const size_t header_size = header.size() + seal_overhead;
  const size_t data_size = pack.used;
  pack.data.resize(data_size + header_size + pack_length_size);
  std::array<std::byte, iv_size> iv;
  repository_.context().random(iv);
  repository_.tools().lend()->cipher.seal(iv, header,
                                          ByteSpan(pack.data).subspan(data_size, header_size));
  store_le32(pack.data.data() + data_size + header_size, static_cast<uint32_t>(header_size));
  const Id id = sha256(pack.data);
  lock_.check();
  repository_.backend().save({FileType::pack, id.hex()}, pack.data);
  record(id, pack);
  if (data_size <= repository_.settings().pack_size) give_buffer(std::move(pack.data));
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
  std::shared_ptr<OpenPack> last[2];
  {
    const std::lock_guard lock(mutex_);
    for (size_t i = 0; i < 2; ++i) last[i] = std::exchange(open_[i], nullptr);
  }
  for (auto& pack : last) {
    if (pack) hand_over(std::move(pack));
  }
  uploads_.finish();
  write_index(std::exchange(unwritten_, {}));
}

WriteCounts BlobWriter::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

}  // namespace sapdr::core
