#include "place.hpp"

#include <doctest/doctest.h>
#include <sys/xattr.h>

#include <filesystem>
#include <map>

namespace fs = std::filesystem;

namespace sapdr::test {

namespace {

// Objects and their sizes, without locks.
std::map<std::string, uintmax_t> objects(const std::string& folder) {
  std::map<std::string, uintmax_t> found;
  if (!fs::exists(folder)) return found;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    const std::string name = fs::relative(entry.path(), folder).string();
    if (!name.starts_with("locks/")) found[name] = entry.file_size();
  }
  return found;
}

// The folders of packs are made when they are needed, and most never are: copies are cheap then.
void remove_empty_folders(const std::string& data) {
  for (const auto& entry : fs::directory_iterator(data)) {
    if (fs::is_empty(entry.path())) fs::remove(entry.path());
  }
}

std::string make_repository(const std::string& location) {
  const sapdr::context ctx;
  sapdr::repository::init(ctx, sapdr::backend(ctx, location), cheap);
  return location;
}

std::string back_up(const std::string& location, const std::string& source) {
  return to_hex(open_repository(location).backup({source}).snapshot_id);
}

}  // namespace

std::string noise(size_t size, uint32_t seed) {
  std::string bytes(size, '\0');
  for (char& byte : bytes) {
    seed = seed * 1664525 + 1013904223;
    byte = static_cast<char>(seed >> 24);
  }
  return bytes;
}

Place::Place() {
  const std::string repository = make_repository(template_ + "/repository");
  make_repository(template_ + "/other");
  write_first();
  first_ = back_up(repository, source_);
  write_second();
  second_ = back_up(repository, source_);
  open_repository(repository).restore_plan(second_, restored_).run();
  write_third();
  remove_empty_folders(template_ + "/repository/data");
  remove_empty_folders(template_ + "/other/data");
  reset();
}

void Place::write_first() const {
  make_folder(source_ + "/folder/below");
  write_file(source_ + "/kept", noise(200'000, 1));
  write_file(source_ + "/gone", noise(1'200'000, 2));
  write_file(source_ + "/empty", "");
  write_file(source_ + "/folder/below/text", "text");
  write_file(source_ + "/folder/weights.safetensors", std::string(8, '\0') + noise(5000, 3));
  fs::create_symlink("kept", source_ + "/link");
  fs::create_hard_link(source_ + "/folder/below/text", source_ + "/folder/second name");
  const std::string note = "a note";  // where the filesystem knows them
  static_cast<void>(
      ::setxattr((source_ + "/kept").c_str(), "user.note", note.data(), note.size(), 0));
}

void Place::write_second() const {
  fs::remove(source_ + "/gone");
  write_file(source_ + "/new", "new");
}

void Place::write_third() const {
  write_file(source_ + "/later", noise(700'000, 4));
  write_file(source_ + "/folder/below/text", "another text");
}

void Place::reset() const {
  fs::remove_all(work_);
  fs::create_directory(work_);
  fs::copy(template_, work_, fs::copy_options::recursive);
}

std::vector<std::string> Place::files_with(const std::string& part) const {
  std::vector<std::string> found;
  for (const auto& entry : fs::recursive_directory_iterator(work_)) {
    const std::string name = fs::relative(entry.path(), work_).string();
    if (name.find(part) != std::string::npos && !entry.is_directory()) found.push_back(name);
  }
  return found;
}

bool Place::is_untouched() const {
  return objects(template_ + "/repository") == objects(repository()) &&
         objects(template_ + "/other") == objects(other());
}

void Place::remove_locks() const {
  for (const std::string& lock : files_with("locks/")) fs::remove(path_of(lock));
}

void Place::remove_half_made() const {
  if (!fs::exists(fresh() + "/config")) fs::remove_all(fresh());
}

sapdr::repository open_repository(const std::string& location) {
  const sapdr::context ctx({.threads = 2, .log_level = SAPDR_LOG_DEBUG, .on_log = [](auto&) {}});
  const sapdr::backend storage(ctx, location);
  try {
    return sapdr::repository::open(ctx, storage, {.password = password});
  } catch (const sapdr::error& error) {
    if (error.code() != SAPDR_E_AUTH) throw;
    return sapdr::repository::open(ctx, storage, {.password = next_password});
  }
}

sapdr::observer watch() {
  return {.on_progress = [](auto&) {},
          .on_item = [](auto&) {},
          .min_interval = std::chrono::milliseconds(50)};
}

void require_sound(const Place& place) {
  place.remove_locks();
  if (place.is_untouched()) return;
  for (const std::string& location : {place.repository(), place.other()}) {
    auto repository = open_repository(location);
    CHECK_NOTHROW(repository.check({.read_data = true}));
  }
  auto repository = open_repository(place.repository());
  for (const auto& [name, content] :
       std::map<std::string, std::string>{{"/kept", noise(200'000, 1)}, {"/new", "new"}}) {
    std::string read;
    repository.dump(place.second(), place.source() + name, [&](auto piece) {
      read.append(reinterpret_cast<const char*>(piece.data()), piece.size());
    });
    CHECK(read == content);
  }
  const auto next = repository.backup({place.source()});
  CHECK_NOTHROW(repository.verify(to_hex(next.snapshot_id), {}));
}

void require_restored(const Place& place, bool whole) {
  for (const auto& entry : fs::recursive_directory_iterator(place.restored())) {
    if (!entry.is_regular_file() || entry.is_symlink()) continue;
    const std::string name = fs::relative(entry.path(), place.restored()).string();
    const std::string path = place.target() + "/" + name;
    CAPTURE(path);
    if (!fs::exists(path)) {
      CHECK(!whole);
    } else {
      CHECK(read_file(path) == read_file(entry.path().string()));
    }
  }
}

}  // namespace sapdr::test
