// Visiting what is selected of a snapshot: for whatever is done with local files.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "component/files/patterns.hpp"
#include "observe/progress.hpp"
#include "repository/trees.hpp"

namespace sapdr::core {

// What visit_selection tells, always from the thread that called it. A `path` begins with "/", the
// root of the visited tree. Names are safe to be put into a folder, and unique in theirs.
class SelectionVisitor {
 public:
  virtual ~SelectionVisitor() = default;

  // A folder's number is what enter() gave for it; the root's is 0.
  using Folder = uint32_t;

  // The content of a folder comes next: all of it in one go, its subfolders by enter() and the
  // rest, if selected, by item(); what is in the subfolders comes later. False leaves it out.
  // `nodes` is everything that is in the folder, selected or not.
  virtual bool open(Folder folder, const std::string& path, const std::vector<Node>& nodes) = 0;
  virtual void item(Folder folder, const std::string& path, Node& node) = 0;
  // A folder that is selected, or that may hold something that is. Nothing leaves it out.
  virtual std::optional<Folder> enter(Folder parent, const std::string& path, Node& node,
                                      bool is_selected) = 0;
  // A node that no folder can hold, or a tree that could not be read: left out.
  virtual void failed(const std::string& path, const Error& error) = 0;
};

struct Selection {
  const PatternList& includes;  // none: everything
  const PatternList& excludes;

  bool is_selected(std::string_view path, bool is_dir) const {
    return (includes.empty() || includes.matches(path, is_dir)) && !excludes.matches(path, is_dir);
  }
  bool may_hold_selected(std::string_view path) const {
    return (includes.empty() || includes.could_match_below(path)) && !excludes.matches(path, true);
  }
};

// Visits the tree `root`, loading trees ahead on all threads. Throws Code::not_found if an include
// matches nothing, unless something failed: it may have been there.
void visit_selection(Repository& repository, const Id& root, const Selection& selection,
                     SelectionVisitor& visitor, Progress& progress);

}  // namespace sapdr::core
