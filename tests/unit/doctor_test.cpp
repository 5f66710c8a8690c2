// What facts about a storage mean.
#include "operation/doctor.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "storage/azure_blob/management_answers.hpp"
#include "storage/memory.hpp"
#include "support/errors.hpp"

using namespace sapdr::core;
using namespace sapdr::test;

namespace {

constexpr UnixNs now = 1'800'000'000'000'000'000;
constexpr int64_t second = 1'000'000'000;
constexpr int64_t day = 86'400 * second;

// An account in which all is well.
AccountFacts good_account() {
  AccountFacts facts;
  facts.account = "acct";
  facts.container = "models";
  facts.prefix = "repo";
  facts.credential = "the SAS";
  facts.sku = std::string("Standard_RAGRS");
  facts.last_sync = std::optional<UnixNs>(now - 60 * second);
  facts.soft_delete_days = 90U;
  facts.container_soft_delete_days = 90U;
  facts.has_versions = true;
  facts.container_facts = ContainerFacts{};
  facts.lifecycle = std::vector<LifecycleRule>{};
  const Permission yes{true, {}}, no{false, "refused"};
  facts.permissions = {yes, yes, yes, yes, no, no, yes};
  return facts;
}

Findings of(const AccountFacts& facts, Duty duty = Duty::backup) {
  return judge({0, std::nullopt, facts}, duty, "azure:models:/repo", now);
}

Findings of(const FolderFacts& facts, Duty duty = Duty::backup) {
  return judge({std::nullopt, facts, std::nullopt}, duty, "/srv/repo", now);
}

// What was found about one thing.
Finding find(const Findings& findings, std::string_view code) {
  const auto found =
      std::ranges::find_if(findings, [&](const Finding& each) { return each.code == code; });
  REQUIRE_MESSAGE(found != findings.end(), std::string(code));
  return *found;
}

Severity severity(const Findings& findings, std::string_view code) {
  return find(findings, code).severity;
}

bool is_safe(const Findings& findings) {
  return std::ranges::find(findings, Severity::danger, &Finding::severity) == findings.end();
}

// A lifecycle policy with one rule.
std::vector<LifecycleRule> rule(const std::string& filters, const std::string& actions,
                                const std::string& more = {}) {
  return parse_lifecycle(R"({"properties":{"policy":{"rules":[{"name":"r",)" + more +
                         R"("type":"Lifecycle","definition":{"filters":)" + filters +
                         R"(,"actions":)" + actions + "}}]}}}");
}

Severity of_rule(const std::vector<LifecycleRule>& rules, const std::string& prefix = "repo") {
  AccountFacts facts = good_account();
  facts.prefix = prefix;
  facts.lifecycle = rules;
  return severity(of(facts), "lifecycle");
}

const std::string all = R"({"blobTypes":["blockBlob"]})";
const std::string deletion = R"({"baseBlob":{"delete":{"daysAfterModificationGreaterThan":90}}})";
const std::string archiving =
    R"({"baseBlob":{"tierToArchive":{"daysAfterModificationGreaterThan":30}}})";

std::string below(const std::string& prefix) {
  return R"({"blobTypes":["blockBlob"],"prefixMatch":[")" + prefix + "\"]}";
}

}  // namespace

TEST_CASE("doctor: an account in which all is well") {
  const Findings findings = of(good_account());
  for (const Finding& each : findings) {
    CAPTURE(each.message);
    CHECK(each.severity == Severity::ok);
  }
  CHECK(findings.size() == 13);
  require_safe(findings);
}

TEST_CASE(
    "doctor: a rule that deletes blobs by age is a danger wherever it reaches the repository") {
  for (const char* reaching : {"models", "models/", "models/re", "models/repo/", "models/repo/data",
                               "models/repo/data/00", "models/repo/snapshots/", "models/repo/conf",
                               "models/repo/index/", "models/repo/keys/a", ""}) {
    CAPTURE(reaching);
    CHECK(of_rule(rule(below(reaching), deletion)) == Severity::danger);
  }
  CHECK(of_rule(rule(all, deletion)) == Severity::danger);
  CHECK(of_rule(rule(R"({})", deletion)) == Severity::danger);
  CHECK(of_rule(rule(below("models/data/"), deletion), "") == Severity::danger);
  for (const char* elsewhere : {"other/", "models/other/", "models/repo2/", "models/repo/locks/",
                                "models/repo/data2", "models/repo/config2", "Models/"}) {
    CAPTURE(elsewhere);
    CHECK(of_rule(rule(below(elsewhere), deletion)) == Severity::ok);
  }
}

TEST_CASE("doctor: rules that leave live blobs alone are fine") {
  const std::string versions =
      R"({"version":{"delete":{"daysAfterCreationGreaterThan":90}},
          "snapshot":{"delete":{"daysAfterCreationGreaterThan":90}}})";
  const std::string cool = R"({"baseBlob":{"tierToCool":{"daysAfterModificationGreaterThan":30}}})";
  CHECK(of_rule(rule(all, versions)) == Severity::ok);
  CHECK(of_rule(rule(all, cool)) == Severity::ok);
  CHECK(of_rule(rule(all, deletion, R"("enabled":false,)")) == Severity::ok);
  CHECK(of_rule(rule(R"({"blobTypes":["appendBlob"]})", deletion)) == Severity::ok);
  CHECK(of_rule(rule(R"({"blobTypes":["blockBlob"],"blobIndexMatch":[{"name":"a"}]})", deletion)) ==
        Severity::ok);
  CHECK(of_rule(rule(R"({"blobTypes":["appendBlob","blockBlob"]})", deletion)) == Severity::danger);
}

TEST_CASE("doctor: what is archived cannot be read") {
  CHECK(of_rule(rule(all, archiving)) == Severity::danger);
  CHECK(of_rule(rule(below("models/repo/index/"), archiving)) == Severity::danger);
  CHECK(of_rule(rule(below("models/repo/data/"), archiving)) == Severity::warning);
  CHECK(of_rule(rule(below("models/other/"), archiving)) == Severity::ok);
}

TEST_CASE("doctor: a rule is named, whatever its name is") {
  AccountFacts facts = good_account();
  facts.lifecycle =
      std::vector<LifecycleRule>{{"delete\x1b[2J\n" + std::string(5000, 'x'), {}, true, false}};
  const Finding found = find(of(facts), "lifecycle");
  CHECK(found.object == "acct");
  CHECK(found.message.find("delete") != std::string::npos);
  CHECK(found.message.find("pack, verified") != std::string::npos);
  CHECK(found.message.find('\n') == std::string::npos);
  CHECK(found.message.find('\x1b') == std::string::npos);
  CHECK(found.message.size() < 600);
  CHECK(code_of([&] { require_safe(of(facts)); }) == Code::unsafe);
}

TEST_CASE("doctor: redundancy") {
  const auto found = [](const char* sku) {
    AccountFacts facts = good_account();
    facts.sku = std::string(sku);
    return severity(of(facts), "redundancy");
  };
  CHECK(found("Standard_RAGZRS") == Severity::ok);
  CHECK(found("Standard_GRS") == Severity::note);
  CHECK(found("Standard_ZRS") == Severity::note);
  CHECK(found("Standard_LRS") == Severity::warning);
  CHECK(found("Premium_LRS") == Severity::warning);
  CHECK(found("Galactic_RAGRS") == Severity::unknown);
}

TEST_CASE("doctor: how far the second copy is behind") {
  AccountFacts facts = good_account();
  facts.last_sync = std::optional<UnixNs>(now - 3600 * second);
  CHECK(severity(of(facts), "replication-lag") == Severity::warning);
  CHECK(find(of(facts), "replication-lag").message.find("60 minutes") != std::string::npos);
  facts.last_sync = std::optional<UnixNs>();
  CHECK(severity(of(facts), "replication-lag") == Severity::unknown);
  facts.sku = std::string("Standard_LRS");
  for (const Finding& each : of(facts)) CHECK(std::string_view(each.code) != "replication-lag");
}

TEST_CASE("doctor: what nobody could tell is unknown, with the reason and how to allow it") {
  AccountFacts facts = good_account();
  const Error refused(Code::permission, "[403 AuthorizationFailed]");
  facts.sku = refused;
  facts.soft_delete_days = refused;
  facts.container_soft_delete_days = refused;
  facts.has_versions = refused;
  facts.lifecycle = refused;
  const Findings findings = of(facts);
  for (const char* code :
       {"redundancy", "soft-delete", "container-soft-delete", "versioning", "lifecycle"}) {
    const Finding found = find(findings, code);
    CHECK(found.severity == Severity::unknown);
    CHECK(found.message.find("[403 AuthorizationFailed]") != std::string::npos);
    CHECK(found.message.find("the role Reader") != std::string::npos);
  }
  CHECK(is_safe(findings));
}

TEST_CASE("doctor: deletion that cannot be undone") {
  AccountFacts facts = good_account();
  facts.soft_delete_days = 0U;
  facts.container_soft_delete_days = 0U;
  facts.has_versions = false;
  CHECK(severity(of(facts), "soft-delete") == Severity::warning);
  CHECK(severity(of(facts), "container-soft-delete") == Severity::warning);
  CHECK(severity(of(facts), "versioning") == Severity::note);
}

TEST_CASE("doctor: a container that everybody may read, or nobody may change") {
  AccountFacts facts = good_account();
  facts.container_facts = ContainerFacts{"blob", false, false, false};
  CHECK(severity(of(facts), "public-access") == Severity::danger);
  facts.container_facts = ContainerFacts{"", true, false, true};
  CHECK(severity(of(facts), "immutability") == Severity::note);
  facts.container_facts = ContainerFacts{"", false, true, false};
  CHECK(find(of(facts), "immutability").message.find("legal hold") != std::string::npos);
}

TEST_CASE("doctor: a right is needed for one duty and too much for another one") {
  AccountFacts facts = good_account();
  facts.permissions.erase = {true, {}};
  CHECK(severity(of(facts), "may-delete") == Severity::note);
  CHECK(severity(of(facts, Duty::prune), "may-delete") == Severity::ok);
  facts.soft_delete_days = 0U;
  CHECK(severity(of(facts), "may-delete") == Severity::warning);
  facts.permissions.erase = {false, "refused"};
  CHECK(severity(of(facts), "may-delete") == Severity::ok);
  CHECK(severity(of(facts, Duty::prune), "may-delete") == Severity::danger);
  facts.permissions.overwrite = {true, {}};
  CHECK(severity(of(facts), "may-overwrite") == Severity::warning);
  facts.permissions.create = {false, "refused"};
  CHECK(severity(of(facts), "may-create") == Severity::danger);
  CHECK(is_safe(of(facts, Duty::restore)));
  facts.permissions.create_locks = {false, "refused"};
  CHECK(severity(of(facts), "may-lock") == Severity::danger);
  CHECK(severity(of(facts, Duty::restore), "may-lock") == Severity::note);
  facts.permissions.list = {false, "refused"};
  CHECK_FALSE(is_safe(of(facts, Duty::restore)));
  facts.permissions.list = {std::nullopt, "[500]"};
  CHECK(severity(of(facts), "may-list") == Severity::unknown);
}

TEST_CASE("doctor: the end of a credential") {
  AccountFacts facts = good_account();
  facts.credential_expires = now + 30 * day;
  CHECK(severity(of(facts), "expiry") == Severity::ok);
  facts.credential_expires = now + 3 * day;
  CHECK(severity(of(facts), "expiry") == Severity::warning);
  facts.credential_expires = now - second;
  CHECK(severity(of(facts), "expiry") == Severity::danger);
}

TEST_CASE("doctor: the clock") {
  const auto found = [](int64_t ahead) {
    return severity(judge({ahead, std::nullopt, good_account()}, Duty::backup, "x", now), "clock");
  };
  CHECK(found(0) == Severity::ok);
  CHECK(found(59 * second) == Severity::ok);
  CHECK(found(-61 * second) == Severity::warning);
  CHECK(found(61 * second) == Severity::warning);
  CHECK(found(1000 * second) == Severity::danger);
}

TEST_CASE("doctor: a folder") {
  FolderFacts good;
  good.free_bytes = 50;
  good.total_bytes = 100;
  good.free_files = 50;
  good.total_files = 100;
  good.mode = 0700;
  good.may_write = true;
  const auto with = [&](auto change) {
    FolderFacts facts = good;
    change(facts);
    return facts;
  };
  CHECK(is_safe(of(good)));
  CHECK(severity(of(good), "redundancy") == Severity::note);
  CHECK(severity(of(with([](auto& f) { f.is_in_memory = true; })), "redundancy") ==
        Severity::danger);
  CHECK(severity(of(with([](auto& f) { f.free_bytes = 4; })), "free-space") == Severity::warning);
  CHECK(severity(of(with([](auto& f) { f.free_files = 4; })), "free-space") == Severity::warning);
  CHECK(severity(of(with([](auto& f) { f.free_files = 0; })), "free-space") == Severity::danger);
  CHECK(severity(of(with([](auto& f) { f.free_files = f.total_files = 0; })), "free-space") ==
        Severity::ok);
  CHECK(severity(of(with([](auto& f) { f.mode = 0755; })), "folder-mode") == Severity::warning);
  CHECK(severity(of(with([](auto& f) { f.mode = 0777; })), "folder-mode") == Severity::danger);
  CHECK(severity(of(with([](auto& f) { f.mode = 0770; })), "folder-mode") == Severity::ok);
  const FolderFacts fixed = with([](auto& f) { f.is_read_only = true; });
  CHECK(severity(of(fixed), "may-write") == Severity::danger);
  CHECK(severity(of(fixed, Duty::restore), "may-write") == Severity::note);
}

TEST_CASE("doctor: storage that cannot be asked") {
  const Findings findings = diagnose(*open_memory(), Duty::backup);
  REQUIRE(findings.size() == 1);
  CHECK(findings.front().severity == Severity::unknown);
}
