// key
#include <CLI/CLI.hpp>
#include <memory>

#include "command_line.hpp"
#include "selection.hpp"
#include "session.hpp"
#include "text.hpp"

namespace sapdr::shell {
namespace {

constexpr CommandText kKey = {
    "key", "List, add and remove keys; change the password",
    "A repository has a key file for each of its passwords; any of them opens everything. `list`\n"
    "marks the one in use with a star. `add` adds a password, `remove` takes one away, never the\n"
    "one in use; `passwd` changes the one in use. New passwords are asked for twice on a terminal.",
    "  sapdr key list\n"
    "  sapdr key add --new-password-file /etc/sapdr.second --user backup\n"
    "  sapdr key remove 1234abcd\n"
    "  sapdr key passwd                               ask for the new password, twice\n"};

struct KeyArguments {
  std::string action;
  std::string id;
  PasswordOptions new_password;
  std::string host;
  std::string user;
  std::uint32_t scrypt_n = 0;

  bool makes_key() const { return action == "add" || action == "passwd"; }
};

const char* c_string(const std::string& text) {
  return text.empty() ? nullptr : text.c_str();
}

void require_sensible(const KeyArguments& a) {
  const bool removes = a.action == "remove";
  if (!removes && !a.makes_key() && a.action != "list") {
    throw usage_error("\"" + shown(a.action) + "\" is not something that is done to keys")
        .hinted("actions: list, add, remove, passwd");
  }
  if (a.id.empty() == removes) {
    throw usage_error("key " + a.action + (removes ? " needs the ID of a key" : " takes no id"));
  }
  const bool is_for_new = !a.new_password.file.empty() || !a.new_password.command.empty() ||
                          !a.host.empty() || !a.user.empty() || a.scrypt_n != 0;
  if (is_for_new && !a.makes_key()) {
    throw usage_error(
        "--new-password-file, --new-password-command, --host, --user and --scrypt-n "
        "are for key add and key passwd");
  }
}

void tell_damage(Session& session, const sapdr_key& key) {
  sapdr_item item;
  SAPDR_INIT(&item);
  item.action = SAPDR_ITEM_DAMAGED;
  item.status = SAPDR_E_CORRUPT;
  item.object_type = "key";
  item.object_id = key.id;
  item.message = key.damage;
  session.console().problem(item);
  session.report().item(item);
}

// Damaged key files are told as items; the command then ends with the first of them.
void list_keys(Session& session, sapdr_repo* repo) {
  const KeyList list = make<KeyList>(
      [&](auto** out, sapdr_error** error) { return sapdr_key_list_new(out, repo, error); });
  std::vector<const sapdr_key*> keys;
  std::optional<Failure> damage;
  for (std::size_t i = 0; i < sapdr_key_list_size(list.get()); ++i) {
    const sapdr_key* key = sapdr_key_list_at(list.get(), i);
    if (key->damage == nullptr) {
      keys.push_back(key);
      continue;
    }
    tell_damage(session, *key);
    if (!damage) damage = Failure(SAPDR_E_CORRUPT, std::string(key->damage));
  }
  session.report().keys(keys);
  session.summary().figures.number("keys", keys.size());
  session.summary().lines = {counted(keys.size(), "key")};
  if (damage) throw std::move(*damage);
}

void make_key(const KeyArguments& a, Session& session, sapdr_repo* repo) {
  const Secret password = read_password(a.new_password, kNewPassword);
  sapdr_key_options options;
  SAPDR_INIT(&options);
  options.scrypt_n = a.scrypt_n;
  options.password = password.data();
  options.password_size = password.size();
  options.host = c_string(a.host);
  options.user = c_string(a.user);
  options.cancel = session.cancel();
  const bool adds = a.action == "add";
  sapdr_id id;
  require([&](sapdr_error** error) {
    return (adds ? sapdr_key_add : sapdr_key_passwd)(&id, repo, &options, error);
  });
  session.summary().figures.text("key_id", hex(id));
  session.summary().lines = {adds ? "added key " + short_id(hex(id))
                                  : "changed the password; the key is now " + short_id(hex(id))};
}

void remove_key(const KeyArguments& a, Session& session, sapdr_repo* repo) {
  sapdr_id id;
  require([&](sapdr_error** error) {
    return sapdr_key_remove(&id, repo, a.id.c_str(), session.cancel(), error);
  });
  session.summary().figures.text("key_id", hex(id));
  session.summary().lines = {"removed key " + short_id(hex(id))};
}

void run_key(const KeyArguments& a, Session& session) {
  require_sensible(a);
  session.summary().figures.text("action", a.action);
  sapdr_repo* repo = session.open();
  if (a.action == "list") return list_keys(session, repo);
  if (a.action == "remove") return remove_key(a, session, repo);
  make_key(a, session, repo);
}

}  // namespace

void add_key(CLI::App& app, CommandLine& line) {
  constexpr const char* kGroup = "The new key";
  const auto arguments = std::make_shared<KeyArguments>();
  CLI::App& command =
      add_command(app, line, kKey, [arguments](Session& s) { run_key(*arguments, s); });
  const auto option = [&](const char* name, auto& value, const char* type, const char* text) {
    command.add_option(name, value, text)->type_name(type)->group(kGroup);
  };
  command.add_option("ACTION", arguments->action, "list, add, remove or passwd")->required();
  command.add_option("ID", arguments->id, "the key to remove: its id or a prefix");
  option("--new-password-file", arguments->new_password.file, "FILE",
         "read the new password from a file");
  option("--new-password-command", arguments->new_password.command, "COMMAND",
         "read it from what a shell command prints");
  option("--host", arguments->host, "HOST", "what it tells of its origin (default: this host)");
  option("--user", arguments->user, "USER", "and of its owner (default: this user)");
  option("--scrypt-n", arguments->scrypt_n, "N",
         "cost of its derivation, a power of two (default 32768); less is only safe with a long "
         "random password");
}

}  // namespace sapdr::shell
