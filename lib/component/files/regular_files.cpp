#include "component/files/regular_files.hpp"

#include <fcntl.h>
#include <limits.h>

#include <algorithm>
#include <cerrno>

#include "base/atomic_file.hpp"
#include "base/open_fd.hpp"
#include "base/path.hpp"
#include "component/files/beneath.hpp"
#include "component/files/listing.hpp"

namespace sapdr::core {

namespace {

Error not_a_file(const std::string& path) {
  return Error(Code::invalid_state, path + " is not a file").with("path", path);
}

Fd open_folder(int base, const std::string& relative, bool named, const std::string& path) {
  if (path.size() >= PATH_MAX) throw system_error(ENAMETOOLONG, "open the folder", path);
  constexpr int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
  Fd fd = named ? open_fd_at(base, relative.c_str(), flags) : open_beneath(base, relative, flags);
  if (!fd) throw system_error(errno, "open the folder", path);
  return fd;
}

std::shared_ptr<const Fd> shared(Fd fd) {
  return std::make_shared<const Fd>(std::move(fd));
}

}  // namespace

std::shared_ptr<const Fd> open_base(const std::string& folder) {
  Fd fd = open_fd(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (!fd) throw system_error(errno, "open the folder", folder);
  return shared(std::move(fd));
}

FilePlace place_of(const std::string& path) {
  FilePlace place{{}, {}, std::string(name_of_path(path))};
  if (place.name.empty() || place.name == "." || place.name == "..") {
    throw Error(Code::invalid_argument, "\"" + path + "\" does not name a file");
  }
  const std::string folder(folder_of_path(path));
  place.folder = open_fd(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (!place.folder || ::fstat(place.folder.get(), &place.st) != 0) {
    throw system_error(errno, "open the folder", folder);
  }
  return place;
}

RegularFile::Opened RegularFile::open() const {
  Opened opened{};
  if (named) {
    // Before it is opened: opening a device may already do something.
    if (::fstatat(base->get(), relative.c_str(), &opened.st, 0) != 0) {
      throw system_error(errno, "open", path);
    }
    if (!S_ISREG(opened.st.st_mode)) throw not_a_file(path);
  }
  const auto attempt = [&](int flags) {
    if (!named) return open_beneath(base->get(), relative, flags);
    return open_fd_at(base->get(), relative.c_str(), flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  };
  opened.fd = attempt(O_RDONLY | O_NOATIME);
  if (!opened.fd && errno == EPERM) opened.fd = attempt(O_RDONLY);
  if (!opened.fd || ::fstat(opened.fd.get(), &opened.st) != 0) {
    throw system_error(errno, "open", path);
  }
  if (!S_ISREG(opened.st.st_mode)) throw not_a_file(path);
  return opened;
}

RegularFiles::RegularFiles(RegularFilesOptions options, Told told)
    : options_(std::move(options)), told_(std::move(told)) {
  for (const std::string& path : options_.paths) given_.push_back(clean_path(path));
  std::sort(given_.begin(), given_.end());
  const auto base = open_base(options_.folder);
  Level top{"", base, "", {}};
  for (const std::string& path : options_.paths) add_given(path, base, top);
  drop_covered(top.rest);
  std::reverse(top.rest.begin(), top.rest.end());
  levels_.push_back(std::move(top));
}

void RegularFiles::add_given(const std::string& path, const std::shared_ptr<const Fd>& base,
                             Level& top) {
  if (path.empty()) throw Error(Code::invalid_argument, "a path is empty; name a file or folder");
  std::string name = clean_path(path);
  if (name == ".") {  // what is in it has paths that do not tell of it
    for (Entry& entry : list(open_folder(base->get(), ".", true, options_.folder), name)) {
      top.rest.push_back(std::move(entry));
    }
    return;
  }
  struct stat st;
  if (::fstatat(base->get(), name.c_str(), &st, 0) != 0) throw system_error(errno, "look at", path);
  if (S_ISDIR(st.st_mode)) {
    if (name != "/") name += '/';
    top.rest.push_back({std::move(name), 0, true});
    return;
  }
  if (!S_ISREG(st.st_mode)) {
    throw Error(Code::invalid_argument, path + " is neither a file nor a folder")
        .with("path", path);
  }
  struct stat folder {};
  const std::string above(folder_of_path(name));
  if (options_.left_out != nullptr && ::fstatat(base->get(), above.c_str(), &folder, 0) == 0 &&
      is_left_out(folder, name_of_path(name))) {
    return;
  }
  top.rest.push_back({std::move(name), static_cast<uint64_t>(st.st_size), true});
}

// Sorts, and drops what is there twice or lies in a folder that is there, too.
void RegularFiles::drop_covered(std::vector<Entry>& entries) {
  std::stable_sort(entries.begin(), entries.end(),
                   [](const Entry& a, const Entry& b) { return a.name < b.name; });
  std::vector<Entry> kept;
  std::string cover;
  for (Entry& entry : entries) {
    if (!cover.empty() && entry.name.starts_with(cover)) continue;
    if (!kept.empty() && entry.name == kept.back().name) continue;
    if (entry.is_folder()) cover = entry.name;
    kept.push_back(std::move(entry));
  }
  entries = std::move(kept);
}

std::optional<RegularFile> RegularFiles::next() {
  while (!levels_.empty()) {
    Level& level = levels_.back();
    if (level.rest.empty()) {
      levels_.pop_back();
      continue;
    }
    Entry entry = std::move(level.rest.back());
    level.rest.pop_back();
    const bool is_folder = entry.is_folder();
    if (is_folder && entry.name != "/") entry.name.pop_back();
    RegularFile file{join_path(level.path, entry.name), level.base,
                     join_path(level.relative, entry.name), entry.named, entry.size};
    if (!is_folder) return file;
    enter(std::move(file));
  }
  return std::nullopt;
}

void RegularFiles::enter(RegularFile folder) {
  Level below{folder.path, folder.base, folder.relative, {}};
  try {
    Fd fd = open_folder(folder.base->get(), folder.relative, folder.named, folder.path);
    below.rest = list(fd, folder.path);
    if (folder.named) {
      below.base = shared(std::move(fd));
      below.relative.clear();
    }
  } catch (const Error& error) {
    if (is_fatal(error)) throw;
    return told_.failed(folder.path, error);
  }
  std::reverse(below.rest.begin(), below.rest.end());
  levels_.push_back(std::move(below));
}

// Files and folders in byte order.
std::vector<RegularFiles::Entry> RegularFiles::list(const Fd& folder, const std::string& path) {
  Fd listing(::fcntl(folder.get(), F_DUPFD_CLOEXEC, 0));
  struct stat st;
  if (!listing || ::fstat(folder.get(), &st) != 0) throw system_error(errno, "list", path);
  std::vector<Entry> entries;
  for (DirEntry& one : list_folder(std::move(listing), path)) {
    if (is_left_out(st, one.name)) continue;
    Entry entry{std::move(one.name), 0, false};
    if (look_at(folder, join_path(path, entry.name), entry)) entries.push_back(std::move(entry));
  }
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return a.name < b.name; });
  return entries;
}

bool RegularFiles::is_given(const std::string& path) const {
  return std::binary_search(given_.begin(), given_.end(), path);
}

// Whether one of the given paths lies in the folder `path`.
bool RegularFiles::leads_to_given(const std::string& path) const {
  const std::string folder = path + '/';
  const auto at = std::lower_bound(given_.begin(), given_.end(), folder);
  return at != given_.end() && at->starts_with(folder);
}

// False if it is none of the files, nor a folder that may hold some.
bool RegularFiles::look_at(const Fd& folder, const std::string& path, Entry& entry) {
  entry.named = is_given(path);
  struct stat st;
  if (::fstatat(folder.get(), entry.name.c_str(), &st, entry.named ? 0 : AT_SYMLINK_NOFOLLOW) !=
      0) {
    told_.failed(path, system_error(errno, "look at", path));
    return false;
  }
  const bool is_folder = S_ISDIR(st.st_mode);
  if (!entry.named && options_.excludes.matches(join_path("/", path), is_folder) &&
      !(is_folder && leads_to_given(path))) {
    return false;
  }
  if (is_folder) {
    entry.name += '/';
  } else if (S_ISREG(st.st_mode)) {
    entry.size = static_cast<uint64_t>(st.st_size);
  } else {
    told_.skipped(path);
    return false;
  }
  return true;
}

bool RegularFiles::is_left_out(const struct stat& folder, std::string_view name) const {
  const FilePlace* place = options_.left_out;
  return place != nullptr && folder.st_dev == place->st.st_dev &&
         folder.st_ino == place->st.st_ino &&
         (name == place->name || is_temporary_of(name, place->name));
}

}  // namespace sapdr::core
