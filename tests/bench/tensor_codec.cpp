// The tensor codec alone, on one thread: what it saves of a file, and how fast it is.
//
// usage: tensor_codec FILE PIECE REPETITIONS
//
// The file is cut into blobs of PIECE bytes. Prints {"bytes":…,"stored":…,"compress":…,
// "decompress":…}: sizes, and the CPU seconds of the best repetition.
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "format/codec.hpp"

using namespace sapdr::core;

namespace {

struct Result {
  size_t stored = 0;    // bytes
  double compress = 0;  // CPU seconds
  double decompress = 0;
};

std::string read_file(const char* path) {
  std::string content(std::filesystem::file_size(path), '\0');
  std::ifstream file(path, std::ios::binary);
  file.read(content.data(), static_cast<std::streamsize>(content.size()));
  if (!file || content.empty()) throw std::runtime_error(std::string(path) + " cannot be read");
  return content;
}

std::vector<ByteView> cut(ByteView plain, size_t piece) {
  std::vector<ByteView> pieces;
  for (; !plain.empty(); plain = plain.subspan(pieces.back().size())) {
    pieces.push_back(plain.first(std::min(piece, plain.size())));
  }
  return pieces;
}

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

template <class Work>
double cost(Work work) {
  const double start = cpu_seconds();
  work();
  return cpu_seconds() - start;
}

// As the library does it: one codec and one buffer for all blobs that a thread handles.
Result once(const std::vector<ByteView>& pieces) {
  Codec codec(Compression::automatic, BlobCodec::tensor);
  Bytes buffer;
  Result result;
  std::vector<Bytes> blobs;
  for (const ByteView piece : pieces) {
    bool is_smaller = false;
    result.compress += cost([&] { is_smaller = codec.compress(piece, false, buffer); });
    const ByteView blob = is_smaller ? ByteView(buffer) : piece;
    blobs.emplace_back(blob.begin(), blob.end());
    result.stored += blob.size();
  }
  for (size_t i = 0; i < pieces.size(); ++i) {
    const ByteView piece = pieces[i];
    buffer.resize(piece.size());
    bool is_whole = true;
    result.decompress += cost([&] {
      if (blobs[i].size() < piece.size()) {
        is_whole = codec.decompress(blobs[i], buffer);
      } else {
        std::ranges::copy(blobs[i], buffer.begin());
      }
    });
    if (!is_whole || !std::ranges::equal(buffer, piece)) {
      throw std::runtime_error("blob " + std::to_string(i) + " is not what it was");
    }
  }
  return result;
}

}  // namespace

int main(int argc, char** argv) {
  const size_t piece = argc == 4 ? std::strtoull(argv[2], nullptr, 10) : 0;
  const size_t repetitions = argc == 4 ? std::strtoull(argv[3], nullptr, 10) : 0;
  if (piece == 0 || repetitions == 0) {
    std::fprintf(stderr, "usage: tensor_codec FILE PIECE REPETITIONS\n");
    return 2;
  }
  try {
    const std::string content = read_file(argv[1]);
    const std::vector<ByteView> pieces = cut(as_bytes(content), piece);
    constexpr double never = std::numeric_limits<double>::infinity();
    Result best{0, never, never};
    for (size_t i = 0; i < repetitions; ++i) {
      const Result result = once(pieces);
      best = {result.stored, std::min(best.compress, result.compress),
              std::min(best.decompress, result.decompress)};
    }
    std::printf("{\"bytes\":%zu,\"stored\":%zu,\"compress\":%.9f,\"decompress\":%.9f}\n",
                content.size(), best.stored, best.compress, best.decompress);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "tensor_codec: %s\n", error.what());
    return 1;
  }
}
