// The documents of one query, as the server sends them: batch by batch.
#pragma once

#include <optional>
#include <string>

#include "component/mongodb/deployment.hpp"

namespace sapdr::core::mongodb {

struct CursorOptions {
  int64_t batch_documents = 0;  // 0: as many as the server sends at once, up to 16 MiB
  int64_t await_ms = 0;         // of a tailable cursor: how long a batch may wait for a document
};

// One thread at a time. Throws what Client does.
class Cursor {
 public:
  // Asks for the first batch. `command` is one that answers with a cursor; `what` is for messages.
  Cursor(Client& client, std::string db, const Document& command, const CursorOptions& options,
         std::string what);
  ~Cursor();  // closes it at the server, if that is still possible
  Cursor(const Cursor&) = delete;
  Cursor& operator=(const Cursor&) = delete;

  // The next document of this batch; nothing at its end. Valid until next_batch().
  std::optional<ByteView> next();
  // False at the end of the query. A batch of a tailable cursor may be empty.
  bool next_batch();

  // How many bytes of documents this batch has.
  size_t batch_bytes() const { return batch_bytes_; }

 private:
  void take(Document reply);

  Client& client_;
  const std::string db_;
  const CursorOptions options_;
  const std::string what_;
  const uint32_t server_;
  int64_t id_ = 0;  // 0: nothing more at the server
  std::string collection_;
  Document reply_;
  Members documents_;  // of the batch
  size_t batch_bytes_ = 0;
};

}  // namespace sapdr::core::mongodb
