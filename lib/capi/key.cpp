#include <sapdr/key.h>

#include "capi/run.hpp"
#include "repository/keys.hpp"

namespace capi = sapdr::capi;
namespace core = sapdr::core;
using core::LockMode;

// With the strings that the keys lend.
struct sapdr_key_list {
  explicit sapdr_key_list(std::vector<core::KeyInfo> found) : infos(std::move(found)) {
    for (const core::KeyInfo& info : infos) ids.push_back(info.id.hex());
    for (size_t i = 0; i < infos.size(); ++i) {
      const core::KeyInfo& info = infos[i];
      keys.push_back({sizeof(sapdr_key), info.is_current ? 1 : 0, ids[i].c_str(), info.host.c_str(),
                      info.user.c_str(), info.created,
                      info.damage ? info.damage->message().c_str() : nullptr});
    }
  }

  const std::vector<core::KeyInfo> infos;
  std::vector<std::string> ids;
  std::vector<sapdr_key> keys;
};

namespace {

core::NewKey read_key(const sapdr_key_options& given) {
  return {capi::read_secret(given.password, given.password_size, "password"),
          capi::read_cost(given.scrypt_n, given.scrypt_r, given.scrypt_p),
          capi::optional_text(given.host, "host"), capi::optional_text(given.user, "user")};
}

using MakeKey = core::Id (*)(core::Repository&, const core::RepositoryLock&, const core::NewKey&);

void make_key(sapdr_id* added, sapdr_repo* repo, const sapdr_key_options* options, LockMode mode,
              MakeKey make) {
  if (added != nullptr) *added = {};
  const core::RepositoryPtr& repository = capi::use(repo);
  const sapdr_key_options given = capi::read_options(options, "options");
  const core::NewKey key = read_key(given);
  const core::Id id = capi::at_pace(repository->context(), [&] {
    capi::RunProgress progress(nullptr, given.cancel);
    progress.checkpoint();
    const capi::Session session(repository, capi::Index::none, progress, mode);
    return make(*repository, session.lock(), key);
  });
  if (added != nullptr) *added = capi::to_c(id);
}

}  // namespace

sapdr_status sapdr_key_list_new(sapdr_key_list** out, sapdr_repo* repo, sapdr_error** err) {
  return capi::guard_new(out, err, [&] {
    const core::RepositoryPtr& repository = capi::use(repo);
    return capi::at_pace(repository->context(), [&] {
      capi::RunProgress progress;
      const capi::Session session(repository, capi::Index::none, progress);
      return std::make_unique<sapdr_key_list>(core::list_keys(*repository));
    });
  });
}

size_t sapdr_key_list_size(const sapdr_key_list* list) {
  return list == nullptr ? 0 : list->keys.size();
}

const sapdr_key* sapdr_key_list_at(const sapdr_key_list* list, size_t at) {
  return list == nullptr || at >= list->keys.size() ? nullptr : &list->keys[at];
}

void sapdr_key_list_free(sapdr_key_list* list) {
  delete list;
}

sapdr_status sapdr_key_add(sapdr_id* added, sapdr_repo* repo, const sapdr_key_options* options,
                           sapdr_error** err) {
  return capi::guard(err, [&] { make_key(added, repo, options, LockMode::shared, core::add_key); });
}

sapdr_status sapdr_key_remove(sapdr_id* removed, sapdr_repo* repo, const char* id,
                              sapdr_cancel* cancel, sapdr_error** err) {
  return capi::guard(err, [&] {
    if (removed != nullptr) *removed = {};
    const core::RepositoryPtr& repository = capi::use(repo);
    const std::string_view wanted = &capi::require(id, "id");
    capi::at_pace(repository->context(), [&] {
      capi::RunProgress progress(nullptr, cancel);
      progress.checkpoint();
      const capi::Session session(repository, capi::Index::none, progress, LockMode::exclusive);
      const core::Id key = repository->find_by_prefix(core::FileType::key, wanted);
      core::remove_key(*repository, session.lock(), key);
      if (removed != nullptr) *removed = capi::to_c(key);
    });
  });
}

sapdr_status sapdr_key_passwd(sapdr_id* added, sapdr_repo* repo, const sapdr_key_options* options,
                              sapdr_error** err) {
  return capi::guard(
      err, [&] { make_key(added, repo, options, LockMode::exclusive, core::change_password); });
}
