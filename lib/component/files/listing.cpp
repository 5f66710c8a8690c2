#include "component/files/listing.hpp"

#include <dirent.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "base/error.hpp"

namespace sapdr::core {

namespace {

struct DirCloser {
  void operator()(DIR* dir) const { ::closedir(dir); }
};

}  // namespace

std::vector<DirEntry> list_folder(Fd folder, const std::string& path) {
  const std::unique_ptr<DIR, DirCloser> dir(::fdopendir(folder.get()));
  if (!dir) throw system_error(errno, "list", path);
  folder.release();

  std::vector<DirEntry> entries;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(dir.get());
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") entries.push_back({std::string(name), entry->d_type});
  }
  if (errno != 0) throw system_error(errno, "list", path);
  std::sort(entries.begin(), entries.end());
  return entries;
}

}  // namespace sapdr::core
