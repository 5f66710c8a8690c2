// ls, dump
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>

#include "command_line.hpp"
#include "parse.hpp"
#include "selection.hpp"
#include "session.hpp"
#include "sink.hpp"
#include "text.hpp"

namespace sapdr::shell {
namespace {

constexpr CommandText kLs = {
    "ls", "List the files of a snapshot",
    "Lists what is in a snapshot: everything, or only the given folders. Names with control\n"
    "characters are printed with escapes; --json has the exact bytes.",
    "  sapdr ls latest\n"
    "  sapdr ls -l latest /srv/models                 what is directly in the folder\n"
    "  sapdr ls -l -R latest:/srv/models              and below it\n"};

constexpr CommandText kDump = {
    "dump", "Write one file of a snapshot to standard output",
    "Writes the content of one file, every piece proven by its MAC and SHA-256 before it is\n"
    "written. With --target it goes to a file, which appears only when it is complete. With\n"
    "--offset or --length it is a part of the file, and no more of it than that is fetched.",
    "  sapdr dump latest /etc/models.yaml\n"
    "  sapdr dump latest /orders.archive | mongorestore --archive\n"
    "  sapdr dump latest /srv/models/a.safetensors --length 8 | xxd\n"
    "  sapdr dump 1234abcd /srv/models/a.safetensors --target /tmp/a.safetensors\n"};

struct LsArguments {
  std::string snapshot;
  std::vector<std::string> paths;
  Selection selection;
  bool long_form = false;
  bool recursive = false;
};

// The next node, or NULL at the end. A damaged tree is kept as the failure of the command; what
// can be listed goes on behind it.
const sapdr_node* next_node(sapdr_walk* walk, Session& session, std::optional<Failure>& damage) {
  while (true) {
    session.stop_if_cancelled();
    const sapdr_node* node = nullptr;
    auto failure =
        attempt([&](sapdr_error** error) { return sapdr_walk_next(&node, walk, error); });
    if (!failure) return node;
    if (failure->status() != SAPDR_E_CORRUPT) throw std::move(*failure);
    damage = std::move(failure);
  }
}

void run_ls(const LsArguments& a, Session& session) {
  sapdr_repo* repo = session.open_to_read();
  const Filter filter(a.selection);
  const CStrings paths(a.paths);
  sapdr_walk_options options;
  SAPDR_INIT(&options);
  options.not_recursive = !a.paths.empty() && !a.recursive;
  options.paths = paths.data();
  options.n_paths = paths.size();
  const Walk walk = make<Walk>([&](auto** out, sapdr_error** error) {
    return sapdr_walk_new(out, repo, a.snapshot.c_str(), filter.get(), &options, error);
  });
  session.summary().figures.text("snapshot_id",
                                 sapdr_snapshot_hex(sapdr_walk_snapshot(walk.get())));
  std::uint64_t nodes = 0;
  std::uint64_t bytes = 0;
  std::optional<Failure> damage;
  while (const sapdr_node* node = next_node(walk.get(), session, damage)) {
    session.report().node(*node, a.long_form);
    ++nodes;
    if (node->type == SAPDR_NODE_FILE) bytes += node->size;
  }
  session.summary().figures.number("nodes", nodes).number("bytes", bytes);
  if (damage) throw std::move(*damage);
}

// Where a dump goes: standard output, or a file that gets its name when it is whole.
class DumpTarget {
 public:
  explicit DumpTarget(std::string path) : path_(std::move(path)) {
    if (path_.empty()) return;
    struct stat status {};
    const bool special = ::stat(path_.c_str(), &status) == 0 && !S_ISREG(status.st_mode);
    if (!special) temporary_ = path_ + ".sapdr-" + std::to_string(::getpid());
    const int flags = special ? O_WRONLY : O_WRONLY | O_CREAT | O_EXCL;
    descriptor_ = ::open((special ? path_ : temporary_).c_str(), flags | O_CLOEXEC, 0666);
    if (descriptor_ < 0) {
      const int number = errno;
      throw system_failure("cannot create " + shown(path_), number);
    }
  }
  DumpTarget(const DumpTarget&) = delete;
  DumpTarget& operator=(const DumpTarget&) = delete;
  ~DumpTarget() {
    if (path_.empty()) return;
    ::close(descriptor_);
    if (!temporary_.empty()) ::unlink(temporary_.c_str());
  }

  int descriptor() const { return descriptor_; }
  std::string name() const { return path_.empty() ? "standard output" : shown(path_); }

  void complete() {
    if (temporary_.empty()) return;
    if (::fsync(descriptor_) != 0 || ::rename(temporary_.c_str(), path_.c_str()) != 0) {
      const int number = errno;
      throw system_failure("cannot complete " + shown(path_), number);
    }
    temporary_.clear();
  }

 private:
  std::string path_;
  std::string temporary_;
  int descriptor_ = STDOUT_FILENO;
};

// Of a file.
struct Range {
  std::uint64_t offset = 0;
  std::uint64_t length = UINT64_MAX;

  bool is_all() const { return offset == 0 && length == UINT64_MAX; }
};

struct DumpArguments {
  std::string snapshot;
  std::string path;
  std::string target;
  std::string offset;
  std::string length;
  Selection selection;
};

// What the write callback needs.
struct Dump {
  Sink sink;
  std::uint64_t bytes = 0;
  Parked parked;
};

sapdr_status write_dump(void* user, const void* data, std::size_t size, sapdr_error**) {
  auto& dump = *static_cast<Dump*>(user);
  const bool ok = dump.parked.run([&] {
    dump.sink.write({static_cast<const char*>(data), size});
    dump.bytes += size;
  });
  return ok ? SAPDR_OK : SAPDR_E_CALLBACK;
}

std::optional<Failure> dump_all(const DumpArguments& a, Session& session, sapdr_repo* repo,
                                const Filter& filter, Dump& dump) {
  return attempt([&](sapdr_error** error) {
    return sapdr_dump_run(repo, a.snapshot.c_str(), filter.get(), a.path.c_str(), write_dump, &dump,
                          session.cancel(), error);
  });
}

std::optional<Failure> dump_range(const DumpArguments& a, const Range& range, Session& session,
                                  sapdr_repo* repo, const Filter& filter, Dump& dump) {
  sapdr_file_options options;
  SAPDR_INIT(&options);
  options.cancel = session.cancel();
  sapdr_file* opened = nullptr;
  auto failure = attempt([&](sapdr_error** error) {
    return sapdr_file_open(&opened, repo, a.snapshot.c_str(), filter.get(), a.path.c_str(),
                           &options, error);
  });
  const File file(opened);
  std::vector<char> piece(8 * 1024 * 1024);
  for (std::size_t n = 1; !failure && n != 0;) {
    const auto wanted = std::min<std::uint64_t>(piece.size(), range.length - dump.bytes);
    failure = attempt([&](sapdr_error** error) {
      return sapdr_file_read(opened, range.offset + dump.bytes, piece.data(),
                             static_cast<std::size_t>(wanted), &n, error);
    });
    if (!failure && write_dump(&dump, piece.data(), n, nullptr) != SAPDR_OK) break;
  }
  return failure;
}

void run_dump(const DumpArguments& a, Session& session) {
  if (session.options().json && a.target.empty()) {
    throw usage_error("standard output cannot carry both the file and the events of --json")
        .hinted("write the file with --target FILE");
  }
  Range range;
  if (!a.offset.empty()) range.offset = parse_size("--offset", a.offset);
  if (!a.length.empty()) range.length = parse_size("--length", a.length);
  sapdr_repo* repo = session.open_to_read();
  const Filter filter(a.selection);
  DumpTarget target(a.target);
  Dump dump{Sink(target.descriptor(), target.name()), 0, {}};
  auto failure = range.is_all() ? dump_all(a, session, repo, filter, dump)
                                : dump_range(a, range, session, repo, filter, dump);
  session.summary().figures.bytes("path", a.path).number("bytes", dump.bytes);
  dump.parked.rethrow();
  if (failure) throw std::move(*failure);
  dump.sink.flush();
  target.complete();
  if (!a.target.empty()) {
    session.summary().lines = {"wrote " + human_bytes(dump.bytes) + " to " + shown(a.target)};
  }
}

}  // namespace

void add_ls(CLI::App& app, CommandLine& line) {
  const auto arguments = std::make_shared<LsArguments>();
  CLI::App& command =
      add_command(app, line, kLs, [arguments](Session& s) { run_ls(*arguments, s); });
  command
      .add_option("SNAPSHOT", arguments->snapshot, "an id, a prefix, latest, or one with :/FOLDER")
      ->required();
  add_positionals(command, "PATH", arguments->paths, "only these files and folders, absolute");
  command.add_flag("-l,--long", arguments->long_form, "mode, owner, size and time as well");
  command.add_flag("-R,--recursive", arguments->recursive,
                   "what is below the given folders, too (always so without PATH)");
  arguments->selection.add_options(command);
}

void add_dump(CLI::App& app, CommandLine& line) {
  const auto arguments = std::make_shared<DumpArguments>();
  CLI::App& command =
      add_command(app, line, kDump, [arguments](Session& s) { run_dump(*arguments, s); });
  command
      .add_option("SNAPSHOT", arguments->snapshot, "an id, a prefix, latest, or one with :/FOLDER")
      ->required();
  command.add_option("FILE", arguments->path, "the file, absolute in the snapshot")->required();
  command.add_option("-t,--target", arguments->target, "write to this file")->type_name("FILE");
  command.add_option("--offset", arguments->offset, "begin there: bytes, 10k, 1.5M, …")
      ->type_name("SIZE");
  command.add_option("--length", arguments->length, "write no more than this")->type_name("SIZE");
  arguments->selection.add_options(command);
}

}  // namespace sapdr::shell
