#include "repository/blob_reader.hpp"

#include <algorithm>
#include <span>

#include "base/workers.hpp"

namespace sapdr::core {

namespace {

// Reading a small gap is cheaper than asking twice.
constexpr uint64_t max_gap = 64 * 1024;
constexpr uint64_t max_range = 16 * 1024 * 1024;

using Places = std::span<const BlobPlace>;

uint64_t end_of(const BlobPlace& place) {
  return uint64_t{place.offset} + place.length;
}

// How many of the first places lie close enough together to be read at once.
size_t range_size(Places places) {
  const BlobPlace& first = places.front();
  uint64_t end = end_of(first);
  size_t n = 1;
  for (; n < places.size(); ++n) {
    const BlobPlace& next = places[n];
    const bool is_near = next.pack == first.pack && next.offset <= end + max_gap;
    if (!is_near || end_of(next) > first.offset + max_range) break;
    end = std::max(end, end_of(next));
  }
  return n;
}

class Reader {
 public:
  Reader(Repository& repository, const BlobVisitor& visit, Progress& progress,
         const DamageVisitor& damaged)
      : repository_(repository), visit_(visit), progress_(progress), damaged_(damaged) {}

  void read_range(Places places) {
    Bytes range;
    const bool is_there = fetch(places, range);
    auto tools = repository_.tools().lend();
    Bytes plain;
    for (const BlobPlace& place : places) {
      progress_.checkpoint();
      const auto sealed = [&] {
        return ByteView(range).subspan(place.offset - places.front().offset, place.length);
      };
      if (is_there && open_blob(*tools, place, sealed(), plain)) {
        visit_({place, sealed(), plain});
      } else {
        look_elsewhere(place, *tools);
      }
      progress_.done(1, place.length);
    }
  }

 private:
  // False if the pack is damaged there or missing.
  bool fetch(Places places, Bytes& range) {
    const BlobPlace& first = places.front();
    uint64_t end = 0;
    for (const BlobPlace& place : places) end = std::max(end, end_of(place));
    range.resize(end - first.offset);
    const std::string pack = repository_.index().pack_id(first.pack).hex();
    try {
      repository_.backend().load({FileType::pack, pack}, first.offset, range);
      return true;
    } catch (const Error& error) {
      if (error.code() != Code::not_found && error.code() != Code::corrupt) throw;
      return false;
    }
  }

  void look_elsewhere(const BlobPlace& wanted, Tools& tools) {
    Bytes sealed;
    Bytes plain;
    for (const BlobPlace& place : repository_.index().find_all(wanted.id, wanted.type)) {
      if (fetch(Places(&place, 1), sealed) && open_blob(tools, place, sealed, plain)) {
        return visit_({place, sealed, plain});
      }
    }
    const std::string pack = repository_.index().pack_id(wanted.pack).hex();
    Error error = Error(Code::corrupt, std::string(to_string(wanted.type)) + " blob " +
                                           wanted.id.hex() + " in pack " + pack +
                                           " is damaged or missing and there is no other copy; "
                                           "check the repository")
                      .with("blob", wanted.id.hex())
                      .with("pack", pack);
    if (!damaged_) throw error;
    damaged_(wanted, error);
  }

  Repository& repository_;
  const BlobVisitor& visit_;
  Progress& progress_;
  const DamageVisitor& damaged_;
};

}  // namespace

void read_blobs(Repository& repository, std::vector<BlobPlace> places, const BlobVisitor& visit,
                Progress& progress, const DamageVisitor& damaged) {
  std::sort(places.begin(), places.end(), [](const BlobPlace& a, const BlobPlace& b) {
    return a.pack == b.pack ? a.offset < b.offset : a.pack < b.pack;
  });
  Reader reader(repository, visit, progress, damaged);
  // One range for each thread at a time: that bounds the memory.
  Workers workers(repository.context().threads(), 1);
  for (Places rest = places; !rest.empty();) {
    const Places range = rest.first(range_size(rest));
    workers.submit([&reader, range] { reader.read_range(range); });
    rest = rest.subspan(range.size());
  }
  workers.finish();
}

}  // namespace sapdr::core
