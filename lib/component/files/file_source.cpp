#include "component/files/file_source.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/error.hpp"
#include "base/open_fd.hpp"
#include "base/path.hpp"
#include "component/files/beneath.hpp"
#include "component/files/file_opener.hpp"
#include "component/files/given_paths.hpp"
#include "component/files/listing.hpp"
#include "component/files/metadata.hpp"
#include "component/files/tag_rules.hpp"

namespace sapdr::core {

namespace {

struct Entry {
  std::string name;
  struct stat st;  // of a folder: only the type, the rest comes when it is opened
};

// A folder on the way from a given path down to where the walk is.
struct Level {
  std::string path;
  std::string relative;  // to the base folder
  Fd fd;
  dev_t device = 0;  // to find it again
  ino_t inode = 0;
  dev_t allowed_device = 0;  // for one_file_system
};

// So many folders of the way are kept open; those above are opened again on the way back.
constexpr size_t max_open_levels = 64;

Fd open_path(const std::string& path, int flags) {
  Fd fd = open_fd(path.c_str(), flags | O_CLOEXEC);
  if (!fd) throw system_error(errno, "open the folder", path);
  return fd;
}

std::string read_link(int folder, const std::string& name, const std::string& path) {
  std::array<char, PATH_MAX> target;
  const ssize_t n = ::readlinkat(folder, name.c_str(), target.data(), target.size());
  if (n < 0) throw system_error(errno, "read the link", path);
  return {target.data(), static_cast<size_t>(n)};
}

struct stat stat_entry(int folder, const std::string& name, const std::string& path) {
  struct stat st;
  if (::fstatat(folder, name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0) {
    throw system_error(errno, "look at", path);
  }
  return st;
}

// One run over the given paths.
class Walk {
 public:
  Walk(const FileSourceOptions& options, const std::vector<TagRule>& rules, TreeSink& sink)
      : options_(options), rules_(rules), sink_(sink) {
    settings_->with_atime = options.with_atime;
    settings_->uid = ::geteuid();
  }

  void given(const std::string& name, const GivenPath& place);

 private:
  void given_parent(const std::string& name, const GivenPath& place);
  void given_entry(const std::string& name, const GivenPath& place);
  void use_base(const std::string& path);

  void entry(Level& level, const Entry& entry, const std::string& node_name);
  void file(int folder, const Level& level, const Entry& entry, Node node, std::string path);
  void folder(Level& above, const Entry& entry, const std::string& node_name,
              const std::string& path);
  bool open_level(Level& above, const std::string& name, Level& level, Node& node,
                  std::vector<DirEntry>& listed);
  std::vector<Entry> select(Level& level, const std::vector<DirEntry>& listed);
  bool is_selected(const Level& level, const std::vector<const TagRule*>& holding,
                   const DirEntry& listed, const std::string& path, Entry& entry);
  bool is_unchanged(const struct stat& st, const Node* previous) const;
  int open_again(Level& level);
  void expect_more(const std::vector<Entry>& entries);

  // Reports a failure of `call`, which must not call the sink. False if it failed.
  template <class Call>
  bool attempt(const std::string& path, Call call) {
    try {
      call();
      return true;
    } catch (const Error& error) {
      sink_.failed(path, error);
      return false;
    }
  }

  const FileSourceOptions& options_;
  const std::vector<TagRule>& rules_;
  TreeSink& sink_;
  std::shared_ptr<OpenerSettings> settings_ = std::make_shared<OpenerSettings>();
  OwnerNames names_;
  std::shared_ptr<const BaseFolder> base_;
  std::vector<const TagRule*> base_rules_;
  std::vector<Level*> levels_;
  uint64_t items_ = 0;
  uint64_t bytes_ = 0;
};

// ---- What the user gave -------------------------------------------------------------------------

void Walk::given(const std::string& name, const GivenPath& place) {
  if (place.whole) return given_entry(name, place);
  given_parent(name, place);
}

// A folder of which only some entries are stored. The path to them is the user's: it may lead
// through links, whose targets are the folders then.
void Walk::given_parent(const std::string& name, const GivenPath& place) {
  Node node;
  node.name = name;
  const bool found = attempt(place.path, [&] {
    const Fd fd = open_path(place.path, O_PATH | O_DIRECTORY);
    struct stat st;
    if (::fstat(fd.get(), &st) != 0) throw system_error(errno, "look at", place.path);
    node_from_stat(st, names_, options_.with_atime, node);
    try {
      node.xattrs = read_xattrs(fd.get(), ".");
    } catch (const Error& error) {
      // Above what was asked for, not everything may be ours to read.
      if (error.code() != Code::permission) throw;
    }
  });
  if (!found) return;
  ++items_;
  sink_.enter(std::move(node), place.path);
  for (const auto& [child_name, child] : place.children) given(child_name, child);
  sink_.leave();
}

// Neighbours in a folder that was written out share the base.
void Walk::use_base(const std::string& path) {
  if (base_ && base_->path == path) return;
  base_ = nullptr;
  base_rules_.clear();
  Fd fd = open_path(path, O_PATH | O_DIRECTORY);
  if (!rules_.empty()) {
    base_rules_ = rules_that_hold(rules_, fd.get(),
                                  list_folder(open_path(path, O_RDONLY | O_DIRECTORY), path));
  }
  base_ = std::make_shared<const BaseFolder>(BaseFolder{std::move(fd), path});
}

void Walk::given_entry(const std::string& name, const GivenPath& place) {
  Level level;
  Entry found;
  found.name = name_of_path(place.path);
  bool selected = true;
  const bool ok = attempt(place.path, [&] {
    use_base(std::string(folder_of_path(place.path)));
    level.path = base_->path;
    level.fd = Fd(::fcntl(base_->fd.get(), F_DUPFD_CLOEXEC, 0));
    if (!level.fd) throw system_error(errno, "open the folder", level.path);
    level.allowed_device = place.device;
    if (place.named) {
      found.st = stat_entry(level.fd.get(), found.name, place.path);
    } else {
      selected = is_selected(level, base_rules_, {found.name, DT_UNKNOWN}, place.path, found);
    }
  });
  if (!ok || !selected || S_ISSOCK(found.st.st_mode)) return;
  expect_more({found});
  entry(level, found, name);
}

// ---- Folders ------------------------------------------------------------------------------------

// Opens a folder and reads all that makes it an entry of the snapshot: one that cannot be listed is
// none, as in restic.
bool Walk::open_level(Level& above, const std::string& name, Level& level, Node& node,
                      std::vector<DirEntry>& listed) {
  return attempt(level.path, [&] {
    if (level.path.size() >= PATH_MAX) throw system_error(ENAMETOOLONG, "open", level.path);
    const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    level.fd =
        open_fd_at(open_again(above), name.c_str(), flags | (settings_->uid == 0 ? O_NOATIME : 0));
    if (!level.fd && errno == EPERM) level.fd = open_fd_at(above.fd.get(), name.c_str(), flags);
    if (!level.fd) throw system_error(errno, "open the folder", level.path);
    struct stat st;
    if (::fstat(level.fd.get(), &st) != 0) throw system_error(errno, "look at", level.path);
    level.device = st.st_dev;
    level.inode = st.st_ino;
    node_from_stat(st, names_, options_.with_atime, node);
    node.xattrs = read_xattrs(level.fd.get());
    // A mount point is a folder of this filesystem, what is in it is not.
    if (options_.one_file_system && st.st_dev != level.allowed_device) return;
    Fd listing(::fcntl(level.fd.get(), F_DUPFD_CLOEXEC, 0));
    if (!listing) throw system_error(errno, "list", level.path);
    listed = list_folder(std::move(listing), level.path);
  });
}

void Walk::folder(Level& above, const Entry& entry, const std::string& node_name,
                  const std::string& path) {
  Level level;
  level.path = path;
  level.relative = join_path(above.relative, entry.name);
  level.allowed_device = above.allowed_device;
  Node node;
  node.name = node_name;
  std::vector<DirEntry> listed;
  if (!open_level(above, entry.name, level, node, listed)) return;

  sink_.enter(std::move(node), path);
  const std::vector<Entry> entries = select(level, listed);
  std::vector<DirEntry>().swap(listed);
  expect_more(entries);

  levels_.push_back(&level);
  if (levels_.size() > max_open_levels) levels_[levels_.size() - 1 - max_open_levels]->fd = Fd();
  for (const Entry& one : entries) this->entry(level, one, one.name);
  levels_.pop_back();
  sink_.leave();
}

// The descriptor of a folder on the way, which may have been closed.
int Walk::open_again(Level& level) {
  if (level.fd) return level.fd.get();
  Fd fd = open_beneath(base_->fd.get(), level.relative, O_RDONLY | O_DIRECTORY);
  struct stat st;
  if (!fd || ::fstat(fd.get(), &st) != 0) {
    throw system_error(errno, "open the folder", level.path);
  }
  if (st.st_dev != level.device || st.st_ino != level.inode) {
    throw Error(Code::invalid_state, level.path + " was replaced meanwhile")
        .with("path", level.path);
  }
  level.fd = std::move(fd);
  return level.fd.get();
}

// Everything in a folder is looked at before anything of it is read: then the totals are known.
std::vector<Entry> Walk::select(Level& level, const std::vector<DirEntry>& listed) {
  const auto holding = rules_that_hold(rules_, level.fd.get(), listed);
  std::vector<Entry> entries;
  entries.reserve(listed.size());
  for (const DirEntry& one : listed) {
    const std::string path = join_path(level.path, one.name);
    Entry entry;
    bool selected = false;
    if (!attempt(path, [&] { selected = is_selected(level, holding, one, path, entry); })) continue;
    if (selected) entries.push_back(std::move(entry));
  }
  return entries;
}

bool Walk::is_selected(const Level& level, const std::vector<const TagRule*>& holding,
                       const DirEntry& listed, const std::string& path, Entry& entry) {
  entry.name = listed.name;
  entry.st = {};
  entry.st.st_mode = static_cast<mode_t>(DTTOIF(listed.type));
  if (is_left_out(holding, listed.name)) return false;
  const bool unknown = listed.type == DT_UNKNOWN;
  if (unknown) entry.st = stat_entry(level.fd.get(), listed.name, path);
  if (options_.excludes.matches(path, S_ISDIR(entry.st.st_mode))) return false;
  if (S_ISSOCK(entry.st.st_mode)) return false;  // as in restic: nothing can be restored
  if (S_ISDIR(entry.st.st_mode)) return true;

  if (!unknown) entry.st = stat_entry(level.fd.get(), listed.name, path);
  if (options_.one_file_system && entry.st.st_dev != level.allowed_device) return false;
  return !S_ISREG(entry.st.st_mode) || options_.exclude_larger_than == 0 ||
         static_cast<uint64_t>(entry.st.st_size) <= options_.exclude_larger_than;
}

void Walk::expect_more(const std::vector<Entry>& entries) {
  items_ += entries.size();
  for (const Entry& entry : entries) {
    if (S_ISREG(entry.st.st_mode)) bytes_ += static_cast<uint64_t>(entry.st.st_size);
  }
  sink_.expect(items_, bytes_);
}

// ---- Everything else ----------------------------------------------------------------------------

void Walk::entry(Level& level, const Entry& entry, const std::string& node_name) {
  std::string path = join_path(level.path, entry.name);
  if (S_ISDIR(entry.st.st_mode)) return folder(level, entry, node_name, path);

  int in = -1;
  if (!attempt(path, [&] { in = open_again(level); })) return;
  Node node;
  node.name = node_name;
  node_from_stat(entry.st, names_, options_.with_atime, node);
  if (S_ISREG(entry.st.st_mode)) return file(in, level, entry, std::move(node), std::move(path));

  const bool complete = attempt(path, [&] {
    if (S_ISLNK(entry.st.st_mode)) node.link_target = read_link(in, entry.name, path);
    node.xattrs = read_xattrs(in, entry.name);
  });
  if (complete) sink_.other(std::move(node), std::move(path));
}

void Walk::file(int folder, const Level& level, const Entry& entry, Node node, std::string path) {
  const Node* previous = sink_.previous(node.name);
  if (is_unchanged(entry.st, previous)) {
    node.content = previous->content;
    if (attempt(path, [&] { node.xattrs = read_xattrs(folder, entry.name); })) {
      sink_.unchanged(std::move(node), std::move(path));
    }
    return;
  }
  FileOpener opener =
      make_file_opener(settings_, base_, join_path(level.relative, entry.name), path);
  sink_.file(std::move(node), std::move(path), std::move(opener));
}

bool Walk::is_unchanged(const struct stat& st, const Node* previous) const {
  if (previous == nullptr || previous->type != NodeType::file) return false;
  if (previous->content.empty() && previous->size != 0) return false;
  return previous->size == static_cast<uint64_t>(st.st_size) &&
         previous->mtime == to_ns(st.st_mtim) &&
         (options_.ignore_ctime || previous->ctime == to_ns(st.st_ctim)) &&
         (options_.ignore_inode || previous->inode == st.st_ino);
}

// ---- The source ---------------------------------------------------------------------------------

class FileSource final : public Source {
 public:
  FileSource(FileSourceOptions options, GivenPathsAccess access)
      : options_(std::move(options)), access_(std::move(access)) {
    for (const std::string& text : options_.exclude_if_present) {
      rules_.push_back(TagRule::parse(text));
    }
    if (options_.exclude_caches) rules_.push_back(TagRule::cache_dir());
    for (const std::string& path : options_.paths) {
      paths_.push_back(absolute_path(access_.working_dir, path));
      access_.device(paths_.back());
    }
  }

  std::vector<std::string> paths() const override { return paths_; }

  void run(TreeSink& sink) override {
    const GivenPath tree = arrange_paths(options_.paths, access_);
    Walk walk(options_, rules_, sink);
    for (const auto& [name, place] : tree.children) walk.given(name, place);
  }

 private:
  FileSourceOptions options_;
  GivenPathsAccess access_;
  std::vector<TagRule> rules_;
  std::vector<std::string> paths_;
};

std::string working_dir() {
  std::array<char, PATH_MAX> path;
  if (::getcwd(path.data(), path.size()) == nullptr) {
    throw system_error(errno, "find", "the working directory");
  }
  return path.data();
}

std::vector<std::string> list_names(const std::string& path) {
  std::vector<std::string> names;
  for (DirEntry& entry : list_folder(open_path(path, O_RDONLY | O_DIRECTORY), path)) {
    names.push_back(std::move(entry.name));
  }
  return names;
}

dev_t device_of(const std::string& path) {
  return stat_entry(AT_FDCWD, path, path).st_dev;
}

}  // namespace

std::unique_ptr<Source> make_file_source(FileSourceOptions options) {
  if (options.paths.empty()) {
    throw Error(Code::invalid_argument, "there is nothing to back up: give at least one path");
  }
  bool relative = false;
  for (const std::string& path : options.paths) {
    if (path.empty() || path.find('\0') != std::string::npos) {
      throw Error(Code::invalid_argument, "a path to back up is empty or has a NUL");
    }
    relative = relative || !path.starts_with('/');
  }
  GivenPathsAccess access{relative ? working_dir() : "/", list_names, device_of};
  return std::make_unique<FileSource>(std::move(options), std::move(access));
}

}  // namespace sapdr::core
