#include "component/files/file_opener.hpp"

#include <fcntl.h>

#include <cerrno>

#include "base/error.hpp"
#include "component/files/beneath.hpp"
#include "component/files/file_reader.hpp"

namespace sapdr::core {

int noatime_flag(uint32_t process_uid, uint32_t owner) {
  return process_uid == 0 || process_uid == owner ? O_NOATIME : 0;
}

FileOpener make_file_opener(std::shared_ptr<OpenerSettings> settings,
                            std::shared_ptr<const BaseFolder> base, std::string relative,
                            std::string path) {
  return [settings = std::move(settings), base = std::move(base), relative = std::move(relative),
          path = std::move(path)](Node& node) -> std::unique_ptr<FileReader> {
    const int noatime = noatime_flag(settings->uid, node.uid);
    Fd fd = open_beneath(base->fd.get(), relative, O_RDONLY | noatime);
    if (!fd && errno == EPERM && noatime != 0) {
      fd = open_beneath(base->fd.get(), relative, O_RDONLY);
    }
    struct stat st;
    if (!fd || ::fstat(fd.get(), &st) != 0) throw system_error(errno, "open", path);
    if (!S_ISREG(st.st_mode)) {
      throw Error(Code::invalid_state, path + " is no file any more: it was replaced meanwhile")
          .with("path", path);
    }
    {
      const std::lock_guard lock(settings->mutex);
      node_from_stat(st, settings->names, settings->with_atime, node);
    }
    node.xattrs = read_xattrs(fd.get());
    return std::make_unique<LocalFileReader>(std::move(fd), st, path);
  };
}

}  // namespace sapdr::core
