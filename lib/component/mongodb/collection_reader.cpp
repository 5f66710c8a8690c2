#include "component/mongodb/collection_reader.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace sapdr::core::mongodb {

namespace {

// Only the `_id` of a document.
Document id_of(ByteView document) {
  Document id;
  if (const auto value = find(document, "_id")) id.value("_id", *value);
  return id;
}

bool are_equal(const Document& a, const Document& b) {
  return std::ranges::equal(a.bytes(), b.bytes());
}

}  // namespace

CollectionReader::CollectionReader(CaptureStatePtr state,
                                   std::shared_ptr<const Collection> collection, OplogTime begin,
                                   CapturedCollection& counts)
    : state_(std::move(state)),
      collection_(std::move(collection)),
      begin_(begin),
      counts_(counts) {}

FileReader::Piece CollectionReader::read(ByteSpan out) {
  size_t filled = 0;
  while (filled < out.size() && (!rest_.empty() || next_document())) {
    const size_t part = std::min(rest_.size(), out.size() - filled);
    std::memcpy(out.data() + filled, rest_.data(), part);
    rest_ = rest_.subspan(part);
    filled += part;
  }
  return {filled, 0};
}

// False at the end of the collection.
bool CollectionReader::next_document() {
  while (true) {
    if (cursor_) {
      if (const auto document = cursor_->next()) {
        if (accept(*document)) return true;
        continue;
      }
    }
    if (!fetch()) return false;
  }
}

bool CollectionReader::accept(ByteView document) {
  if (is_skipping_) {
    const bool is_place = are_equal(id_of(document), *place_);
    // Behind the place at once, but in a capped collection: there it is searched for.
    if (is_place || !collection_->is_capped) is_skipping_ = false;
    if (is_place || collection_->is_capped) return false;
  }
  last_ = rest_ = document;
  ++counts_.documents;
  counts_.bytes += document.size();
  return true;
}

// The next batch; false if there is none.
bool CollectionReader::fetch() {
  remember_place();
  bool is_there = true;
  try {
    state_->deployment().retries().run("read " + collection_->ns(), [&](bool again) {
      state_->check();
      if (again) {
        cursor_.reset();
        client_.reset();
      }
      if (!cursor_) return open();
      is_there = cursor_->next_batch();
    });
  } catch (const Error& error) {
    if (error.code() != Code::not_found) throw;
    cursor_.reset();
    return false;  // dropped; the oplog has that as well
  }
  if (is_there) {
    state_->note(cursor_->batch_bytes(), client_->seen());
    return true;
  }
  if (!is_skipping_) return false;
  // The place is not in the capped collection any more: all that is in it came later.
  place_.reset();
  open();
  return true;
}

// Before its batch is gone.
void CollectionReader::remember_place() {
  if (last_.empty()) return;
  place_ = id_of(last_);
  last_ = {};
}

void CollectionReader::open() {
  is_skipping_ = place_.has_value();
  Document find, order;
  bson_append_binary(find.get(), "find", -1, BSON_SUBTYPE_UUID,
                     reinterpret_cast<const uint8_t*>(collection_->uuid.data()), 16);
  if (collection_->is_capped) {
    find.document("hint", order.number("$natural", 1));
  } else {
    find.document("hint", order.number("_id", 1)).document("sort", order);
    if (place_) find.document("min", *place_);
  }
  if (state_->batch_documents() > 0) find.number("batchSize", state_->batch_documents());
  if (begin_ != OplogTime{}) {
    Document concern;
    concern.text("level", "majority").time("afterClusterTime", begin_);
    find.document("readConcern", concern);
  }
  if (!client_) client_.emplace(state_->deployment());
  cursor_.emplace(*client_, collection_->db, find,
                  CursorOptions{.batch_documents = state_->batch_documents(), .await_ms = 0},
                  "read " + collection_->ns());
}

}  // namespace sapdr::core::mongodb
