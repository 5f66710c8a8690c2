// Opening files of a walk later, on other threads.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "base/fd.hpp"
#include "component/files/metadata.hpp"
#include "repository/source.hpp"

namespace sapdr::core {

// What all openers of a walk share.
struct OpenerSettings {
  bool with_atime = false;
  uint32_t uid = 0;  // of this process
  std::mutex mutex;  // for names
  OwnerNames names;
};

// A folder that a given path lies in; files are opened below it by their relative paths, so that a
// file that waits for its turn holds no descriptor of its own.
struct BaseFolder {
  Fd fd;
  std::string path;
};

// O_NOATIME for files of `owner`, if this process may use it.
int noatime_flag(uint32_t process_uid, uint32_t owner);

// `path` is for messages.
FileOpener make_file_opener(std::shared_ptr<OpenerSettings> settings,
                            std::shared_ptr<const BaseFolder> base, std::string relative,
                            std::string path);

}  // namespace sapdr::core
