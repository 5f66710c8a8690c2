#include "operation/restore_extra.hpp"

#include <dirent.h>
#include <fcntl.h>

#include <unordered_set>

#include "base/path.hpp"
#include "component/files/listing.hpp"
#include "operation/snapshot_path.hpp"

namespace sapdr::core {

namespace {

bool is_folder(int parent, const DirEntry& entry) {
  if (entry.type != DT_UNKNOWN) return entry.type == DT_DIR;
  struct stat st;
  return ::fstatat(parent, entry.name.c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0 &&
         S_ISDIR(st.st_mode);
}

}  // namespace

std::vector<std::string> ExtraFinder::find(const std::string& path,
                                           const std::vector<Node>& nodes) const {
  std::vector<std::string> found;
  if (origin_ != nullptr && !origin_->is_backed_up(path)) return found;
  std::unordered_set<std::string_view> names;
  for (const Node& node : nodes) names.insert(node.name);
  const Fd folder = target_.open_dir(relative_path(path));
  for (const DirEntry& entry : list_folder(Fd(::dup(folder.get())), path)) {
    if (names.contains(entry.name)) continue;
    bool is_all = true;
    look_at(join_path(path, entry.name), is_folder(folder.get(), entry), found, is_all);
  }
  return found;
}

// `is_all` becomes false if something stays.
void ExtraFinder::look_at(const std::string& path, bool is_dir, std::vector<std::string>& found,
                          bool& is_all) const {
  const bool is_selected = selection_.is_selected(path, is_dir);
  const bool has_rules = !selection_.includes.empty() || !selection_.excludes.empty();
  if (is_dir && has_rules && (is_selected || selection_.may_hold_selected(path))) {
    std::vector<std::string> below;
    if (!find_below(path, below) || !is_selected) {
      found.insert(found.end(), below.begin(), below.end());
      is_all = false;
      return;
    }
  }
  if (is_selected) {
    found.push_back(path);
  } else {
    is_all = false;
  }
}

// True if all of it goes.
bool ExtraFinder::find_below(const std::string& path, std::vector<std::string>& found) const {
  bool is_all = true;
  const Fd folder = target_.open_dir(relative_path(path));
  for (const DirEntry& entry : list_folder(Fd(::dup(folder.get())), path)) {
    look_at(join_path(path, entry.name), is_folder(folder.get(), entry), found, is_all);
  }
  return is_all;
}

}  // namespace sapdr::core
