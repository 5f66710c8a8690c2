#include "component/mongodb/cursor.hpp"

#include <utility>

namespace sapdr::core::mongodb {

Cursor::Cursor(Client& client, std::string db, const Document& command,
               const CursorOptions& options, std::string what)
    : client_(client),
      db_(std::move(db)),
      options_(options),
      what_(std::move(what)),
      server_(client.select_server(what_)) {
  take(client_.read(db_, command, what_, server_));
}

Cursor::~Cursor() {
  if (id_ == 0) return;
  try {
    Document ids, command;
    ids.number("0", id_);
    command.text("killCursors", collection_);
    bson_append_array(command.get(), "cursors", -1, ids.get());
    client_.read(db_, command, what_, server_);
  } catch (const Error&) {
    // The server forgets it after some minutes.
  }
}

bool Cursor::next_batch() {
  if (id_ == 0) return false;
  Document command;
  command.number("getMore", id_).text("collection", collection_);
  if (options_.batch_documents > 0) command.number("batchSize", options_.batch_documents);
  if (options_.await_ms > 0) command.number("maxTimeMS", options_.await_ms);
  take(client_.read(db_, command, what_, server_));
  return true;
}

void Cursor::take(Document reply) {
  reply_ = std::move(reply);
  const auto id = find(reply_.get(), "cursor.id");
  const std::string_view ns = text_of(find(reply_.get(), "cursor.ns"));
  auto batch = find(reply_.get(), "cursor.firstBatch");
  if (!batch) batch = find(reply_.get(), "cursor.nextBatch");
  if (!id || !batch || ns.size() <= db_.size()) {
    throw Error(Code::io, "could not " + what_ + ": the answer of MongoDB has no cursor");
  }
  id_ = number_of(id);
  collection_ = ns.substr(db_.size() + 1);
  batch_bytes_ = document_of(batch).size();
  documents_ = Members(batch);
}

std::optional<ByteView> Cursor::next() {
  const auto document = documents_.next();
  if (!document) return std::nullopt;
  const ByteView bytes = document_of(document);
  if (bytes.empty()) {
    throw Error(Code::io, "could not " + what_ + ": the answer of MongoDB has what is no document");
  }
  return bytes;
}

}  // namespace sapdr::core::mongodb
