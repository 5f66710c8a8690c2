#include "component/mongodb/oplog_reader.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace sapdr::core::mongodb {

namespace {

constexpr const char* oplog = "oplog.rs";
// How long the server waits for an entry before it says that there is none.
constexpr int64_t await_ms = 500;
Document majority(OplogTime after = {}) {
  Document concern;
  concern.text("level", "majority");
  if (after != OplogTime{}) concern.time("afterClusterTime", after);
  return concern;
}

// The first entry that matches, from the beginning of the oplog or backwards from its end; nothing
// in the answer if there is none. It has everything up to `after`.
Document find_entry(Client& client, const Document& filter, bool backwards, OplogTime after = {}) {
  Document command, order;
  command.text("find", oplog).document("filter", filter);
  command.document("sort", order.number("$natural", backwards ? -1 : 1));
  command.number("limit", 1).boolean("singleBatch", true);
  command.document("readConcern", majority(after));
  return client.read("local", command, "read the oplog");
}

constexpr const char* first_entry = "cursor.firstBatch.0";

std::optional<OplogTime> entry_time(const Document& reply) {
  return time_of(find(document_of(find(reply.get(), first_entry)), "ts"));
}

Document from_on(OplogTime time) {
  Document from, filter;
  filter.document("ts", from.time("$gte", time));
  return filter;
}

// A condition on a member: that it is there.
Document has(const char* path) {
  Document exists, condition;
  condition.document(path, exists.boolean("$exists", true));
  return condition;
}

// Entries that give or take the name of a collection, also within a transaction.
Document new_names(OplogTime begin, OplogTime end) {
  Document between, any, filter;
  int n = 0;
  for (const char* command : {"create", "drop", "renameCollection", "dropDatabase"}) {
    any.document(std::to_string(n++), has((std::string("o.") + command).c_str()));
  }
  Document nested;
  any.document(std::to_string(n), nested.text("o.applyOps.op", "c"));
  filter.document("ts", between.time("$gt", begin).time("$lte", end)).text("op", "c");
  bson_append_array(filter.get(), "$or", -1, any.get());
  return filter;
}

}  // namespace

OplogTime oplog_end(Client& client) {
  const auto time = entry_time(find_entry(client, {}, /*backwards=*/true));
  if (time) return *time;
  throw Error(Code::unsupported, "the oplog of MongoDB at " + client.deployment().hosts() +
                                     " is empty; is the replica set initiated?");
}

OplogTime oplog_begin(Client& client) {
  OplogTime begin = oplog_end(client);
  Document reply = find_entry(client, from_on(begin), /*backwards=*/false, begin);
  if (!boolean_of(find(document_of(find(reply.get(), first_entry)), "o.partialTxn"))) return begin;
  while (true) {
    const auto before = time_of(find(document_of(find(reply.get(), first_entry)), "prevOpTime.ts"));
    if (!before || *before == OplogTime{}) return begin;
    begin = *before;
    reply = find_entry(client, from_on(begin), /*backwards=*/false, begin);
  }
}

bool oplog_has(Client& client, OplogTime time) {
  return entry_time(find_entry(client, from_on(time), /*backwards=*/false)) == time;
}

bool oplog_has_new_names(Client& client, OplogTime begin, OplogTime end) {
  return entry_time(find_entry(client, new_names(begin, end), /*backwards=*/false, end))
      .has_value();
}

void OplogProgress::finish_at(OplogTime end) {
  const std::lock_guard lock(mutex_);
  end_ = end;
}

std::optional<OplogTime> OplogProgress::end() const {
  const std::lock_guard lock(mutex_);
  return end_;
}

void OplogProgress::count(ByteView entry, OplogTime time) {
  const std::lock_guard lock(mutex_);
  ++counts_.entries;
  counts_.bytes += entry.size();
  counts_.last = time;
}

void OplogProgress::complete() {
  const std::lock_guard lock(mutex_);
  counts_.is_complete = true;
}

OplogProgress::Counts OplogProgress::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

OplogReader::OplogReader(CaptureStatePtr state, std::shared_ptr<OplogProgress> progress,
                         OplogTime begin, bool with_first)
    : state_(std::move(state)),
      progress_(std::move(progress)),
      place_(begin),
      is_new_place_(with_first) {}

// Hands out what is there rather than wait for more.
FileReader::Piece OplogReader::read(ByteSpan out) {
  size_t filled = 0;
  while (filled < out.size()) {
    if (rest_.empty() && !next_entry(/*may_wait=*/filled == 0)) break;
    const size_t part = std::min(rest_.size(), out.size() - filled);
    std::memcpy(out.data() + filled, rest_.data(), part);
    rest_ = rest_.subspan(part);
    filled += part;
  }
  return {filled, 0};
}

// False at the end, or if there would be something to wait for.
bool OplogReader::next_entry(bool may_wait) {
  while (true) {
    if (cursor_) {
      if (const auto entry = cursor_->next()) {
        if (accept(*entry)) return true;
        continue;
      }
    }
    if (!may_wait) return false;
    if (has_all()) {
      progress_->complete();
      return false;
    }
    fetch();
  }
}

// There is an entry of the time at which it shall end.
bool OplogReader::has_all() const {
  const auto end = progress_->end();
  return end && place_ >= *end && !is_new_place_;
}

bool OplogReader::accept(ByteView entry) {
  const OplogTime time = time_of(find(entry, "ts")).value_or(OplogTime{});
  const bool is_place = time == place_;
  if (std::exchange(must_be_place_, false) && !is_place) throw gap();
  if (is_place && !std::exchange(is_new_place_, false)) return false;
  place_ = time;
  rest_ = entry;
  progress_->count(entry, time);
  return true;
}

Error OplogReader::gap() const {
  return Error(Code::gap, "the oplog of MongoDB at " + state_->deployment().hosts() +
                              " no longer has the entry of " + to_string(place_) +
                              ", where the last backup ended; a larger oplog or more frequent "
                              "backups help")
      .with("oplog_time", to_string(place_));
}

void OplogReader::fetch() {
  state_->deployment().retries().run("read the oplog", [&](bool again) {
    state_->check();
    if (again) {
      cursor_.reset();
      client_.reset();
    }
    // A cursor that found nothing is dead: it is opened anew.
    if (!cursor_ || !cursor_->next_batch()) open();
  });
  state_->note(cursor_->batch_bytes(), {});
}

void OplogReader::open() {
  Document command;
  command.text("find", oplog).document("filter", from_on(place_));
  command.boolean("tailable", true).boolean("awaitData", true);
  command.document("readConcern", majority(place_));
  if (state_->batch_documents() > 0) command.number("batchSize", state_->batch_documents());
  cursor_.reset();
  if (!client_) client_.emplace(state_->deployment());
  cursor_.emplace(*client_, "local", command,
                  CursorOptions{.batch_documents = state_->batch_documents(), .await_ms = await_ms},
                  "read the oplog");
  must_be_place_ = true;
}

}  // namespace sapdr::core::mongodb
