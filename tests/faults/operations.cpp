#include "operations.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <filesystem>
#include <stdexcept>

namespace fs = std::filesystem;

namespace sapdr::test {

namespace {

const sapdr::key_options next_key{
    .password = next_password, .scrypt_n = 2, .scrypt_r = 1, .scrypt_p = 1};
const sapdr::prune_options prune_all{.max_unused = "0", .grace = std::chrono::nanoseconds(0)};

sapdr::context new_context() {
  return sapdr::context({.threads = 2});
}

// The one object of a type that was stored first, or one of them.
std::string object(const Place& place, const std::string& part) {
  const auto names = place.files_with("repository/" + part);
  REQUIRE(!names.empty());
  return place.path_of(names.front());
}

void flip_a_bit(const std::string& path) {
  std::string content = read_file(path);
  content.at(content.size() / 3) = static_cast<char>(content.at(content.size() / 3) ^ 4);
  fs::permissions(path, fs::perms::owner_all);
  write_file(path, content);
}

// Of the pack that holds what only the first snapshot needs: its data is the largest.
std::string largest_pack(const Place& place) {
  std::string largest;
  uintmax_t size = 0;
  for (const std::string& name : place.files_with("repository/data/")) {
    const std::string path = place.path_of(name);
    if (fs::file_size(path) > size) {
      size = fs::file_size(path);
      largest = path;
    }
  }
  return largest;
}

void forget_first(const Place& place) {
  fs::remove(place.repository() + "/snapshots/" + place.first());
}

// What tells that data is lost, as it is meant to.
template <class Repair>
void tolerate_loss(Repair repair) {
  try {
    repair();
  } catch (const sapdr::error& error) {
    if (error.code() != SAPDR_E_INCOMPLETE) throw;
  }
}

void repair_all(const Place& place) {
  place.remove_locks();
  auto repository = open_repository(place.repository());
  repository.repair_index({.read_all_packs = true});
  tolerate_loss([&] { repository.repair_packs(); });
  tolerate_loss([&] { repository.repair_snapshots({.forget = true}); });
}

size_t count_of(const Place& place, const std::string& part) {
  return place.files_with(part).size();
}

void add_reading(std::vector<Operation>& all) {
  all.push_back({.name = "look", .run = [](const Place& place) {
                   auto repository = open_repository(place.repository());
                   size_t n = 0;
                   for (const auto& node : repository.walk("latest")) n += node.path.size();
                   if (repository.snapshots().size() != 2 || n == 0) throw std::runtime_error("?");
                   repository.list("blob", [&](auto, auto) { ++n; });
                   repository.cat("snapshot", place.first());
                   repository.stats();
                   repository.key_list();
                 }});
  all.push_back({.name = "verify", .run = [](const Place& place) {
                   open_repository(place.repository())
                       .verify(place.second(), place.restored(),
                               {.strict = true, .observer = watch()});
                 }});
  all.push_back(
      {.name = "check", .run = [](const Place& place) {
         open_repository(place.repository()).check({.read_data = true, .observer = watch()});
       }});
  all.push_back({.name = "diff", .run = [](const Place& place) {
                   size_t n = 0;
                   open_repository(place.repository())
                       .diff(place.first(), place.second(), [&](auto&) { ++n; },
                             {.metadata = true, .observer = watch()});
                   if (n == 0) throw std::runtime_error("nothing differs");
                 }});
  all.push_back({.name = "find", .run = [](const Place& place) {
                   size_t n = 0;
                   open_repository(place.repository())
                       .find({.patterns = {"kept", "fol*/bel*"}, .observer = watch()},
                             [&](auto&) { ++n; });
                   if (n < 4) throw std::runtime_error("not all was found");
                 }});
  all.push_back({.name = "dump", .run = [](const Place& place) {
                   size_t size = 0;
                   open_repository(place.repository())
                       .dump("latest", place.source() + "/kept",
                             [&](auto piece) { size += piece.size(); });
                   if (size != 200'000) throw std::runtime_error("not all was dumped");
                 }});
  all.push_back({.name = "open a file", .run = [](const Place& place) {
                   auto repository = open_repository(place.repository());
                   auto file = repository.open_file(place.first(), place.source() + "/gone");
                   std::vector<std::byte> piece(100'000);
                   for (uint64_t at = 0; at < file.size(); at += file.read(at, piece)) {
                   }
                 }});
}

void add_asking(std::vector<Operation>& all) {
  all.push_back({.name = "doctor", .run = [](const Place& place) {
                   const sapdr::context ctx = new_context();
                   const sapdr::backend storage(ctx, place.repository());
                   if (sapdr::doctor(storage).empty())
                     throw std::runtime_error("nothing was found");
                 }});
  all.push_back(
      {.name = "warm up", .run = [](const Place& place) {
         auto plan =
             open_repository(place.repository()).restore_plan(place.second(), place.target(), {});
         const uint64_t packs = plan.warm_up().packs;
         // What cannot be read is left out of a plan, and told by it.
         if (packs == 0 && plan.stats().items_failed == 0) throw std::runtime_error("no packs?");
       }});
}

void add_backups(std::vector<Operation>& all) {
  all.push_back({.name = "init",
                 .run =
                     [](const Place& place) {
                       const sapdr::context ctx = new_context();
                       sapdr::repository::init(ctx, sapdr::backend(ctx, place.fresh()), cheap);
                     },
                 // Either it is there, or it can be made now.
                 .finish =
                     [](const Place& place) {
                       const sapdr::context ctx = new_context();
                       const sapdr::backend storage(ctx, place.fresh());
                       if (!storage.location().empty() && fs::exists(place.fresh() + "/config")) {
                         sapdr::repository::open(ctx, storage, {.password = password});
                       } else {
                         sapdr::repository::init(ctx, storage, cheap);
                       }
                     }});
  all.push_back({.name = "backup",
                 .run =
                     [](const Place& place) {
                       open_repository(place.repository())
                           .backup({place.source()}, {.observer = watch(),
                                                      .tags = {"tag"},
                                                      .excludes = {"*.nothing"},
                                                      .verify = true});
                     },
                 .succeeded =
                     [](const Place& place) {
                       auto repository = open_repository(place.repository());
                       CHECK(repository.snapshots().size() == 3);
                       CHECK_NOTHROW(repository.verify("latest", {}));
                     }});
  all.push_back(
      {.name = "first backup",
       .run =
           [](const Place& place) {
             open_repository(place.other()).backup({place.source()}, {.observer = watch()});
           },
       .succeeded =
           [](const Place& place) {
             CHECK_NOTHROW(open_repository(place.other()).verify("latest", {}));
           }});
  all.push_back(
      {.name = "backup of streams",
       .run =
           [](const Place& place) {
             const std::string content = noise(300'000, 7);
             const auto read = [&content, at = size_t{0}](auto buffer) mutable {
               const size_t n = std::min(buffer.size(), content.size() - at);
               std::memcpy(buffer.data(), content.data() + at, n);
               at += n;
               return n;
             };
             open_repository(place.repository())
                 .backup_streams(
                     {{.path = "/dump/a", .read = read}, {.path = "/dump/b", .read = read}});
           },
       .succeeded =
           [](const Place& place) {
             size_t size = 0;
             open_repository(place.repository()).dump("latest", "/dump/b", [&](auto piece) {
               size += piece.size();
             });
             CHECK(size == 300'000);
           }});
}

void restore_second(const Place& place, const sapdr::restore_options& options) {
  open_repository(place.repository()).restore_plan(place.second(), place.target(), options).run();
}

void restore_again(const Place& place) {
  place.remove_locks();
  restore_second(place, {});
  require_restored(place, true);
}

void add_restores(std::vector<Operation>& all) {
  all.push_back(
      {.name = "restore",
       .run =
           [](const Place& place) { restore_second(place, {.observer = watch(), .verify = true}); },
       .finish = restore_again,
       .succeeded = [](const Place& place) { require_restored(place, true); }});
  all.push_back({.name = "restore over what is there",
                 .run =
                     [](const Place& place) {
                       restore_second(place, {.observer = watch(), .remove_extra = true});
                     },
                 .prepare =
                     [](const Place& place) {
                       make_folder(place.in_target("extra folder"));
                       write_file(place.in_target("extra folder/extra"), "extra");
                       write_file(place.in_target("new"), "older");
                       fs::create_symlink("nowhere", place.in_target("folder"));
                     },
                 .finish = restore_again,
                 .succeeded =
                     [](const Place& place) {
                       require_restored(place, true);
                       CHECK(!fs::exists(place.in_target("extra folder")));
                     }});
}

void add_changes(std::vector<Operation>& all) {
  all.push_back({.name = "forget",
                 .run =
                     [](const Place& place) {
                       auto repository = open_repository(place.repository());
                       repository.forget_plan({.observer = watch(), .keep_last = 1}).run();
                     },
                 .succeeded =
                     [](const Place& place) {
                       CHECK(open_repository(place.repository()).snapshots().size() == 1);
                     }});
  all.push_back({.name = "tag",
                 .run =
                     [](const Place& place) {
                       open_repository(place.repository())
                           .tag({place.first()}, {.add = {"tag"}, .observer = watch()});
                     },
                 .succeeded =
                     [](const Place& place) {
                       auto repository = open_repository(place.repository());
                       CHECK(repository.snapshots({.tags = {"tag"}}).size() == 1);
                       CHECK(repository.snapshots().size() == 2);
                     }});
  all.push_back({.name = "prune",
                 .run =
                     [](const Place& place) {
                       auto repository = open_repository(place.repository());
                       auto options = prune_all;
                       options.observer = watch();
                       repository.prune_plan(options).run();
                     },
                 .prepare = forget_first});
  all.push_back({.name = "copy",
                 .run =
                     [](const Place& place) {
                       auto from = open_repository(place.repository());
                       auto to = open_repository(place.other());
                       to.copy_from(from, {}, {.observer = watch()});
                     },
                 .succeeded =
                     [](const Place& place) {
                       CHECK(open_repository(place.other()).snapshots().size() == 2);
                     }});
}

void add_repairs(std::vector<Operation>& all) {
  all.push_back({.name = "repair index",
                 .run =
                     [](const Place& place) {
                       open_repository(place.repository())
                           .repair_index({.observer = watch(), .read_all_packs = true});
                     },
                 .prepare = [](const Place& place) { fs::remove(object(place, "index/")); },
                 .finish = repair_all});
  all.push_back({.name = "repair packs",
                 .run =
                     [](const Place& place) {
                       tolerate_loss([&] {
                         open_repository(place.repository()).repair_packs({.observer = watch()});
                       });
                     },
                 .prepare = [](const Place& place) { flip_a_bit(largest_pack(place)); },
                 .finish = repair_all});
  all.push_back({.name = "repair snapshots",
                 .run =
                     [](const Place& place) {
                       tolerate_loss([&] {
                         open_repository(place.repository())
                             .repair_snapshots({.observer = watch(), .forget = true});
                       });
                     },
                 .prepare =
                     [](const Place& place) {
                       flip_a_bit(largest_pack(place));
                       auto repository = open_repository(place.repository());
                       tolerate_loss([&] { repository.repair_packs(); });
                     },
                 .finish = repair_all});
}

void add_checksums(std::vector<Operation>& all) {
  all.push_back({.name = "checksum", .run = [](const Place& place) {
                   size_t n = 0;
                   sapdr::checksum_tree(new_context(), place.restored(), [&](auto&) { ++n; },
                                        {.observer = watch()});
                   if (n < 6) throw std::runtime_error("not all was told");
                 }});
  all.push_back({.name = "write a manifest",
                 .run =
                     [](const Place& place) {
                       sapdr::manifest_write(new_context(), place.restored(), place.manifest());
                     },
                 .succeeded =
                     [](const Place& place) {
                       CHECK_NOTHROW(sapdr::manifest_verify(new_context(), place.restored(),
                                                            place.manifest(), {.strict = true}));
                     }});
  all.push_back({.name = "verify a manifest",
                 .run =
                     [](const Place& place) {
                       sapdr::manifest_verify(new_context(), place.restored(), place.manifest(),
                                              {.strict = true, .observer = watch()});
                     },
                 .prepare =
                     [](const Place& place) {
                       sapdr::manifest_write(new_context(), place.restored(), place.manifest());
                     }});
}

void add_keys(std::vector<Operation>& all) {
  all.push_back(
      {.name = "add a key",
       .run = [](const Place& place) { open_repository(place.repository()).key_add(next_key); },
       .succeeded =
           [](const Place& place) {
             CHECK(open_repository(place.repository()).key_list().size() == 2);
           }});
  all.push_back(
      {.name = "change the password",
       .run = [](const Place& place) { open_repository(place.repository()).key_passwd(next_key); },
       .succeeded =
           [](const Place& place) {
             const sapdr::context ctx = new_context();
             CHECK_NOTHROW(sapdr::repository::open(ctx, sapdr::backend(ctx, place.repository()),
                                                   {.password = next_password}));
             CHECK(count_of(place, "repository/keys/") == 1);
           }});
  all.push_back(
      {.name = "remove a key",
       .run =
           [](const Place& place) {
             auto repository = open_repository(place.repository());
             for (const auto& key : repository.key_list()) {
               if (!key.is_current) repository.key_remove(key.id);
             }
           },
       .prepare = [](const Place& place) { open_repository(place.repository()).key_add(next_key); },
       .succeeded = [](const Place& place) { CHECK(count_of(place, "repository/keys/") == 1); }});
  all.push_back({.name = "unlock",
                 .run = [](const Place& place) { open_repository(place.repository()).unlock(); }});
}

std::vector<Operation> make_operations() {
  std::vector<Operation> all;
  add_reading(all);
  add_asking(all);
  add_backups(all);
  add_restores(all);
  add_changes(all);
  add_repairs(all);
  add_checksums(all);
  add_keys(all);
  return all;
}

}  // namespace

const std::vector<Operation>& operations() {
  static const std::vector<Operation> all = make_operations();
  return all;
}

}  // namespace sapdr::test
