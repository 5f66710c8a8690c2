#include "checksum/crc64.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace sapdr::core;

TEST_CASE("crc64: the check value of CRC-64/NVME, and that of nothing") {
  CHECK(crc64(as_bytes("123456789")) == 0xae8b14860a799888);
  CHECK(crc64({}) == 0);
}

// From the NVM Command Set specification, section on the 64-bit CRC.
TEST_CASE("crc64: known vectors of 4 KiB") {
  const Bytes zeros(4096, std::byte{0});
  const Bytes ones(4096, std::byte{0xff});
  Bytes up(4096);
  Bytes down(4096);
  for (size_t i = 0; i < up.size(); ++i) {
    up[i] = static_cast<std::byte>(i);
    down[i] = static_cast<std::byte>(255 - i % 256);
  }
  CHECK(crc64(zeros) == 0x6482d367eb22b64e);
  CHECK(crc64(ones) == 0xc0ddba7302eca3ac);
  CHECK(crc64(up) == 0x3e729f5f6750449c);
  CHECK(crc64(down) == 0x9a2df64b8e9e517e);
}

TEST_CASE("crc64: both forms agree at every length and offset, whole and in parts") {
  Bytes data(1000);
  uint64_t state = 7;
  for (std::byte& byte : data) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    byte = static_cast<std::byte>(state >> 56);
  }
  for (size_t begin = 0; begin < 20; ++begin) {
    for (size_t size = 0; begin + size <= data.size(); ++size) {
      const ByteView view = ByteView(data).subspan(begin, size);
      const uint64_t expected = crc64_by_table(view);
      REQUIRE(crc64(view) == expected);
      REQUIRE(crc64(view.subspan(size / 3), crc64(view.first(size / 3))) == expected);
    }
  }
}
