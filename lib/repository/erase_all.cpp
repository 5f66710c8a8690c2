#include "repository/erase_all.hpp"

#include <algorithm>
#include <mutex>

#include "base/workers.hpp"

namespace sapdr::core {

void erase_all(Backend& backend, FileType type, const std::vector<Id>& ids,
               const std::function<void()>& before, const std::function<void(size_t)>& after) {
  std::mutex mutex;
  const auto erase = [&](size_t at) {
    before();
    try {
      backend.erase({type, ids[at].hex()});
    } catch (const Error& error) {
      if (error.code() != Code::not_found) throw;
    }
    const std::lock_guard lock(mutex);
    after(at);
  };
  const auto threads = std::min<size_t>(backend.max_parallel(), ids.size());
  Workers workers(static_cast<unsigned>(threads), 1);
  for (size_t at = 0; at < ids.size(); ++at) {
    workers.submit([&erase, at] { erase(at); });
  }
  workers.finish();
}

}  // namespace sapdr::core
