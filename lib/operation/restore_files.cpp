#include "operation/restore_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/open_fd.hpp"
#include "component/files/metadata.hpp"
#include "operation/local_metadata.hpp"
#include "operation/snapshot_path.hpp"

namespace sapdr::core {

namespace {

constexpr uint64_t min_reserved = 1024 * 1024;  // below this a filesystem manages without

bool is_zero(ByteView data) {
  return data.empty() || (data[0] == std::byte{} &&
                          std::memcmp(data.data(), data.data() + 1, data.size() - 1) == 0);
}

}  // namespace

RestoreFiles::RestoreFiles(const RestorePlanData& plan, Progress& progress)
    : plan_(plan),
      items_(plan.items),
      progress_(progress),
      target_(plan.target, true),
      states_(std::make_unique<State[]>(plan.items.size())) {
  for (ItemNumber i = 0; i < items_.size(); ++i) {
    const RestoreItem& item = items_[i];
    if (item.todo != Todo::write_file) continue;
    const auto blobs = items_.blobs_of(i);
    const auto is_hole = [&](uint32_t blob) { return items_.blobs[blob].is_hole; };
    const auto n_holes = item.has_holes ? std::count_if(blobs.begin(), blobs.end(), is_hole) : 0;
    states_[i].blobs_left = item.n_blobs - static_cast<uint32_t>(n_holes);
  }
}

Error RestoreFiles::item_error(int errnum, std::string_view action, ItemNumber item) const {
  const std::string path = items_.path(item);
  return system_error(errnum, action, target_.path() == "/" ? path : target_.path() + path);
}

template <class Work>
void RestoreFiles::attempt(ItemNumber item, Work work) {
  if (has_failed(item)) return;
  try {
    work();
  } catch (const Error& error) {
    if (is_fatal(error)) throw;
    fail(item, error);
  }
}

void RestoreFiles::fail(ItemNumber item, const Error& error) {
  {
    const std::lock_guard lock(mutex_of(item));
    if (states_[item].failed.exchange(true)) return;
    files_.erase(item);
    if (states_[item].is_made.exchange(false)) remove(item);
  }
  ++n_failed_;
  progress_.count_error();
  const std::string path = items_.path(item);
  progress_.item({.action = SAPDR_ITEM_FAILED, .path = path, .error = &error});
}

void RestoreFiles::remove(ItemNumber item) noexcept {
  try {
    ::unlinkat(folder_of(item)->get(), items_.name(item), 0);
  } catch (const Error& error) {  // the folder is gone, and the file with it
    plan_.repository->context().log(LogLevel::debug, "restore", error.message());
  } catch (const std::bad_alloc&) {
    return;  // its time says that it is not finished
  }
}

void RestoreFiles::finished(ItemNumber item, uint64_t bytes) {
  const std::string path = items_.path(item);
  progress_.item({.action = SAPDR_ITEM_RESTORED, .path = path, .size = items_[item].size});
  progress_.done(1, bytes, path);
}

SharedFd RestoreFiles::folder_of(ItemNumber item) {
  return open_folder(items_[item].folder);
}

SharedFd RestoreFiles::open_folder(ItemNumber folder) {
  if (SharedFd open = folders_.find(folder)) return open;
  auto opened = std::make_shared<const Fd>(target_.open_dir(relative_path(items_.path(folder))));
  struct stat st;
  if (::fstat(opened->get(), &st) == 0) {
    const std::lock_guard lock(volumes_mutex_);
    if (!volumes_.contains(st.st_dev)) {
      volumes_.emplace(st.st_dev, Fd(::fcntl(opened->get(), F_DUPFD_CLOEXEC, 0)));
    }
  }
  folders_.put(folder, opened);
  return opened;
}

void RestoreFiles::make_dir(ItemNumber item) {
  attempt(item, [&] {
    const SharedFd folder = folder_of(item);
    const char* name = items_.name(item);
    if (items_[item].todo == Todo::make_dir) {
      target_.make_dir(relative_path(items_.path(item)));
      ++n_dirs_;
      return finished(item, 0);
    }
    // A folder that its owner may not write to becomes so until its metadata is set.
    struct stat st;
    const bool is_closed = items_[item].todo == Todo::set_dir &&
                           ::fstatat(folder->get(), name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
                           S_ISDIR(st.st_mode) && (st.st_mode & 0700) != 0700;
    if (is_closed) {
      ::fchmodat(folder->get(), name, (st.st_mode & 07777) | 0700, AT_SYMLINK_NOFOLLOW);
    }
  });
}

// Files, links and empty folders may be replaced. A folder with something in it is not: nobody
// asked for that to be deleted.
void RestoreFiles::clear_the_way(int folder, ItemNumber item) {
  if (plan_.options.overwrite == Overwrite::never) throw item_error(EEXIST, "create", item);
  const char* name = items_.name(item);
  if (::unlinkat(folder, name, 0) == 0 || errno == ENOENT) return;
  const int error = errno;
  if (error != EISDIR && error != EPERM) throw item_error(error, "replace", item);
  if (::unlinkat(folder, name, AT_REMOVEDIR) == 0 || errno == ENOENT) return;
  if (errno == ENOTEMPTY || errno == EEXIST) {
    throw Error(Code::exists, items_.path(item) +
                                  " is a folder in the target with something in it; move it away");
  }
  throw item_error(errno == ENOTDIR ? error : errno, "replace", item);
}

Fd RestoreFiles::create(int folder, ItemNumber item) {
  constexpr int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  const char* name = items_.name(item);
  Fd fd = open_fd_at(folder, name, flags, 0600);
  if (!fd && errno == EEXIST) {
    clear_the_way(folder, item);
    fd = open_fd_at(folder, name, flags, 0600);
  }
  if (!fd) throw item_error(errno, "create", item);
  states_[item].is_made = true;
  return fd;
}

void RestoreFiles::reserve(int fd, ItemNumber item) {
  const RestoreItem& file = items_[item];
  const auto size = static_cast<off_t>(file.size);
  if (file.has_holes) {
    if (::ftruncate(fd, size) != 0) throw item_error(errno, "set the size of", item);
  } else if (file.size >= min_reserved && ::fallocate(fd, 0, 0, size) != 0 &&
             (errno == ENOSPC || errno == EDQUOT || errno == EFBIG)) {
    throw item_error(errno, "reserve the space for", item);
  }
}

SharedFd RestoreFiles::open_for_write(ItemNumber item) {
  if (SharedFd open = files_.find(item)) return open;
  const SharedFd folder = folder_of(item);
  const std::lock_guard lock(mutex_of(item));
  if (has_failed(item)) return nullptr;
  if (SharedFd open = files_.find(item)) return open;
  Fd fd;
  if (states_[item].is_made) {
    fd = open_fd_at(folder->get(), items_.name(item), O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
    if (!fd) throw item_error(errno, "open", item);
  } else {
    fd = create(folder->get(), item);
    reserve(fd.get(), item);
  }
  auto shared = std::make_shared<const Fd>(std::move(fd));
  if (items_[item].n_blobs > 1) files_.put(item, shared);
  return shared;
}

void RestoreFiles::write(ItemNumber item, uint64_t offset, ByteView blob) {
  attempt(item, [&] {
    const SharedFd fd = open_for_write(item);
    if (!fd) return;
    const bool is_hole = plan_.options.sparse && is_zero(blob);
    if (is_hole) {
      states_[item].has_gap = true;
    } else {
      write_at(fd->get(), item, offset, blob);
    }
    progress_.done(0, blob.size());
    if (states_[item].blobs_left.fetch_sub(1) == 1) finish_file(item, fd->get());
  });
}

void RestoreFiles::write_at(int fd, ItemNumber item, uint64_t offset, ByteView data) {
  while (!data.empty()) {
    const ssize_t n = ::pwrite(fd, data.data(), data.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw item_error(errno, "write to", item);
    data = data.subspan(static_cast<size_t>(n));
    offset += static_cast<uint64_t>(n);
  }
}

void RestoreFiles::finish_file(ItemNumber item, int fd) {
  const RestoreItem& file = items_[item];
  // A gap at the end has not made the file longer.
  if (states_[item].has_gap && ::ftruncate(fd, static_cast<off_t>(file.size)) != 0) {
    throw item_error(errno, "set the size of", item);
  }
  {
    // From here on the content is right: a failure of the metadata does not take it away.
    const std::lock_guard lock(mutex_of(item));
    if (has_failed(item)) return;
    states_[item].is_made = false;
  }
  files_.erase(item);
  apply_metadata(fd, items_.metadata(item), {plan_.options.owner});
  ++n_files_;
  n_bytes_ += file.size;
  finished(item, items_.hole_bytes(item));
}

void RestoreFiles::make_empty(ItemNumber item) {
  attempt(item, [&] {
    const SharedFd folder = folder_of(item);
    const Fd fd = create(folder->get(), item);
    reserve(fd.get(), item);
    finish_file(item, fd.get());
  });
}

void RestoreFiles::make_link(ItemNumber item) {
  attempt(item, [&] {
    const ItemNumber leader = items_.leader(item);
    if (has_failed(leader)) {
      throw Error(Code::incomplete, items_.path(item) + " is the same file as " +
                                        items_.path(leader) + ", which was not restored");
    }
    const SharedFd from = folder_of(leader);
    const SharedFd to = folder_of(item);
    const auto link = [&] {
      return ::linkat(from->get(), items_.name(leader), to->get(), items_.name(item), 0) == 0;
    };
    bool is_linked = link();
    if (!is_linked && errno == EEXIST) {
      clear_the_way(to->get(), item);
      is_linked = link();
    }
    if (!is_linked) copy_file(leader, item);
    ++n_files_;
    finished(item, 0);
  });
}

// For filesystems without hard links, and files with too many.
void RestoreFiles::copy_file(ItemNumber from, ItemNumber to) {
  const Fd source = open_to_read(from);
  const Fd copy = create(folder_of(to)->get(), to);
  Bytes buffer(256 * 1024);
  uint64_t offset = 0;
  while (true) {
    const ssize_t n = ::read(source.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw item_error(errno, "read", from);
    if (n == 0) break;
    progress_.checkpoint();
    write_at(copy.get(), to, offset, ByteView(buffer).first(static_cast<size_t>(n)));
    offset += static_cast<uint64_t>(n);
  }
  states_[to].is_made = false;
  apply_metadata(copy.get(), items_.metadata(to), {plan_.options.owner});
}

void RestoreFiles::make_other(ItemNumber item) {
  attempt(item, [&] {
    const SharedFd folder = folder_of(item);
    const char* name = items_.name(item);
    const auto make = [&] {
      const auto device = static_cast<dev_t>(items_.device(item));
      switch (items_[item].type) {
        case NodeType::symlink:
          return ::symlinkat(items_.link_target(item).c_str(), folder->get(), name) == 0;
        case NodeType::dev:
          return ::mknodat(folder->get(), name, S_IFBLK | 0600, device) == 0;
        case NodeType::chardev:
          return ::mknodat(folder->get(), name, S_IFCHR | 0600, device) == 0;
        default:
          return ::mknodat(folder->get(), name, S_IFIFO | 0600, 0) == 0;
      }
    };
    bool is_made = make();
    if (!is_made && errno == EEXIST) {
      clear_the_way(folder->get(), item);
      is_made = make();
    }
    if (!is_made) throw item_error(errno, "create", item);
    apply_metadata(folder->get(), name, items_.metadata(item), {plan_.options.owner});
    ++n_others_;
    finished(item, 0);
  });
}

void RestoreFiles::set_metadata(ItemNumber item) {
  attempt(item, [&] {
    const Node node = items_.metadata(item);
    if (items_[item].is_dir()) {
      apply_metadata(open_folder(item)->get(), node, {plan_.options.owner});
    } else {
      apply_metadata(folder_of(item)->get(), node.name, node, {plan_.options.owner});
    }
  });
}

void RestoreFiles::remove_unfinished() noexcept {
  for (ItemNumber i = 0; i < items_.size(); ++i) {
    if (states_[i].is_made.exchange(false)) remove(i);
  }
}

Fd RestoreFiles::open_to_read(ItemNumber item) {
  const SharedFd folder = folder_of(item);
  Fd fd = open_unnoticed(folder->get(), items_.name(item));
  if (!fd) throw item_error(errno, "open", item);
  return fd;
}

void RestoreFiles::spoil_time(ItemNumber item) {
  const struct timespec now[2] = {{0, UTIME_OMIT}, {0, UTIME_NOW}};
  const SharedFd folder = folder_of(item);
  if (::utimensat(folder->get(), items_.name(item), now, AT_SYMLINK_NOFOLLOW) != 0) {
    throw item_error(errno, "set the times of", item);
  }
}

void RestoreFiles::sync() {
  for (const auto& [device, fd] : volumes_) {
    if (retry_eintr([&volume = fd] { return ::syncfs(volume.get()); }) != 0) {
      throw system_error(errno, "write to disk", target_.path());
    }
  }
}

void RestoreFiles::fill_in(RestoreStats& stats) const {
  stats.dirs = n_dirs_;
  stats.files = n_files_;
  stats.others = n_others_;
  stats.items_failed = plan_.stats.items_failed + n_failed_;
  stats.bytes = n_bytes_;
}

}  // namespace sapdr::core
