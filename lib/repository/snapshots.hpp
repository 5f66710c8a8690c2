// Finding snapshots, and what is recorded about them.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "format/snapshot.hpp"
#include "repository/repository.hpp"

namespace sapdr::core {

struct SnapshotFilter {
  std::vector<std::string> hosts = {};                   // one of them; empty: any
  std::vector<std::string> tags = {};                    // all of them
  std::vector<std::string> paths = {};                   // all of them
  std::vector<std::vector<std::string>> tag_lists = {};  // all tags of one of them; empty: any

  bool is_empty() const;  // every snapshot matches
  bool matches(const Snapshot& snapshot) const;
};

Snapshot load_snapshot(Repository& repository, const Id& id);

// What becomes of a damaged snapshot; without such a function it is thrown, as Code::corrupt.
using OnDamage = std::function<void(const Id& snapshot, const Error& error)>;

// Those that match, oldest first.
std::vector<Snapshot> list_snapshots(Repository& repository, const SnapshotFilter& filter,
                                     const OnDamage& on_damage = {});

// Those that are named, each once, oldest first, or if no names are given all that match. Throws
// Code::not_found, Code::ambiguous, Code::invalid_argument for a name with a folder.
std::vector<Snapshot> find_snapshots(Repository& repository, const std::vector<std::string>& names,
                                     const SnapshotFilter& filter, const OnDamage& on_damage = {});

// A snapshot by name, and the folder in it that is meant: "latest", a prefix of an id, either with
// ":/folder" behind it.
struct SnapshotRef {
  Snapshot snapshot;
  std::string folder;  // "/" or "/a/b"
  Id tree;             // the tree of that folder
};

// Throws Code::not_found, Code::ambiguous. Reads trees if a folder is named: needs the index then.
SnapshotRef find_snapshot(Repository& repository, std::string_view name,
                          const SnapshotFilter& filter);

}  // namespace sapdr::core
