// A MongoDB deployment: who it is, and clients that ask it.
#pragma once

#include <mongoc/mongoc.h>

#include <memory>
#include <optional>
#include <string>

#include "base/context.hpp"
#include "base/retry.hpp"
#include "component/mongodb/document.hpp"

namespace sapdr::core::mongodb {

// Who a deployment is.
struct Identity {
  std::string replica_set;     // empty: a standalone server
  std::string replica_set_id;  // hexadecimal: what tells replica sets of one name apart
  std::string server_version;
  std::string feature_compatibility_version;

  bool has_oplog() const { return !replica_set.empty(); }
};

// Connections to a deployment, kept and watched by libmongoc. Any thread.
class Deployment {
 public:
  // `uri`: a connection string. Nothing is asked yet. Throws Code::invalid_argument.
  Deployment(ContextPtr context, const std::string& uri);
  ~Deployment();
  Deployment(const Deployment&) = delete;
  Deployment& operator=(const Deployment&) = delete;

  const ContextPtr& context() const { return context_; }
  // The hosts of the connection string: for messages.
  const std::string& hosts() const { return hosts_; }
  // Does again what failed for a moment: a lost connection, a primary that stepped down.
  Retries& retries() { return retries_; }

  // Throws Code::unsupported for what cannot be backed up, Code::network, Code::permission.
  Identity identify();

 private:
  friend class Client;

  Identity ask_who_it_is();

  const ContextPtr context_;
  std::string hosts_;
  mongoc_client_pool_t* pool_ = nullptr;
  mongoc_read_prefs_t* read_prefs_ = nullptr;
  Retries retries_;
};

using DeploymentPtr = std::shared_ptr<Deployment>;

// One connection's worth of a deployment. One thread at a time. Its calls throw what a server or
// the way to it answers, with the class that says whether it helps to ask again:
//   Code::network (Retry::yes)   no server, or no longer one that answers
//   Code::permission             not this user
//   Code::not_found              no such collection
//   Code::io                     anything else that the server says
class Client {
 public:
  explicit Client(Deployment& deployment);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // A server that reads may go to. `what` is for messages: "list the databases".
  uint32_t select_server(const std::string& what);
  // Asks a server; 0: any that reads may go to.
  Document read(std::string_view db, const Document& command, const std::string& what,
                uint32_t server = 0);

  // All that was answered up to now was so at this time, or before.
  OplogTime seen() const { return seen_; }
  Deployment& deployment() const { return deployment_; }

 private:
  Deployment& deployment_;
  OplogTime seen_;
  mongoc_client_t* client_;
  mongoc_client_session_t* session_ = nullptr;
};

}  // namespace sapdr::core::mongodb
