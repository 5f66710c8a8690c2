#include "operation/doctor_parts.hpp"

namespace sapdr::core {

namespace {

constexpr uint64_t scarce_part = 20;  // less than a twentieth is free

// "12 GiB"
std::string in_gib(uint64_t bytes) {
  constexpr unsigned shift = 30;
  return bytes >> shift == 0 ? "less than 1 GiB" : std::to_string(bytes >> shift) + " GiB";
}

class FolderJudge {
 public:
  FolderJudge(const FolderFacts& facts, const std::string& object, Findings& findings)
      : facts_(facts), object_(object), findings_(findings) {}

  void space() {
    const bool is_full =
        facts_.free_bytes == 0 || (facts_.total_files != 0 && facts_.free_files == 0);
    const bool is_scarce = facts_.free_bytes < facts_.total_bytes / scarce_part ||
                           facts_.free_files < facts_.total_files / scarce_part;
    const std::string free = in_gib(facts_.free_bytes) + " of " + in_gib(facts_.total_bytes) +
                             " and " + std::to_string(facts_.free_files) + " files are free";
    if (is_full) {
      add(Severity::danger, "free-space", "the filesystem is full: make room, then prune");
    } else if (is_scarce) {
      add(Severity::warning, "free-space", free + ": make room before a backup fails");
    } else {
      add(Severity::ok, "free-space", free);
    }
  }

  void writing(Duty duty) {
    const char* why = facts_.is_read_only ? "the filesystem is mounted read-only"
                      : facts_.may_write  ? nullptr
                                          : "this user may not write to the folder";
    if (why == nullptr) return add(Severity::ok, "may-write", "this user may write to the folder");
    if (duty == Duty::restore) {
      return add(Severity::note, "may-write", std::string(why) + ": restore with --no-lock");
    }
    add(Severity::danger, "may-write", std::string(why) + ": no backup can be stored");
  }

  void others() {
    constexpr uint32_t others_write = 02, others_enter = 05;
    if ((facts_.mode & others_write) != 0) {
      add(Severity::danger, "folder-mode",
          "every user of this machine may remove the repository: chmod o-w");
    } else if ((facts_.mode & others_enter) != 0) {
      add(Severity::warning, "folder-mode",
          "every user of this machine may look into the repository, and try passwords: chmod o-rx");
    } else {
      add(Severity::ok, "folder-mode", "other users may not look into the repository");
    }
  }

  void durability() {
    if (facts_.is_in_memory) {
      add(Severity::danger, "redundancy",
          "the filesystem is in memory: all is gone when this machine stops");
    } else {
      add(Severity::note, "redundancy",
          "a folder is in one place: fire, theft and ransomware reach all of it; copy it "
          "elsewhere");
    }
  }

 private:
  void add(Severity severity, const char* code, std::string message) {
    findings_.push_back({severity, code, object_, std::move(message)});
  }

  const FolderFacts& facts_;
  const std::string& object_;
  Findings& findings_;
};

}  // namespace

void judge_folder(const FolderFacts& facts, Duty duty, const std::string& object,
                  Findings& findings) {
  FolderJudge judge(facts, object, findings);
  judge.durability();
  judge.space();
  judge.writing(duty);
  judge.others();
}

}  // namespace sapdr::core
