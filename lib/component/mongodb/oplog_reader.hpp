// The oplog from some time on, as a file.
#pragma once

#include <memory>
#include <mutex>
#include <optional>

#include "component/mongodb/capture_state.hpp"
#include "component/mongodb/cursor.hpp"
#include "repository/source.hpp"

namespace sapdr::core::mongodb {

// The latest entry that a majority has. Throws Code::unsupported for an empty oplog.
OplogTime oplog_end(Client& client);
// The same, or if that one is part of a transaction that goes on behind it, the first of its
// entries, which follow one another: from there on the oplog has all of what is written from now
// on.
OplogTime oplog_begin(Client& client);
// Whether collections got or lost their names after `begin`, up to `end`.
bool oplog_has_new_names(Client& client, OplogTime begin, OplogTime end);
// Whether the oplog has the entry of that time, and so everything since.
bool oplog_has(Client& client, OplogTime time);

// How far one reading of the oplog has come, and how far it shall. Any thread.
class OplogProgress {
 public:
  struct Counts {
    uint64_t entries = 0, bytes = 0;
    OplogTime last;  // of the last entry that was read
    bool is_complete = false;
  };

  // Ends the reading once it has everything up to `end`.
  void finish_at(OplogTime end);
  std::optional<OplogTime> end() const;
  void count(ByteView entry, OplogTime time);
  void complete();
  Counts counts() const;

 private:
  mutable std::mutex mutex_;
  std::optional<OplogTime> end_;
  Counts counts_;
};

// Reads until it was told where to end, and has come there. Entries are those that a majority of
// the members has: they are never rolled back.
class OplogReader : public FileReader {
 public:
  // From the entry at `begin` on, with it or without. Reading throws Code::gap if it is not there.
  OplogReader(CaptureStatePtr state, std::shared_ptr<OplogProgress> progress, OplogTime begin,
              bool with_first);

  Piece read(ByteSpan out) override;

 private:
  bool next_entry(bool may_wait);
  bool accept(ByteView entry);
  bool has_all() const;
  void fetch();
  void open();
  Error gap() const;

  const CaptureStatePtr state_;
  const std::shared_ptr<OplogProgress> progress_;
  OplogTime place_;             // of the last entry that was had, or where to begin
  bool is_new_place_;           // the entry at `place_` was not handed out yet
  bool must_be_place_ = false;  // the next entry has to be that one
  std::optional<Client> client_;
  std::optional<Cursor> cursor_;
  ByteView rest_;  // what of an entry was not handed out yet
};

}  // namespace sapdr::core::mongodb
