// Reading trees.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "format/tree.hpp"
#include "repository/blob_set.hpp"
#include "repository/repository.hpp"

namespace sapdr::core {

// The nodes of a tree. Throws Code::corrupt, Code::not_found.
std::vector<Node> load_tree(Repository& repository, const Id& id);

// Visits every different tree below `roots` that is not in `seen` once, on all threads, in no
// order, and puts it into `seen`. `nodes` is null if the tree could not be loaded: `error` says
// why. `visit` is called from several threads at once; it may use `seen` under a mutex of its own,
// for nothing else touches it meanwhile.
using TreeVisitor =
    std::function<void(const Id& tree, const std::vector<Node>* nodes, const Error* error)>;
void visit_trees(Repository& repository, std::vector<Id> roots, BlobSet& seen,
                 const TreeVisitor& visit, Progress& progress);

// The tree of the folder `path` ("/a/b") below `root`. Throws Code::not_found, or
// Code::invalid_argument if it is no folder.
Id find_folder(Repository& repository, const Id& root, std::string_view path);

// The file `path`, clean and absolute, below `root`. Throws as find_folder does.
Node find_file(Repository& repository, const Id& root, const std::string& path);

}  // namespace sapdr::core
