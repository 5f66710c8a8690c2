#include <array>
#include <string_view>

#include "net/azure/secret_text.hpp"
#include "operation/doctor_parts.hpp"

namespace sapdr::core {

namespace {

constexpr int64_t ns_per_second = 1'000'000'000;
constexpr int64_t ns_per_minute = 60 * ns_per_second;
constexpr int64_t ns_per_day = 86'400 * ns_per_second;
constexpr int64_t usual_lag = 15 * ns_per_minute;
constexpr int64_t soon = 7 * ns_per_day;

constexpr const char* how_to_allow =
    "; give an identity the role Reader on the storage account, and name the account with -o "
    "azure.account-id=… if it is not found";

struct Redundancy {
  std::string_view sku;
  Severity severity;
  const char* message;
};

constexpr const char* one_place =
    "all copies are in one data centre, and a fire there takes all of them: use GZRS or GRS with "
    "read access (RA-), or copy the repository to another region";
constexpr const char* one_region =
    "the copies are in three zones of one region: copy the repository to another region, or use "
    "RA-GZRS";
constexpr const char* unread_region =
    "the copy in the second region cannot be read before the account fails over: use read access "
    "(RA-) so that restores go on without it";
constexpr const char* both_regions =
    "a copy in a second region can be read, and restores turn to it";

constexpr std::array redundancies = {
    Redundancy{"Standard_LRS", Severity::warning, one_place},
    Redundancy{"Premium_LRS", Severity::warning, one_place},
    Redundancy{"Standard_ZRS", Severity::note, one_region},
    Redundancy{"Premium_ZRS", Severity::note, one_region},
    Redundancy{"Standard_GRS", Severity::note, unread_region},
    Redundancy{"Standard_GZRS", Severity::note, unread_region},
    Redundancy{"Standard_RAGRS", Severity::ok, both_regions},
    Redundancy{"Standard_RAGZRS", Severity::ok, both_regions},
};

class AccountJudge {
 public:
  AccountJudge(const AccountFacts& facts, Duty duty, UnixNs now, Findings& findings)
      : facts_(facts),
        duty_(duty),
        now_(now),
        findings_(findings),
        container_(facts.account + "/" + facts.container) {}

  void redundancy();
  void lag();
  void deletion();
  void container();
  void lifecycle();
  void expiry();
  void permissions();

 private:
  void add(Severity severity, const char* code, std::string message) {
    findings_.push_back({severity, code, facts_.account, std::move(message)});
  }
  void on_container(Severity severity, const char* code, std::string message) {
    findings_.push_back({severity, code, container_, std::move(message)});
  }
  void unknown(const char* code, const std::string& what, const std::string& why) {
    add(Severity::unknown, code, what + " is not known: " + why + how_to_allow);
  }
  void judge_days(const Answered<uint32_t>& days, const char* code, const char* what);
  void needed(const Permission& permission, const char* code, const char* what);
  void unwanted(const Permission& permission, const char* code, const char* what);
  void locks();
  bool can_bring_back() const {
    const uint32_t* days = facts_.soft_delete_days.value();
    return days != nullptr && *days != 0;
  }

  const AccountFacts& facts_;
  const Duty duty_;
  const UnixNs now_;
  Findings& findings_;
  const std::string container_;
};

void AccountJudge::redundancy() {
  const std::string* sku = facts_.sku.value();
  if (sku == nullptr) return unknown("redundancy", "where the copies are", facts_.sku.why());
  for (const Redundancy& each : redundancies) {
    if (each.sku == *sku) return add(each.severity, "redundancy", *sku + ": " + each.message);
  }
  add(Severity::unknown, "redundancy",
      "the redundancy \"" + quoted(*sku, 40) + "\" is not known to this version");
}

void AccountJudge::lag() {
  const std::string* sku = facts_.sku.value();
  if (sku == nullptr || !sku->starts_with("Standard_RA")) return;
  const std::optional<UnixNs>* time = facts_.last_sync.value();
  if (time == nullptr || !*time) {
    const std::string why = time == nullptr ? ": " + facts_.last_sync.why() : "";
    return add(Severity::unknown, "replication-lag",
               "how far the second copy is behind is not known" + why);
  }
  const int64_t behind = now_ - **time;
  const std::string text = "the second copy has all that was stored before " + format_time(**time);
  if (behind <= usual_lag) return add(Severity::ok, "replication-lag", text);
  add(Severity::warning, "replication-lag",
      text + ", " + std::to_string(behind / ns_per_minute) +
          " minutes ago: what is younger would be lost with the first region");
}

void AccountJudge::judge_days(const Answered<uint32_t>& days, const char* code, const char* what) {
  const uint32_t* number = days.value();
  if (number == nullptr)
    return unknown(code, std::string("whether ") + what + " come back", days.why());
  if (*number == 0) {
    return add(Severity::warning, code,
               std::string(what) +
                   " are gone for ever: turn on soft delete, for longer than an "
                   "attack may go unseen");
  }
  add(Severity::ok, code,
      std::string(what) + " can be brought back for " + std::to_string(*number) + " days");
}

void AccountJudge::deletion() {
  judge_days(facts_.soft_delete_days, "soft-delete", "deleted blobs");
  judge_days(facts_.container_soft_delete_days, "container-soft-delete", "deleted containers");
  const bool* versions = facts_.has_versions.value();
  if (versions == nullptr) {
    unknown("versioning", "whether replaced blobs are kept", facts_.has_versions.why());
  } else if (*versions) {
    add(Severity::ok, "versioning", "blobs that are replaced are kept as versions");
  } else {
    add(Severity::note, "versioning",
        "blobs that are replaced are not kept as versions: turn versioning on, with a rule that "
        "deletes old versions");
  }
}

void AccountJudge::container() {
  const ContainerFacts* facts = facts_.container_facts.value();
  if (facts == nullptr) {
    return on_container(Severity::unknown, "immutability",
                        "whether anything keeps blobs from being deleted is not known: " +
                            facts_.container_facts.why());
  }
  if (!facts->public_access.empty()) {
    on_container(Severity::danger, "public-access",
                 "everybody on the internet may read the container, and try passwords on its keys: "
                 "turn public access off");
  }
  if (facts->has_legal_hold) {
    on_container(Severity::note, "immutability",
                 "a legal hold keeps every blob: nobody can delete a backup, and prune and unlock "
                 "fail until it is lifted");
  } else if (facts->has_immutability_policy) {
    on_container(
        Severity::note, "immutability",
        "an immutability policy keeps every blob for its time: nobody can delete a backup, "
        "and prune and unlock fail for blobs that are younger");
  } else {
    on_container(Severity::ok, "immutability",
                 facts->has_immutable_versions
                     ? "single versions may be made immutable; nothing keeps prune from its work"
                     : "no immutability: prune can do its work, and so can whoever may delete");
  }
}

void AccountJudge::lifecycle() {
  if (facts_.lifecycle.value() != nullptr) return judge_lifecycle(facts_, findings_);
  unknown("lifecycle", "whether a lifecycle rule deletes live blobs by their age",
          facts_.lifecycle.why());
}

void AccountJudge::expiry() {
  if (facts_.credential_expires == 0) return;
  const int64_t left = facts_.credential_expires - now_;
  const std::string when = format_time(facts_.credential_expires);
  if (left <= 0) {
    on_container(Severity::danger, "expiry",
                 facts_.credential + " expired at " + when + ": make a new one");
  } else {
    on_container(left < soon ? Severity::warning : Severity::ok, "expiry",
                 facts_.credential + " expires at " + when +
                     (left < soon ? ": backups fail from then on, make a new one" : ""));
  }
}

void AccountJudge::needed(const Permission& permission, const char* code, const char* what) {
  if (!permission.is_given) {
    on_container(
        Severity::unknown, code,
        "whether " + facts_.credential + " can " + what + " is not known: " + permission.why);
  } else if (*permission.is_given) {
    on_container(Severity::ok, code, facts_.credential + " can " + what);
  } else {
    on_container(
        Severity::danger, code,
        facts_.credential + " cannot " + what + ", which it is there for: " + permission.why);
  }
}

void AccountJudge::unwanted(const Permission& permission, const char* code, const char* what) {
  if (!permission.is_given) {
    on_container(
        Severity::unknown, code,
        "whether " + facts_.credential + " can " + what + " is not known: " + permission.why);
  } else if (!*permission.is_given) {
    on_container(Severity::ok, code, facts_.credential + " cannot " + what);
  } else {
    on_container(can_bring_back() ? Severity::note : Severity::warning, code,
                 facts_.credential + " can " + what +
                     ": so can whoever takes over this machine; give it no such right, and prune "
                     "elsewhere with another one" +
                     (can_bring_back() ? " (soft delete would bring it back)" : ""));
  }
}

void AccountJudge::locks() {
  const auto is_refused = [](const Permission& permission) {
    return permission.is_given && !*permission.is_given;
  };
  if (is_refused(facts_.permissions.create_locks)) {
    on_container(duty_ == Duty::restore ? Severity::note : Severity::danger, "may-lock",
                 facts_.credential + " cannot store locks: only what reads works, with --no-lock");
  } else if (is_refused(facts_.permissions.erase_locks)) {
    on_container(Severity::note, "may-lock",
                 facts_.credential +
                     " cannot remove its own locks: they stay for 30 minutes, and a prune waits");
  }
}

void AccountJudge::permissions() {
  const Permissions& rights = facts_.permissions;
  needed(rights.read, "may-read", "read blobs");
  needed(rights.list, "may-list", "list blobs");
  if (duty_ != Duty::restore) needed(rights.create, "may-create", "store packs");
  if (duty_ == Duty::prune) {
    needed(rights.erase, "may-delete", "delete packs");
  } else {
    unwanted(rights.erase, "may-delete", "delete packs");
  }
  locks();
  unwanted(rights.overwrite, "may-overwrite", "overwrite what is there");
}

}  // namespace

void judge_account(const AccountFacts& facts, Duty duty, UnixNs now, Findings& findings) {
  AccountJudge judge(facts, duty, now, findings);
  judge.redundancy();
  judge.lag();
  judge.deletion();
  judge.container();
  judge.lifecycle();
  judge.expiry();
  judge.permissions();
}

}  // namespace sapdr::core
