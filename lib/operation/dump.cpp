#include "operation/dump.hpp"

#include <deque>

#include "operation/ahead.hpp"
#include "operation/snapshot_path.hpp"
#include "repository/trees.hpp"

namespace sapdr::core {

void dump(Repository& repository, const SnapshotRef& ref, std::string_view name,
          const std::function<void(ByteView)>& write, Progress& progress) {
  const std::string path = snapshot_path(name);
  const Node file = find_file(repository, ref.tree, path);
  progress.phase(SAPDR_PHASE_WRITE);
  progress.expect(1, file.size);

  // Every thread has a blob at hand and another one ready: that is all the memory it takes.
  const size_t n_ahead = size_t{2} * repository.reads_at_once();
  std::deque<Ahead<Bytes>> ahead;
  Workers workers(repository.reads_at_once(), n_ahead);
  size_t next = 0;
  while (next < file.content.size() || !ahead.empty()) {
    while (next < file.content.size() && ahead.size() < n_ahead) {
      const auto load = [&repository, id = file.content[next++]] {
        return repository.load_blob(BlobType::data, id);
      };
      ahead.push_back(Ahead<Bytes>::start(workers, load));
    }
    const Bytes blob = ahead.front().take();
    ahead.pop_front();
    progress.checkpoint();
    write(blob);
    progress.done(0, blob.size(), path);
  }
  progress.done(1, 0, path);
}

}  // namespace sapdr::core
