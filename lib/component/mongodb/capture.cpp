#include "component/mongodb/capture.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/encoding.hpp"
#include "component/mongodb/catalogue.hpp"
#include "component/mongodb/collection_reader.hpp"
#include "component/mongodb/oplog_reader.hpp"
#include "repository/host.hpp"

namespace sapdr::core::mongodb {

namespace {

// How often collections are listed until nobody makes, drops or renames one meanwhile.
constexpr int list_attempts = 100;

class TextReader : public FileReader {
 public:
  explicit TextReader(std::shared_ptr<const std::string> text) : text_(std::move(text)) {}

  Piece read(ByteSpan out) override {
    const size_t part = std::min(out.size(), text_->size() - at_);
    std::memcpy(out.data(), text_->data() + at_, part);
    at_ += part;
    return {part, 0};
  }

 private:
  const std::shared_ptr<const std::string> text_;
  size_t at_ = 0;
};

// A reader that holds what it stands for until it is gone.
template <class Reader>
class PartReader : public Reader {
 public:
  template <class... Args>
  explicit PartReader(std::shared_ptr<const CaptureState::Part> part, Args&&... args)
      : Reader(std::forward<Args>(args)...), part_(std::move(part)) {}

 private:
  const std::shared_ptr<const CaptureState::Part> part_;
};

// What both captures do: a folder with the oplog, what belongs into it, and the record at the end.
class Capture : public Source {
 public:
  Capture(DeploymentPtr deployment, const CaptureOptions& options, CaptureRecord& record)
      : options_(options),
        record_(record),
        state_(std::make_shared<CaptureState>(std::move(deployment), options.batch_documents,
                                              options.bytes_per_second)),
        user_(user_name()) {}

  std::vector<std::string> paths() const override { return {folder()}; }

  // The oplog is read as long as anything else is.
  unsigned waiting_files() const override { return record_.identity.has_oplog() ? 1 : 0; }

  void run(TreeSink& sink) override {
    try {
      sink.enter(node(root_folder, NodeType::dir), std::string("/") + root_folder);
      sink.enter(node(record_.folder(), NodeType::dir), folder());
      push_all(sink);
      state_->wait_for_parts(0);
      finish_record();
      push_text(sink, record_file, folder(), record_json(record_));
      sink.leave();
      sink.leave();
    } catch (...) {
      state_->stop();
      throw;
    }
  }

 protected:
  // Everything but the record. All of it is read when no parts are left.
  virtual void push_all(TreeSink& sink) = 0;

  std::string folder() const { return std::string("/") + root_folder + "/" + record_.folder(); }

  Node node(std::string name, NodeType type) const {
    Node node;
    node.name = std::move(name);
    node.type = type;
    node.mode = go_mode(type == NodeType::dir ? S_IFDIR | 0700 : S_IFREG | 0600);
    node.mtime = node.atime = node.ctime = options_.time;
    node.uid = getuid();
    node.gid = getgid();
    node.user = user_;
    return node;
  }

  void push_text(TreeSink& sink, const std::string& name, const std::string& in,
                 std::string content) {
    const auto text = std::make_shared<const std::string>(std::move(content));
    Node file = node(name, NodeType::file);
    file.size = text->size();
    sink.file(std::move(file), in + "/" + name,
              [text](Node&) { return std::make_unique<TextReader>(text); });
  }

  // Begins to read the oplog; `file` may have content already, behind which it goes on.
  void push_oplog(TreeSink& sink, Node file, OplogTime begin, bool with_first) {
    oplog_ = std::make_shared<OplogProgress>();
    sink.file(std::move(file), folder() + "/" + oplog_file,
              [state = state_, oplog = oplog_, begin, with_first,
               part = std::make_shared<const CaptureState::Part>(state_)](Node&) {
                return std::make_unique<PartReader<OplogReader>>(part, state, oplog, begin,
                                                                 with_first);
              });
  }

  bool has_pushed_oplog() const { return oplog_ != nullptr; }
  void finish_oplog(OplogTime end) { oplog_->finish_at(end); }

  const CaptureOptions options_;
  CaptureRecord& record_;
  const CaptureStatePtr state_;

 private:
  void finish_record() {
    if (oplog_ == nullptr) return;
    const OplogProgress::Counts counts = oplog_->counts();
    // Where it is not complete, its reader has failed, and the sink throws that now.
    if (!counts.is_complete) return;
    record_.oplog_entries += counts.entries;
    record_.oplog_bytes += counts.bytes;
    record_.last = std::max(record_.last, counts.last);
  }

  const std::string user_;
  std::shared_ptr<OplogProgress> oplog_;
};

class FullCapture : public Capture {
 public:
  using Capture::Capture;

 private:
  void push_all(TreeSink& sink) override {
    const bool has_oplog = record_.identity.has_oplog();
    record_.filter = options_.filter;
    const Listed listed = list_at_begin();
    require_any(listed);
    expect(sink, listed);
    if (has_oplog) {
      push_oplog(sink, node(oplog_file, NodeType::file), record_.begin, /*with_first=*/true);
    }
    push_collections(sink, listed);
    state_->wait_for_parts(has_oplog ? 1 : 0);
    if (!has_oplog) return;
    record_.consistent = std::max(state_->seen(), record_.begin);
    finish_oplog(record_.consistent);
  }

  using Listed = std::vector<std::shared_ptr<const Collection>>;

  // The collections, by the names that they have at the beginning of the oplog that is copied: what
  // becomes of names later is in it, and would be done once more to what has its new name already.
  Listed list_at_begin() {
    if (!record_.identity.has_oplog()) {
      Client client(state_->deployment());
      return list(client);
    }
    for (int attempt = 0; attempt < list_attempts; ++attempt) {
      std::optional<Listed> listed;
      state_->deployment().retries().run("list the collections", [&](bool) {
        state_->check();
        Client client(state_->deployment());
        record_.begin = oplog_begin(client);
        listed = list(client);
        if (oplog_has_new_names(client, record_.begin, client.seen())) listed.reset();
      });
      if (listed) return *std::move(listed);
    }
    throw Error(Code::io, "collections of MongoDB at " + state_->deployment().hosts() +
                              " were made, dropped or renamed each time that they were listed; "
                              "back up when that does not go on all the time");
  }

  Listed list(Client& client) const {
    Listed listed;
    for (Collection& each : list_collections(client, options_.filter, record_.begin)) {
      listed.push_back(std::make_shared<const Collection>(std::move(each)));
    }
    return listed;
  }

  void require_any(const Listed& listed) const {
    if (!listed.empty() || options_.filter.includes.empty()) return;
    std::string patterns;
    for (const std::string& each : options_.filter.includes) {
      patterns += (patterns.empty() ? "\"" : ", \"") + each + "\"";
    }
    throw Error(Code::not_found, "no collection of MongoDB at " + state_->deployment().hosts() +
                                     " is one of " + patterns +
                                     "; name databases or collections that there are");
  }

  void expect(TreeSink& sink, const Listed& listed) {
    uint64_t bytes = 0;
    state_->deployment().retries().run("ask for sizes", [&](bool) {
      Client client(state_->deployment());
      bytes = 0;
      for (const auto& each : listed) bytes += data_bytes(client, *each);
    });
    sink.expect(listed.size(), bytes);
    record_.collections.clear();
    for (const auto& each : listed) {
      record_.collections.push_back(
          {.db = each->db, .name = each->name, .uuid = to_hex(each->uuid), .type = each->type});
    }
  }

  void push_collections(TreeSink& sink, const Listed& listed) {
    std::string db;
    for (size_t i = 0; i < listed.size(); ++i) {
      if (listed[i]->db != db) {
        if (!db.empty()) sink.leave();
        db = listed[i]->db;
        sink.enter(node(db, NodeType::dir), folder() + "/" + db);
      }
      push_collection(sink, listed[i], record_.collections[i]);
    }
    if (!db.empty()) sink.leave();
  }

  void push_collection(TreeSink& sink, const std::shared_ptr<const Collection>& collection,
                       CapturedCollection& counts) {
    const std::string in = folder() + "/" + collection->db;
    const std::string stem = file_stem(collection->name);
    if (has_metadata(*collection)) {
      push_text(sink, stem + ".metadata.json", in, metadata(*collection));
    }
    if (!collection->has_documents()) return;
    sink.file(node(stem + ".bson", NodeType::file), in + "/" + stem + ".bson",
              [state = state_, collection, begin = record_.begin, &counts,
               part = std::make_shared<const CaptureState::Part>(state_)](Node&) {
                return std::make_unique<PartReader<CollectionReader>>(part, state, collection,
                                                                      begin, counts);
              });
  }

  std::string metadata(const Collection& collection) {
    std::string json;
    state_->deployment().retries().run("read the indexes of " + collection.ns(), [&](bool) {
      Client client(state_->deployment());
      json = metadata_json(client, collection, record_.begin);
    });
    return json;
  }
};

class IncrementalCapture : public Capture {
 public:
  IncrementalCapture(DeploymentPtr deployment, const CaptureOptions& options,
                     std::vector<Node> earlier, CaptureRecord& record)
      : Capture(std::move(deployment), options, record), earlier_(std::move(earlier)) {}

 private:
  void push_all(TreeSink& sink) override {
    OplogTime end;
    state_->deployment().retries().run("find the end of the oplog", [&](bool) {
      Client client(state_->deployment());
      end = oplog_end(client);
    });
    for (Node& each : earlier_) push_earlier(sink, each);
    if (!has_pushed_oplog()) {
      throw Error(Code::corrupt, "the earlier snapshot of " + folder() + " has no " + oplog_file +
                                     "; make a full backup");
    }
    finish_oplog(end);
  }

  void push_earlier(TreeSink& sink, Node& each) {
    const std::string path = folder() + "/" + each.name;
    if (each.name == record_file) return;
    if (each.name == oplog_file) {
      push_oplog(sink, std::move(each), record_.last, /*with_first=*/false);
    } else if (each.type == NodeType::file) {
      sink.unchanged(std::move(each), path);
    } else {
      sink.other(std::move(each), path);
    }
  }

  std::vector<Node> earlier_;
};

}  // namespace

std::unique_ptr<Source> make_full_capture(DeploymentPtr deployment, const CaptureOptions& options,
                                          CaptureRecord& record) {
  return std::make_unique<FullCapture>(std::move(deployment), options, record);
}

std::unique_ptr<Source> make_incremental_capture(DeploymentPtr deployment,
                                                 const CaptureOptions& options,
                                                 std::vector<Node> earlier, CaptureRecord& record) {
  return std::make_unique<IncrementalCapture>(std::move(deployment), options, std::move(earlier),
                                              record);
}

}  // namespace sapdr::core::mongodb
