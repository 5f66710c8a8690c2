// Sources: by which anything becomes a tree. A source pushes what it has into a sink, folder by
// folder; the backup behind the sink reads file contents on its own threads.
//
// CONTRACT, which every source keeps and tests/conformance proves
//   - Its paths are absolute and clean, and known before anything is read.
//   - Each item is pushed once, in its folder; a folder is entered once, and left.
//   - The path of an item is that of its folder and its name, and no name leads out of it.
//   - Files are opened and read on other threads, several at once, while the source goes on; it may
//     wait until some were read, or dropped, before it pushes more. A file may never be opened.
//   - A file that fails throws where it is opened or read; the others can still be read.
//   - Totals never shrink. What the sink throws comes out of run() unchanged.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "format/tree.hpp"

namespace sapdr::core {

// The content of one file, read once from its beginning. Used by one thread at a time.
class FileReader {
 public:
  virtual ~FileReader() = default;

  struct Piece {
    size_t size = 0;    // bytes put into the buffer; 0 with hole 0: the end
    uint64_t hole = 0;  // instead of bytes: so many zeros, which are not in the buffer
  };
  // Puts up to out.size() bytes into `out`, or tells a hole. Throws if reading fails.
  virtual Piece read(ByteSpan out) = 0;

  // After the end was read: the metadata that goes into the tree (`node` as given to the sink may
  // be older than what was read). True if the file changed while it was read.
  virtual bool finish(Node& node) {
    static_cast<void>(node);
    return false;
  }
};

// Opens a file when its turn comes, on another thread, and may bring `node` up to date.
using FileOpener = std::function<std::unique_ptr<FileReader>(Node& node)>;

// What a source may call. Not from several threads at once.
class TreeSink {
 public:
  virtual ~TreeSink() = default;

  // Everything until the matching leave() is inside this folder. `path` is for people and progress.
  virtual void enter(Node dir, std::string path) = 0;
  virtual void leave() = 0;

  // The node of this name in the same folder of the parent snapshot; nullptr if there is none.
  // Valid until leave().
  virtual const Node* previous(std::string_view name) = 0;

  // A file to be read. A file whose opening or reading throws is reported and left out. `node` may
  // have content that the repository has, and its size: what is read comes behind it.
  virtual void file(Node node, std::string path, FileOpener open) = 0;
  // A file known to be as it was: `node` with the content of previous().
  virtual void unchanged(Node node, std::string path) = 0;
  // A link, device, fifo, socket; a folder as it is in another snapshot, with all that is in it.
  virtual void other(Node node, std::string path) = 0;

  // Something that could not be read and is left out: the snapshot is incomplete.
  virtual void failed(std::string path, const Error& error) = 0;
  // Totals for progress, when the source knows more of them.
  virtual void expect(uint64_t items, uint64_t bytes) = 0;
};

class Source {
 public:
  virtual ~Source() = default;

  // The paths that the snapshot names, absolute.
  virtual std::vector<std::string> paths() const = 0;
  // How many of its files wait until others are read: so many more are read at once.
  virtual unsigned waiting_files() const { return 0; }
  // Pushes everything, and returns when all was pushed. Throws only if nothing of it makes sense.
  virtual void run(TreeSink& sink) = 0;
};

}  // namespace sapdr::core
