#include "restore_support.hpp"

#include <sys/xattr.h>

#include <algorithm>
#include <cstring>
#include <sstream>

#include "checksum/sha256.hpp"
#include "component/files/file_source.hpp"
#include "component/files/metadata.hpp"
#include "operation/backup.hpp"

namespace sapdr::test {

namespace fs = std::filesystem;

Recorder::Recorder() : observer_(table()), progress_(&observer_, &cancel_) {}

sapdr_observer Recorder::table() {
  sapdr_observer observer{};
  observer.struct_size = sizeof observer;
  observer.user = this;
  observer.on_item = [](void* user, const sapdr_item* item) {
    auto& self = *static_cast<Recorder*>(user);
    self.items.push_back({item->action, std::string(item->path, item->path_size),
                          static_cast<Code>(item->status),
                          item->message == nullptr ? "" : item->message});
    if (item->action == self.cancel_at_) self.cancel_.trigger();
    return 0;
  };
  return observer;
}

size_t Recorder::count(int32_t action) const {
  return static_cast<size_t>(std::count_if(
      items.begin(), items.end(), [&](const Item& item) { return item.action == action; }));
}

const Recorder::Item* Recorder::find(int32_t action, std::string_view path) const {
  const auto at = std::find_if(items.begin(), items.end(), [&](const Item& item) {
    return item.action == action && item.path == path;
  });
  return at == items.end() ? nullptr : &*at;
}

Bench::Bench(uint32_t version) : repository(make_repository(backend, version)) {}

SnapshotRef Bench::back_up(const std::vector<std::string>& paths) {
  FileSourceOptions files;
  files.paths = paths;
  const auto source = make_file_source(std::move(files));
  Progress progress;
  const RepositoryLock lock(*repository, LockMode::shared, progress,
                            {.wait_before_recheck = std::chrono::nanoseconds(0)});
  repository->load_index(progress);
  BackupResult result;
  core::backup(*repository, lock, *source, {}, result, progress);
  return find(result.snapshot.value().hex());
}

Id Bench::save(BlobType type, std::string_view content) {
  Progress progress;
  const RepositoryLock lock(*repository, LockMode::shared, progress,
                            {.wait_before_recheck = std::chrono::nanoseconds(0)});
  BlobWriter writer(*repository, lock, false);
  const Id id = sha256(as_bytes(content));
  writer.save(type, id, as_bytes(content));
  writer.finish();
  return id;
}

Id Bench::save_blob(std::string_view content) {
  return save(BlobType::data, content);
}

Id Bench::save_tree(const std::vector<Node>& nodes) {
  return save(BlobType::tree, tree_json(nodes));
}

SnapshotRef Bench::save_snapshot(const Id& tree, const std::vector<std::string>& paths) {
  Snapshot snapshot;
  snapshot.time = now_ns();
  snapshot.tree = tree;
  snapshot.paths = paths;
  snapshot.hostname = "host";
  return find(repository->save_unpacked(FileType::snapshot, snapshot_json(snapshot)).hex());
}

std::string Bench::pack_of(const Id& blob, BlobType type) const {
  const auto place = repository->index().find(blob, type);
  return repository->index().pack_id(place.value().pack).hex();
}

const Bench::Loads& Bench::count_loads() {
  loads_.clear();
  backend->before = [this](const char* call, const FileName& file) {
    const std::lock_guard lock(loads_mutex_);
    if (std::string_view(call) == "load" && file.type == FileType::pack) ++loads_[file.name];
  };
  return loads_;
}

void Bench::reopen() {
  repository = Repository::open(test_context(), backend, open_settings());
  Progress progress;
  repository->load_index(progress);
}

Node file_node(std::string name, const std::vector<Id>& content, uint64_t size) {
  Node node;
  node.name = std::move(name);
  node.type = NodeType::file;
  node.mode = 0644;
  node.mtime = node.atime = node.ctime = 1'700'000'000'123'456'789;
  node.uid = ::geteuid();
  node.gid = ::getegid();
  node.links = 1;
  node.content = content;
  node.size = size;
  return node;
}

Node dir_node(std::string name, const Id& subtree) {
  Node node = file_node(std::move(name), {}, 0);
  node.type = NodeType::dir;
  node.mode = go_mode(S_IFDIR | 0755);
  node.subtree = subtree;
  return node;
}

Node link_node(std::string name, std::string target) {
  Node node = file_node(std::move(name), {}, 0);
  node.type = NodeType::symlink;
  node.mode = go_mode(S_IFLNK | 0777);
  node.link_target = std::move(target);
  return node;
}

void restore_into(const RepositoryPtr& repository, const SnapshotRef& ref,
                  const std::string& target, const RestoreOptions& options, RestoreStats& stats,
                  Recorder& recorder) {
  const auto plan = RestorePlan::make(repository, ref, target, options, recorder.progress());
  plan->run(stats, recorder.progress());
}

RestoreStats restore_into(const RepositoryPtr& repository, const SnapshotRef& ref,
                          const std::string& target, const RestoreOptions& options) {
  Recorder recorder;
  RestoreStats stats;
  restore_into(repository, ref, target, options, stats, recorder);
  return stats;
}

PatternList patterns(std::initializer_list<const char*> list) {
  PatternList made;
  for (const char* pattern : list) made.add(pattern);
  return made;
}

std::vector<std::string> listing(const std::string& folder) {
  std::vector<std::string> lines;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const std::string path = entry.path().string();
    const struct stat st = stat_of(path);
    std::ostringstream line;
    line << path.substr(folder.size()) << " " << std::oct << st.st_mode << std::dec << " "
         << st.st_uid << ":" << st.st_gid << " " << to_ns(st.st_mtim) << " " << st.st_rdev;
    if (!S_ISDIR(st.st_mode)) line << " links " << st.st_nlink << " size " << st.st_size;
    if (S_ISLNK(st.st_mode)) line << " -> " << fs::read_symlink(path).string();
    if (S_ISREG(st.st_mode)) {
      line << " " << sha256(as_bytes(read_file(path))).hex();
      char value[64];
      const ssize_t size = ::getxattr(path.c_str(), "user.note", value, sizeof value);
      if (size > 0) line << " note " << std::string_view(value, static_cast<size_t>(size));
    }
    lines.push_back(line.str());
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

std::string random_content(size_t size, uint64_t start) {
  std::string content = Splitmix(start).bytes((size + 7) / 8 * 8);
  content.resize(size);
  return content;
}

void make_tree(const std::string& folder) {
  make_folder(folder + "/a/deep/er");
  make_folder(folder + "/empty-folder");
  write_file(folder + "/a/one.txt", "one");
  write_file(folder + "/a/deep/two.txt", "two");
  write_file(folder + "/a/deep/er/three", "three");
  write_file(folder + "/empty", "");
  write_file(folder + "/big", random_content(6 * 1024 * 1024));
  write_file(folder + "/odd \xff\n name", "odd");
  fs::create_symlink("a/one.txt", folder + "/link");
  fs::create_symlink("/nowhere/at all", folder + "/dangling");
  fs::create_hard_link(folder + "/big", folder + "/a/big-too");
  ::mkfifo((folder + "/fifo").c_str(), 0640);
  ::setxattr((folder + "/a/one.txt").c_str(), "user.note", "hello", 5, 0);
  ::chmod((folder + "/a/one.txt").c_str(), 04751);
  ::chmod((folder + "/a/deep").c_str(), 0750);
  const struct timespec times[2] = {{1'600'000'000, 5}, {1'600'000'001, 987'654'321}};
  for (const char* path : {"/a/deep/two.txt", "/link", "/fifo", "/a/deep", "/a", "/empty-folder"}) {
    ::utimensat(AT_FDCWD, (folder + path).c_str(), times, AT_SYMLINK_NOFOLLOW);
  }
}

}  // namespace sapdr::test
