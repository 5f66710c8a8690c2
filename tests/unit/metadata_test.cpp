#include "component/files/metadata.hpp"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include "../support/files.hpp"
#include "base/fd.hpp"
#include "support.hpp"

using namespace sapdr::test;

namespace {

// A node of what is at `path`, as a source would make it.
Node node_of(const TempDir& folder, const std::string& name, bool with_atime = false) {
  OwnerNames names;
  Node node;
  node_from_stat(stat_of(folder / name), names, with_atime, node);
  const Fd dir(::open(folder.path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  node.xattrs = read_xattrs(dir.get(), name);
  return node;
}

void apply_by_name(const TempDir& folder, const std::string& name, const Node& node,
                   const ApplyOptions& options = {}) {
  const Fd dir(::open(folder.path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  apply_metadata(dir.get(), name, node, options);
}

bool has_xattrs(const TempDir& folder) {
  write_file(folder / "probe", "");
  if (::setxattr((folder / "probe").c_str(), "user.probe", "", 0, 0) == 0) return true;
  MESSAGE("skipped: this filesystem has no extended attributes");
  return false;
}

// From now on this process has none of the calls for attributes that Linux 6.13 brought.
bool take_new_xattr_calls_away(uint32_t error) {
  constexpr uint32_t setxattrat = 463, removexattrat = 466;
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, setxattrat, 0, 2),
      BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, removexattrat, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog filter{std::size(program), program};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

constexpr uint32_t go_dir = 1U << 31;
constexpr uint32_t go_symlink = 1U << 27;
constexpr uint32_t go_fifo = 1U << 25;
constexpr uint32_t go_setuid = 1U << 23;

}  // namespace

TEST_CASE("metadata: a node tells what stat tells") {
  const TempDir folder;
  write_file(folder / "file", "12345");
  ::chmod((folder / "file").c_str(), 04751);
  const struct stat st = stat_of(folder / "file");
  const Node file = node_of(folder, "file");
  CHECK(file.type == NodeType::file);
  CHECK(file.mode == (go_setuid | 0751));
  CHECK(file.size == 5);
  CHECK(file.inode == st.st_ino);
  CHECK(file.links == 1);
  CHECK(file.device_id == 0);
  CHECK(file.uid == st.st_uid);
  CHECK(file.gid == st.st_gid);
  CHECK(file.mtime == st.st_mtim.tv_sec * 1'000'000'000 + st.st_mtim.tv_nsec);
  CHECK(file.ctime == st.st_ctim.tv_sec * 1'000'000'000 + st.st_ctim.tv_nsec);
  CHECK(file.atime == file.mtime);
  if (st.st_uid == 0) CHECK(file.user == "root");

  REQUIRE(::link((folder / "file").c_str(), (folder / "hard").c_str()) == 0);
  const Node hard = node_of(folder, "hard");
  CHECK(hard.links == 2);
  CHECK(hard.device_id == st.st_dev);

  const struct timespec times[2] = {{1, 5}, {2, 6}};
  ::utimensat(AT_FDCWD, (folder / "file").c_str(), times, 0);
  CHECK(node_of(folder, "file").atime == 2'000'000'006);
  CHECK(node_of(folder, "file", true).atime == 1'000'000'005);

  make_folder(folder / "dir");
  ::chmod((folder / "dir").c_str(), 0750);
  const Node dir = node_of(folder, "dir");
  CHECK(dir.type == NodeType::dir);
  CHECK(dir.mode == (go_dir | 0750));
  CHECK(dir.size == 0);
  CHECK(dir.links == 0);

  std::filesystem::create_symlink("nowhere", folder / "link");
  const Node link = node_of(folder, "link");
  CHECK(link.type == NodeType::symlink);
  CHECK(link.mode == (go_symlink | 0777));
  CHECK(link.size == 0);
  CHECK(link.links == 1);

  REQUIRE(::mkfifo((folder / "fifo").c_str(), 0640) == 0);
  const Node fifo = node_of(folder, "fifo");
  CHECK(fifo.type == NodeType::fifo);
  CHECK(fifo.mode == (go_fifo | 0640));

  OwnerNames names;
  Node null;
  node_from_stat(stat_of("/dev/null"), names, false, null);
  CHECK(null.type == NodeType::chardev);
  CHECK(null.device == makedev(1, 3));
}

TEST_CASE("metadata: names that nobody has are empty") {
  OwnerNames names;
  CHECK(names.user(4'000'000'000U).empty());
  CHECK(names.group(4'000'000'000U).empty());
  CHECK(names.user(0) == "root");
  CHECK(names.user(0) == "root");
  CHECK(names.group(0) == "root");
}

TEST_CASE("metadata: times of any age survive") {
  const TempDir folder;
  write_file(folder / "file", "");
  for (const UnixNs time : {UnixNs{0}, UnixNs{1}, UnixNs{-1}, UnixNs{-1'500'000'000},
                            UnixNs{1'700'000'000'123'456'789}}) {
    Node node = node_of(folder, "file");
    node.mtime = time;
    node.atime = time + 7;
    apply_by_name(folder, "file", node);
    CHECK(node_of(folder, "file", true).mtime == time);
    CHECK(node_of(folder, "file", true).atime == time + 7);
  }
  struct timespec far = {};
  far.tv_sec = INT64_MAX / 4;
  CHECK(to_ns(far) == INT64_MAX);
  far.tv_sec = INT64_MIN / 4;
  CHECK(to_ns(far) == INT64_MIN);
}

TEST_CASE("metadata: what was read is applied to another entry, by name and by descriptor") {
  const TempDir folder;
  const bool xattrs = has_xattrs(folder);
  write_file(folder / "from", "x");
  write_file(folder / "by_name", "x");
  write_file(folder / "by_fd", "x");
  if (xattrs) {
    const std::string long_value(3000, 'v');
    REQUIRE(::setxattr((folder / "from").c_str(), "user.a", "\0\xff", 2, 0) == 0);
    REQUIRE(::setxattr((folder / "from").c_str(), "user.long", long_value.data(), 3000, 0) == 0);
    REQUIRE(::setxattr((folder / "by_fd").c_str(), "user.unwanted", "x", 1, 0) == 0);
    CHECK(node_of(folder, "from").xattrs.size() == 2);
  }
  const bool is_root = ::geteuid() == 0;
  if (is_root) REQUIRE(::chown((folder / "from").c_str(), 1234, 5678) == 0);
  ::chmod((folder / "from").c_str(), 06555);
  const Node from = node_of(folder, "from");
  CHECK(posix_permissions(from.mode) == 06555);

  apply_by_name(folder, "by_name", from);
  const Fd fd(::open((folder / "by_fd").c_str(), O_RDWR | O_CLOEXEC));
  apply_metadata(fd.get(), from, {});
  for (const char* name : {"by_name", "by_fd"}) {
    Node to = node_of(folder, name);
    to.inode = from.inode;
    to.ctime = from.ctime;
    CHECK(to == from);
  }
  CHECK(read_xattrs(fd.get()) == from.xattrs);
}

TEST_CASE("metadata: attributes are read on kernels and in sandboxes without the newest calls") {
  const TempDir folder;
  if (!has_xattrs(folder)) return;
  write_file(folder / "file", "x");
  REQUIRE(::setxattr((folder / "file").c_str(), "user.a", "1", 1, 0) == 0);
  for (const uint32_t error : {ENOSYS, EPERM}) {
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      const bool is_right =
          take_new_xattr_calls_away(error) &&
          node_of(folder, "file").xattrs == std::vector<ExtendedAttribute>{{"user.a", "1"}};
      _exit(is_right ? 0 : 1);
    }
    int status = -1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
  }
}

TEST_CASE("metadata: capabilities survive the change of the owner") {
  const TempDir folder;
  if (::geteuid() != 0 || !has_xattrs(folder)) return;
  write_file(folder / "from", "x");
  // VFS_CAP_REVISION_2, cap_net_raw permitted and effective.
  const std::string capability = hex_to_bytes("0100000200200000000000000000000000000000");
  REQUIRE(::chown((folder / "from").c_str(), 1, 1) == 0);
  if (::setxattr((folder / "from").c_str(), "security.capability", capability.data(),
                 capability.size(), 0) != 0) {
    return;
  }
  const Node from = node_of(folder, "from");
  write_file(folder / "to", "x");
  apply_by_name(folder, "to", from);
  CHECK(node_of(folder, "to").xattrs == from.xattrs);
  CHECK(node_of(folder, "to").uid == 1);
}

TEST_CASE("metadata: links get an owner and times, and are never followed") {
  const TempDir folder;
  write_file(folder / "target", "x");
  ::chmod((folder / "target").c_str(), 0600);
  std::filesystem::create_symlink("target", folder / "link");
  const Node target = node_of(folder, "target");
  Node node = node_of(folder, "link");
  node.mtime = 1'000'000'001;
  node.atime = 2'000'000'002;
  if (::geteuid() == 0) node.uid = 1234;
  apply_by_name(folder, "link", node);
  const Node link = node_of(folder, "link", true);
  CHECK(link.mtime == node.mtime);
  CHECK(link.uid == node.uid);
  CHECK(node_of(folder, "target") == target);

  // The node says file, the entry was made a link meanwhile: the target stays as it is.
  Node file = target;
  file.mode = 0777;
  file.mtime = 5;
  CHECK(code_of([&] { apply_by_name(folder, "link", file); }) != Code::ok);
  CHECK(node_of(folder, "target") == target);
}

TEST_CASE("metadata: without privilege the owner stays, and that is fine") {
  const TempDir folder;
  ::chmod(folder.path().c_str(), 0777);
  CHECK(holds_without_privilege([&] {
    write_file(folder / "mine", "x");
    Node node = node_of(folder, "mine");
    const uint32_t me = node.uid;
    node.uid = 0;
    node.gid = 0;
    node.mode = 0640;
    node.mtime = 77;
    node.xattrs = {{"security.capability", hex_to_bytes("01000002002000000000000000000000"
                                                        "00000000")}};
    apply_by_name(folder, "mine", node);
    const Node now = node_of(folder, "mine");
    return now.uid == me && now.mtime == 77 && posix_permissions(now.mode) == 0640;
  }));
}

TEST_CASE("metadata: the first failure is thrown after everything was tried") {
  const TempDir folder;
  write_file(folder / "file", "x");
  Node node = node_of(folder, "file");
  node.xattrs = {{"nonsense", "no such namespace"}};
  node.mode = 0604;
  node.mtime = 99;
  CHECK(code_of([&] { apply_by_name(folder, "file", node); }) != Code::ok);
  CHECK(node_of(folder, "file").mtime == 99);
  CHECK(posix_permissions(node_of(folder, "file").mode) == 0604);
  CHECK(code_of([&] { apply_by_name(folder, "missing", node); }) == Code::not_found);
}
