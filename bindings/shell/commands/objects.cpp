// cat, list
#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <memory>

#include "command_line.hpp"
#include "session.hpp"
#include "text.hpp"

namespace sapdr::shell {
namespace {

constexpr CommandText kCat = {
    "cat", "Print one object of the repository",
    "Prints what an object holds: config and masterkey have no id; index, snapshot, key, lock and\n"
    "pack take an id or a unique prefix of one, blob takes an id in full. A pack is printed as it\n"
    "is stored, all else decrypted. The master key is a secret!",
    "  sapdr cat config\n"
    "  sapdr cat snapshot 1234abcd\n"
    "  sapdr cat blob ID > content\n"};

constexpr CommandText kList = {
    "list", "List the objects of one type",
    "Prints the ids of all keys, locks, snapshots, index, packs or blobs, one a line.",
    "  sapdr list snapshots\n"
    "  sapdr list packs --json                        with their sizes\n"};

struct CatArguments {
  std::string type;
  std::string id;
};

void run_cat(const CatArguments& a, Session& session) {
  static constexpr std::array<std::string_view, 8> kTypes = {
      "config", "index", "snapshot", "key", "lock", "blob", "pack", "masterkey"};
  if (std::find(kTypes.begin(), kTypes.end(), a.type) == kTypes.end()) {
    throw usage_error("\"" + shown(a.type) + "\" is not a type of object")
        .hinted("types: config, index, snapshot, key, lock, blob, pack, masterkey");
  }
  const bool only_one = a.type == "config" || a.type == "masterkey";
  if (a.id.empty() != only_one) {
    throw usage_error("cat " + a.type + (only_one ? " takes no id" : " needs an id"));
  }
  sapdr_repo* repo = session.open_to_read();
  const Buffer buffer = make<Buffer>([&](auto** out, sapdr_error** error) {
    return sapdr_repo_cat(out, repo, a.type.c_str(), only_one ? nullptr : a.id.c_str(), error);
  });
  const std::string_view bytes(static_cast<const char*>(sapdr_buffer_data(buffer.get())),
                               sapdr_buffer_size(buffer.get()));
  session.report().content(a.type, a.id, bytes);
}

// restic's plural, as on the command line, and the library's name.
std::string singular(const std::string& type) {
  static constexpr std::array<std::array<const char*, 2>, 6> kTypes = {{{"keys", "key"},
                                                                        {"locks", "lock"},
                                                                        {"snapshots", "snapshot"},
                                                                        {"index", "index"},
                                                                        {"packs", "pack"},
                                                                        {"blobs", "blob"}}};
  for (const auto& [plural, name] : kTypes) {
    if (type == plural) return name;
  }
  throw usage_error("\"" + shown(type) + "\" is not a type of objects")
      .hinted("types: keys, locks, snapshots, index, packs, blobs");
}

// What the callback needs.
struct Listing {
  Session& session;
  std::string type;
  std::uint64_t objects = 0;
  Parked parked;
};

std::int32_t on_object(void* user, const char* id, std::uint64_t size) {
  auto& listing = *static_cast<Listing*>(user);
  const bool ok = listing.parked.run([&] {
    listing.session.stop_if_cancelled();
    listing.session.report().object(listing.type, id, size);
    ++listing.objects;
  });
  return ok ? 0 : 1;
}

void run_list(const std::string& type, Session& session) {
  Listing listing{session, singular(type), 0, {}};
  sapdr_repo* repo = session.open_to_read();
  auto failure = attempt([&](sapdr_error** error) {
    return sapdr_repo_list(repo, listing.type.c_str(), on_object, &listing, error);
  });
  session.summary().figures.number("objects", listing.objects);
  listing.parked.rethrow();
  if (failure) throw std::move(*failure);
}

}  // namespace

void add_cat(CLI::App& app, CommandLine& line) {
  const auto arguments = std::make_shared<CatArguments>();
  CLI::App& command =
      add_command(app, line, kCat, [arguments](Session& s) { run_cat(*arguments, s); });
  command
      .add_option("TYPE", arguments->type,
                  "config, index, snapshot, key, lock, blob, pack or masterkey")
      ->required();
  command.add_option("ID", arguments->id, "which one");
}

void add_list_command(CLI::App& app, CommandLine& line) {
  const auto type = std::make_shared<std::string>();
  CLI::App& command = add_command(app, line, kList, [type](Session& s) { run_list(*type, s); });
  command.add_option("TYPE", *type, "keys, locks, snapshots, index, packs or blobs")->required();
}

}  // namespace sapdr::shell
