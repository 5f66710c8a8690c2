#include <algorithm>
#include <array>
#include <string_view>

#include "net/azure/secret_text.hpp"
#include "operation/doctor_parts.hpp"
#include "storage/layout.hpp"

namespace sapdr::core {

namespace {

// What a repository consists of. Locks are not in it: old ones may go, and nobody needs them.
constexpr std::array parts = {FileType::config,   FileType::key,  FileType::index,
                              FileType::snapshot, FileType::pack, FileType::verified};

// How the names of all objects of a type begin, or for the config the name.
std::string names_of(FileType type, const AccountFacts& account) {
  std::string names = account.container + "/";
  if (!account.prefix.empty()) names += account.prefix + "/";
  if (type == FileType::config) return names + "config";
  return names + folder_of(type) + "/";
}

// Whether a rule reaches any object of the type.
bool reaches(const LifecycleRule& rule, FileType type, const AccountFacts& account) {
  const std::string names = names_of(type, account);
  const auto meets = [&](const std::string& prefix) {
    return names.starts_with(prefix) ||
           (type != FileType::config && std::string_view(prefix).starts_with(names));
  };
  return rule.prefixes.empty() || std::ranges::any_of(rule.prefixes, meets);
}

// "packs, snapshots": what of a repository the rule reaches, as far as `counts` it.
template <class Counts>
std::string reached(const LifecycleRule& rule, const AccountFacts& account, Counts counts) {
  std::string all;
  for (const FileType type : parts) {
    if (!counts(type) || !reaches(rule, type, account)) continue;
    all.append(all.empty() ? "" : ", ").append(to_string(type));
  }
  return all;
}

std::string named(const LifecycleRule& rule) {
  return "the lifecycle rule \"" + quoted(rule.name, 80) + "\"";
}

void judge_deletion(const LifecycleRule& rule, const AccountFacts& account, Findings& findings) {
  const std::string lost = reached(rule, account, [](FileType) { return true; });
  if (!rule.deletes || lost.empty()) return;
  findings.push_back({Severity::danger, "lifecycle", account.account,
                      named(rule) + " deletes what the repository needs (" + lost +
                          ") by its age, and younger snapshots share old packs: remove it; forget "
                          "and prune remove what is not needed"});
}

void judge_archiving(const LifecycleRule& rule, const AccountFacts& account, Findings& findings) {
  if (!rule.archives) return;
  const auto is_pack = [](FileType type) { return type == FileType::pack; };
  const std::string unread = reached(rule, account, [&](FileType type) { return !is_pack(type); });
  if (!unread.empty()) {
    findings.push_back({Severity::danger, "lifecycle", account.account,
                        named(rule) + " moves what every command reads (" + unread +
                            ") into the archive, where it cannot be read: remove it"});
  } else if (!reached(rule, account, is_pack).empty()) {
    findings.push_back({Severity::warning, "lifecycle", account.account,
                        named(rule) + " moves packs into the archive, those of folders with them: "
                                      "check, prune and restores have to wait up to 15 hours; use "
                                      "cool or cold"});
  }
}

}  // namespace

void judge_lifecycle(const AccountFacts& account, Findings& findings) {
  const size_t before = findings.size();
  for (const LifecycleRule& rule : *account.lifecycle.value()) {
    judge_deletion(rule, account, findings);
    judge_archiving(rule, account, findings);
  }
  if (findings.size() != before) return;
  findings.push_back({Severity::ok, "lifecycle", account.account,
                      "no lifecycle rule deletes or archives what the repository needs"});
}

}  // namespace sapdr::core
