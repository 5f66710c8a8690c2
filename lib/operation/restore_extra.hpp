// What is in the target of a restore and not in the snapshot: for a restore that makes the target
// like the snapshot.
#pragma once

#include <string>
#include <vector>

#include "component/files/target_dir.hpp"
#include "operation/origin.hpp"
#include "operation/selection.hpp"

namespace sapdr::core {

class ExtraFinder {
 public:
  // Only what the selection selects is extra. `origin`, which may be null: only in folders that
  // were backed up themselves.
  ExtraFinder(const TargetDir& target, const Selection& selection, const Origin* origin)
      : target_(target), selection_(selection), origin_(origin) {}

  // The topmost paths ("/a/b") in the folder `path` that are to go; `nodes` is all that the
  // snapshot has there.
  std::vector<std::string> find(const std::string& path, const std::vector<Node>& nodes) const;

 private:
  bool find_below(const std::string& path, std::vector<std::string>& found) const;
  void look_at(const std::string& path, bool is_dir, std::vector<std::string>& found,
               bool& is_all) const;

  const TargetDir& target_;
  const Selection selection_;
  const Origin* origin_;
};

}  // namespace sapdr::core
