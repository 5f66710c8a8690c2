#include "component/files/given_paths.hpp"

#include <string_view>

#include "base/path.hpp"

namespace sapdr::core {

namespace {

// The folder that the first component of a clean path lies in: "/", ".", "..", "../..", …
std::string root_of(const std::string& clean) {
  if (clean.starts_with('/')) return "/";
  std::string root = ".";
  for (const std::string_view part : split_path(clean)) {
    if (part == "..") root = join_path(root, part);
  }
  return root;
}

// The place at the top for a path that begins with `name` in `root`. The same name in another
// folder (such as "etc" and "/etc") is another place: "etc-1".
GivenPath& top_place(GivenPath& tree, const std::string& name, const std::string& root) {
  std::string free_name = name;
  for (int i = 1;; ++i) {
    const auto [at, is_new] = tree.children.try_emplace(free_name);
    if (is_new) at->second.root = root;
    if (at->second.root == root) return at->second;
    free_name = name + "-" + std::to_string(i);
  }
}

void add(GivenPath& tree, const std::string& clean, bool named, dev_t device,
         const std::string& working_dir) {
  const std::string root = root_of(clean);
  const std::string rooted = clean_path("/" + clean);
  const auto parts = split_path(rooted);
  std::string path = absolute_path(working_dir, root);

  GivenPath* place = nullptr;
  for (const std::string_view part : parts) {
    path = join_path(path, part);
    place = place == nullptr ? &top_place(tree, std::string(part), root)
                             : &place->children[std::string(part)];
    place->path = path;
  }
  place->whole = true;
  place->named = place->named || named;
  place->device = device;
}

// Where a path lies in another one, the outer one is written out, so that every place is either
// whole or has children.
void expand(GivenPath& place, const GivenPathsAccess& access) {
  if (place.whole && !place.children.empty()) {
    for (const std::string& name : access.list(place.path)) {
      GivenPath& child = place.children[name];
      if (child.whole) continue;
      child.path = join_path(place.path, name);
      child.device = place.device;
      child.whole = true;
    }
    place.whole = false;
  }
  for (auto& [name, child] : place.children) expand(child, access);
}

}  // namespace

std::string absolute_path(const std::string& working_dir, const std::string& path) {
  return clean_path(path.starts_with('/') ? path : working_dir + "/" + path);
}

GivenPath arrange_paths(const std::vector<std::string>& paths, const GivenPathsAccess& access) {
  GivenPath tree;
  for (const std::string& path : paths) {
    const std::string clean = clean_path(path);
    const std::string on_disk = absolute_path(access.working_dir, clean);
    const dev_t device = access.device(on_disk);
    if (clean_path("/" + clean) != "/") {
      add(tree, clean, true, device, access.working_dir);
      continue;
    }
    // "/", ".", "..": has no name to be stored under.
    for (const std::string& name : access.list(on_disk)) {
      add(tree, join_path(clean, name), false, device, access.working_dir);
    }
  }
  expand(tree, access);
  return tree;
}

}  // namespace sapdr::core
