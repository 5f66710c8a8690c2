/* A file of a snapshot, read from anywhere. */
#pragma once

#include <sapdr/file.h>

#include <cstddef>
#include <sapdr/cpp/context.hpp>
#include <sapdr/cpp/snapshot.hpp>
#include <sapdr/cpp/tree.hpp>
#include <span>

namespace sapdr {

struct file_options {
  const cancel_source* cancel = nullptr; /* must outlive the file */
};

/* An open file. Holds a lock of the repository as long as it lives, and must end before the
 * repository does. */
class file {
 public:
  /* Takes it over. */
  explicit file(sapdr_file* owned) noexcept : handle_(owned) {}

  uint64_t size() const { return sapdr_file_size(handle_.get()); }
  /* Where the blob ends that holds the byte at `offset`. */
  uint64_t blob_end(uint64_t offset) const { return sapdr_file_blob_end(handle_.get(), offset); }
  /* What the snapshot says of it; views live as long as the file. */
  sapdr::node node() const { return detail::to_node(*sapdr_file_node(handle_.get())); }
  snapshot_view snapshot() const { return snapshot_view(sapdr_file_snapshot(handle_.get())); }

  /* Reads from `offset` on and returns the number of bytes: less than there is room for only where
   * the file ends. Throws SAPDR_E_CORRUPT if a blob that it touches is damaged. */
  std::size_t read(uint64_t offset, std::span<std::byte> buffer) {
    std::size_t size = 0;
    detail::error_out err;
    err.check(sapdr_file_read(handle_.get(), offset, buffer.data(), buffer.size(), &size, err));
    return size;
  }

 private:
  detail::handle<sapdr_file, sapdr_file_free> handle_;
};

}  // namespace sapdr
