// Reading index files as a stream of JSON's events: ten million blobs make two gigabytes of JSON,
// of which no tree of values is built.
#include <boost/json/basic_parser_impl.hpp>
#include <limits>

#include "base/json.hpp"
#include "crypto/cipher.hpp"
#include "format/index.hpp"

namespace sapdr::core {

namespace json = boost::json;

namespace {

// Where in the document an event happens. `ignored`: in a member that this version does not know.
enum class Place { nowhere, file, supersedes, packs, marked_packs, pack, blobs, blob, ignored };

// What opens a place: a member of that name, or any element of a list if it has none.
struct Step {
  Place from;
  std::string_view key;
  Place to;
  bool is_object;
};
constexpr Step steps[] = {
    {Place::nowhere, "", Place::file, true},
    {Place::file, "supersedes", Place::supersedes, false},
    {Place::file, "packs", Place::packs, false},
    {Place::file, "packs_to_delete", Place::marked_packs, false},
    {Place::packs, "", Place::pack, true},
    {Place::marked_packs, "", Place::pack, true},
    {Place::pack, "blobs", Place::blobs, false},
    {Place::blobs, "", Place::blob, true},
};

// Members that are no lists.
enum class Field { pack_id, time, size, blob_id, type, offset, length, plain_length };
struct NamedField {
  Place place;
  std::string_view key;
  Field field;
  bool is_text;
};
constexpr NamedField fields[] = {
    {Place::blob, "id", Field::blob_id, true},
    {Place::blob, "type", Field::type, true},
    {Place::blob, "offset", Field::offset, false},
    {Place::blob, "length", Field::length, false},
    {Place::blob, "uncompressed_length", Field::plain_length, false},
    {Place::pack, "id", Field::pack_id, true},
    {Place::pack, "time", Field::time, true},
    {Place::pack, "size", Field::size, false},
};

// Receives what Boost's parser sees and fills an IndexFile. The names of its functions and the
// limits are the parser's; the format needs far less.
class IndexEvents {
 public:
  static constexpr size_t max_object_size = std::numeric_limits<size_t>::max();
  static constexpr size_t max_array_size = std::numeric_limits<size_t>::max();
  static constexpr size_t max_key_size = 1 << 20;
  static constexpr size_t max_string_size = 1 << 20;
  using ErrorCode = json::error_code;
  using Text = json::string_view;

  IndexEvents(IndexFile& index, std::string_view what) : index_(index), what_(what) {}

  bool on_document_begin(ErrorCode&) { return true; }
  bool on_document_end(ErrorCode&) { return true; }
  bool on_object_begin(ErrorCode&) { return open(true); }
  bool on_object_end(size_t, ErrorCode&) { return close(); }
  bool on_array_begin(ErrorCode&) { return open(false); }
  bool on_array_end(size_t, ErrorCode&) { return close(); }
  bool on_key_part(Text part, size_t, ErrorCode&) { return collect(part); }
  bool on_key(Text last, size_t, ErrorCode&) {
    key_ = collected(last);
    parts_.clear();
    return true;
  }
  bool on_string_part(Text part, size_t, ErrorCode&) { return collect(part); }
  bool on_string(Text last, size_t, ErrorCode&) {
    if (const NamedField* field = field_for(true)) take_text(field->field, collected(last));
    if (place() == Place::supersedes) index_.supersedes.push_back(to_id(collected(last)));
    parts_.clear();
    return true;
  }
  bool on_number_part(Text, ErrorCode&) { return true; }
  bool on_int64(int64_t n, Text, ErrorCode&) {
    if (n < 0) return take_other();
    return take_number(static_cast<uint64_t>(n));
  }
  bool on_uint64(uint64_t n, Text, ErrorCode&) { return take_number(n); }
  bool on_double(double, Text, ErrorCode&) { return take_other(); }
  bool on_bool(bool, ErrorCode&) { return take_other(); }
  bool on_null(ErrorCode&) {
    const bool is_element = place() != Place::file && place() != Place::pack &&
                            place() != Place::blob && place() != Place::ignored;
    if (is_element) fail("has a null where there must be none");
    return true;
  }
  bool on_comment_part(Text, ErrorCode&) { return true; }
  bool on_comment(Text, ErrorCode&) { return true; }

 private:
  Place place() const { return places_.empty() ? Place::nowhere : places_.back(); }
  bool is_marked() const { return places_[1] == Place::marked_packs; }
  MarkedPack& marked() { return index_.packs_to_delete.back(); }
  IndexedPack& pack() { return is_marked() ? marked().pack : index_.packs.back(); }

  bool collect(std::string_view part) {
    parts_.append(part);
    return true;
  }
  std::string_view collected(std::string_view last) {
    return parts_.empty() ? last : std::string_view(parts_.append(last));
  }

  bool open(bool is_object);
  Place opened(bool is_object) const;
  void begin_pack();
  void begin_blob();
  bool close();
  void end_blob();
  const NamedField* field_for(bool is_text) const;
  void take_text(Field field, std::string_view text);
  bool take_number(uint64_t n);
  bool take_other();

  Id to_id(std::string_view text) const;
  uint32_t to_32_bits(uint64_t n) const;
  [[noreturn]] void fail(std::string_view problem) const {
    throw Error(Code::corrupt, what_ + " is damaged: it " + std::string(problem));
  }
  [[noreturn]] void fail_member(std::string_view key, std::string_view problem) const {
    throw Error(Code::corrupt,
                what_ + " is damaged: \"" + std::string(key) + "\" " + std::string(problem));
  }

  IndexFile& index_;
  std::string what_;
  std::vector<Place> places_;
  std::string key_;    // of the member that comes
  std::string parts_;  // of a key or string that comes in several
  std::optional<Id> pack_id_;
  std::optional<Id> blob_id_;
  std::optional<BlobType> type_;
};

bool IndexEvents::open(bool is_object) {
  places_.push_back(opened(is_object));
  if (place() == Place::pack) begin_pack();
  if (place() == Place::blob) begin_blob();
  return true;
}

Place IndexEvents::opened(bool is_object) const {
  const Place from = place();
  for (const Step& step : steps) {
    if (step.from != from || (!step.key.empty() && step.key != key_)) continue;
    if (step.is_object == is_object) return step.to;
    if (step.key.empty()) break;
    fail_member(key_, "is not an array");
  }
  if (from == Place::ignored) return from;
  if (from != Place::file && from != Place::pack && from != Place::blob) {
    fail("has a list or object where there must be none");
  }
  for (const NamedField& field : fields) {
    if (field.place == from && field.key == key_) fail_member(key_, "is a list or an object");
  }
  return Place::ignored;
}

void IndexEvents::begin_pack() {
  if (is_marked()) {
    index_.packs_to_delete.emplace_back();
  } else {
    index_.packs.emplace_back();
  }
  pack_id_.reset();
}

void IndexEvents::begin_blob() {
  pack().blobs.emplace_back();
  blob_id_.reset();
  type_.reset();
}

bool IndexEvents::close() {
  if (place() == Place::blob) end_blob();
  if (place() == Place::pack) {
    if (!pack_id_) fail_member("id", "is missing");
    pack().id = *pack_id_;
    pack().blobs.shrink_to_fit();
  }
  places_.pop_back();
  return true;
}

void IndexEvents::end_blob() {
  PackedBlob& blob = pack().blobs.back();
  if (!blob_id_) fail_member("id", "is missing");
  if (!type_) fail_member("type", "is missing");
  blob.id = *blob_id_;
  blob.type = *type_;
  if (blob.length < seal_overhead) fail_member("length", "is too short for a blob");
  if (blob.length > std::numeric_limits<uint32_t>::max() - blob.offset) {
    fail_member("length", "reaches past 4 GiB");
  }
}

// The field that the value is for; null if nobody wants it.
const NamedField* IndexEvents::field_for(bool is_text) const {
  const Place here = place();
  if (here == Place::ignored || (here == Place::supersedes && is_text)) return nullptr;
  for (const NamedField& field : fields) {
    if (field.place != here || field.key != key_) continue;
    if (field.is_text == is_text) return &field;
    fail_member(key_,
                field.is_text ? "is not a string" : "is not a whole number of at most 64 bits");
  }
  for (const Step& step : steps) {
    if (step.from != here) continue;
    if (step.key.empty()) fail("has a value where there must be none");
    if (step.key == key_) fail_member(key_, "is not an array");
  }
  if (here == Place::supersedes) fail("has a value that is no id in \"supersedes\"");
  return nullptr;
}

void IndexEvents::take_text(Field field, std::string_view text) {
  switch (field) {
    case Field::pack_id:
      pack_id_ = to_id(text);
      return;
    case Field::blob_id:
      blob_id_ = to_id(text);
      return;
    case Field::type:
      if (text != "data" && text != "tree") fail_member("type", "is neither data nor tree");
      type_ = text == "data" ? BlobType::data : BlobType::tree;
      return;
    default:
      break;
  }
  try {
    if (is_marked()) marked().time = parse_time(text);
  } catch (const Error&) {
    fail_member("time", "is not a time of RFC 3339");
  }
}

bool IndexEvents::take_number(uint64_t n) {
  const NamedField* field = field_for(false);
  if (field == nullptr) return true;
  if (field->field == Field::size) {
    if (is_marked()) marked().size = n;
    return true;
  }
  PackedBlob& blob = pack().blobs.back();
  if (field->field == Field::offset) blob.offset = to_32_bits(n);
  if (field->field == Field::length) blob.length = to_32_bits(n);
  if (field->field == Field::plain_length) blob.plain_length = to_32_bits(n);
  return true;
}

// A value of a kind that no field has.
bool IndexEvents::take_other() {
  const NamedField* number = field_for(false);
  if (number != nullptr) fail_member(number->key, "is not a whole number of at most 64 bits");
  return true;
}

Id IndexEvents::to_id(std::string_view text) const {
  const std::optional<Id> id = Id::parse(text);
  if (!id) fail_member(key_, "is not an id of 64 hexadecimal digits");
  return *id;
}

uint32_t IndexEvents::to_32_bits(uint64_t n) const {
  if (n > std::numeric_limits<uint32_t>::max()) fail_member(key_, "is larger than 32 bits");
  return static_cast<uint32_t>(n);
}

}  // namespace

IndexFile parse_index(std::string_view text, std::string_view what) {
  IndexFile index;
  json::basic_parser<IndexEvents> parser(json::parse_options(), index, what);
  json::error_code error;
  const size_t taken = parser.write_some(false, text.data(), text.size(), error);
  if (!error && taken < text.size()) error = json::error::extra_data;
  if (error) {
    throw Error(Code::corrupt, std::string(what) + " is not valid JSON: " + error.message());
  }
  return index;
}

}  // namespace sapdr::core
