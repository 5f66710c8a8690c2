// The documents of a collection, one behind the other, as a file.
#pragma once

#include <memory>
#include <optional>

#include "component/mongodb/capture_record.hpp"
#include "component/mongodb/capture_state.hpp"
#include "component/mongodb/catalogue.hpp"
#include "component/mongodb/cursor.hpp"
#include "repository/source.hpp"

namespace sapdr::core::mongodb {

// In the order of `_id`, or as they lie in a capped collection, whose order is its meaning. Each
// document is as it was at some time after `begin`. A lost connection, a server that steps down or
// a cursor that is gone is no failure: it goes on behind the last document it had. A collection
// that is dropped or renamed meanwhile is read by its UUID, as far as it is there: what happened to
// it is in the oplog.
class CollectionReader : public FileReader {
 public:
  // `begin`: zero where there is no oplog. Counts into `counts`, which outlives it.
  CollectionReader(CaptureStatePtr state, std::shared_ptr<const Collection> collection,
                   OplogTime begin, CapturedCollection& counts);

  Piece read(ByteSpan out) override;

 private:
  bool next_document();
  bool accept(ByteView document);
  bool fetch();
  void open();
  void remember_place();

  const CaptureStatePtr state_;
  const std::shared_ptr<const Collection> collection_;
  const OplogTime begin_;
  CapturedCollection& counts_;
  std::optional<Client> client_;
  std::optional<Cursor> cursor_;
  ByteView last_;                  // the document that was accepted last, until the next batch
  ByteView rest_;                  // what of it was not handed out yet
  std::optional<Document> place_;  // its `_id`, once its batch is gone
  bool is_skipping_ = false;       // up to that one
};

}  // namespace sapdr::core::mongodb
