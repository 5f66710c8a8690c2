#include "component/mongodb/deployment.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <mutex>

#include "base/encoding.hpp"

namespace sapdr::core::mongodb {

namespace {

// Once for the process, and never undone: others may use libmongoc as well. It prints nothing:
// what fails is thrown.
void start_driver() {
  static std::once_flag started;
  std::call_once(started, [] {
    mongoc_init();
    mongoc_log_set_handler(nullptr, nullptr);
  });
}

// Codes of server errors that mean: another server, or a moment later.
constexpr std::array passing_codes = {
    6,      // HostUnreachable
    7,      // HostNotFound
    43,     // CursorNotFound
    89,     // NetworkTimeout
    91,     // ShutdownInProgress
    134,    // ReadConcernMajorityNotAvailableYet
    136,    // CappedPositionLost
    175,    // QueryPlanKilled: something happened to the collection
    189,    // PrimarySteppedDown
    262,    // ExceededTimeLimit
    9001,   // SocketException
    10107,  // NotWritablePrimary
    11600,  // InterruptedAtShutdown
    11602,  // InterruptedDueToReplStateChange
    13435,  // NotPrimaryNoSecondaryOk
    13436,  // NotPrimaryOrSecondary
};

struct Meaning {
  Code code;
  Retry retry;
};

Meaning meaning_of_server(uint32_t code) {
  constexpr uint32_t unauthorized = 13, authentication_failed = 18, namespace_not_found = 26;
  if (code == unauthorized || code == authentication_failed)
    return {Code::permission, Retry::never};
  if (code == namespace_not_found) return {Code::not_found, Retry::never};
  const bool may_pass = std::find(passing_codes.begin(), passing_codes.end(),
                                  static_cast<int>(code)) != passing_codes.end();
  return may_pass ? Meaning{Code::network, Retry::yes} : Meaning{Code::io, Retry::never};
}

Meaning meaning_of(const bson_error_t& error) {
  switch (error.domain) {
    case MONGOC_ERROR_SERVER:
      return meaning_of_server(error.code);
    case MONGOC_ERROR_STREAM:
    case MONGOC_ERROR_SERVER_SELECTION:
      return {Code::network, Retry::yes};
    case MONGOC_ERROR_CLIENT:
      if (error.code == MONGOC_ERROR_CLIENT_AUTHENTICATE) return {Code::permission, Retry::never};
      return {Code::network, Retry::maybe};
    default:
      return {Code::io, Retry::never};
  }
}

Error failure(const Deployment& deployment, const std::string& what, const bson_error_t& error) {
  const Meaning meaning = meaning_of(error);
  return Error(meaning.code,
               "could not " + what + " of MongoDB at " + deployment.hosts() + ": " + error.message,
               meaning.retry)
      .with("hosts", deployment.hosts())
      .with("server_code", std::to_string(error.code));
}

std::string hosts_of(const mongoc_uri_t* uri) {
  std::string hosts;
  for (const mongoc_host_list_t* host = mongoc_uri_get_hosts(uri); host != nullptr;
       host = host->next) {
    if (!hosts.empty()) hosts += ",";
    hosts += host->host_and_port;
  }
  if (!hosts.empty()) return hosts;
  const char* srv = mongoc_uri_get_srv_hostname(uri);
  return srv != nullptr ? srv : "";
}

struct FreeUri {
  void operator()(mongoc_uri_t* uri) const { mongoc_uri_destroy(uri); }
};

// Parses without repeating anything of the text: it may hold a password.
std::unique_ptr<mongoc_uri_t, FreeUri> parse_uri(const std::string& text) {
  start_driver();
  bson_error_t error;
  std::unique_ptr<mongoc_uri_t, FreeUri> uri(mongoc_uri_new_with_error(text.c_str(), &error));
  if (uri == nullptr) {
    throw Error(Code::invalid_argument,
                "the MongoDB connection string is not valid: it has the form "
                "mongodb://USER:PASSWORD@HOST:PORT/?OPTIONS, with %XX for special characters in "
                "the password");
  }
  return uri;
}

// The first document of a collection that matches.
Document find_one(const char* collection, const Document& filter) {
  Document command;
  command.text("find", collection).document("filter", filter).number("limit", 1);
  command.boolean("singleBatch", true);
  return command;
}

std::string feature_compatibility_version(Client& client) {
  const Document reply = client.read(
      "admin", find_one("system.version", Document().text("_id", "featureCompatibilityVersion")),
      "read the feature compatibility version");
  return std::string(text_of(find(reply.get(), "cursor.firstBatch.0.version")));
}

// The UUID of a collection that is made when a replica set has its first primary, and that all its
// members have ever since. The set's own id is for administrators only.
std::string replica_set_id(Client& client) {
  Document filter, command;
  command.number("listCollections", 1).document("filter", filter.text("name", "transactions"));
  const Document reply = client.read("config", command, "ask which replica set it is");
  return to_hex(uuid_of(find(reply.get(), "cursor.firstBatch.0.info.uuid")));
}

// libmongoc would only say that there is no server.
void require_tls_files(const mongoc_uri_t* uri) {
  for (const char* option : {MONGOC_URI_TLSCAFILE, MONGOC_URI_TLSCERTIFICATEKEYFILE}) {
    const char* path = mongoc_uri_get_option_as_utf8(uri, option, nullptr);
    if (path == nullptr || access(path, R_OK) == 0) continue;
    const Error cause = system_error(errno, "could not read", path);
    throw Error(
        Code::invalid_argument,
        "the file for TLS in the MongoDB connection string is of no use: " + cause.message())
        .with("path", path);
  }
}

}  // namespace

Deployment::Deployment(ContextPtr context, const std::string& uri)
    : context_(std::move(context)), retries_(context_, "mongodb", "MongoDB") {
  const auto parsed = parse_uri(uri);
  require_tls_files(parsed.get());
  hosts_ = hosts_of(parsed.get());
  // Reads do not burden the primary unless they are told to.
  const bool is_chosen = mongoc_uri_has_option(parsed.get(), MONGOC_URI_READPREFERENCE);
  read_prefs_ = is_chosen ? mongoc_read_prefs_copy(mongoc_uri_get_read_prefs_t(parsed.get()))
                          : mongoc_read_prefs_new(MONGOC_READ_SECONDARY_PREFERRED);
  mongoc_uri_set_appname(parsed.get(), "sapdr");
  pool_ = mongoc_client_pool_new(parsed.get());
  if (pool_ == nullptr) {
    mongoc_read_prefs_destroy(read_prefs_);
    throw Error(Code::invalid_argument,
                "the MongoDB connection string asks for what libmongoc cannot do; look at its "
                "TLS and authentication options");
  }
  mongoc_client_pool_set_error_api(pool_, MONGOC_ERROR_API_VERSION_2);
}

Deployment::~Deployment() {
  mongoc_client_pool_destroy(pool_);
  mongoc_read_prefs_destroy(read_prefs_);
}

// The first question is not asked again and again: what was never reached is more likely a wrong
// name, or a certificate that is not trusted, than a server that comes back. The driver looks for
// one for half a minute.
Identity Deployment::identify() {
  Identity identity = ask_who_it_is();
  retries_.run("ask for the version", [&](bool) {
    Client client(*this);
    const Document build =
        client.read("admin", Document().number("buildInfo", 1), "ask for the version");
    identity.server_version = text_of(find(build.get(), "version"));
    identity.feature_compatibility_version = feature_compatibility_version(client);
    if (identity.has_oplog()) identity.replica_set_id = replica_set_id(client);
  });
  return identity;
}

Identity Deployment::ask_who_it_is() {
  Client client(*this);
  const Document hello = client.read("admin", Document().number("hello", 1), "ask who it is");
  if (text_of(find(hello.get(), "msg")) == "isdbgrid") {
    throw Error(Code::unsupported, "MongoDB at " + hosts_ +
                                       " is a sharded cluster, which is not supported yet; back up "
                                       "a replica set");
  }
  Identity identity;
  identity.replica_set = text_of(find(hello.get(), "setName"));
  return identity;
}

Client::Client(Deployment& deployment)
    : deployment_(deployment), client_(mongoc_client_pool_pop(deployment.pool_)) {
  // A cursor belongs to the session that opened it.
  mongoc_session_opt_t* options = mongoc_session_opts_new();
  mongoc_session_opts_set_causal_consistency(options, false);
  bson_error_t error;
  session_ = mongoc_client_start_session(client_, options, &error);
  mongoc_session_opts_destroy(options);
  if (session_ == nullptr) {
    mongoc_client_pool_push(deployment.pool_, client_);
    throw failure(deployment, "begin a session", error);
  }
}

Client::~Client() {
  mongoc_client_session_destroy(session_);
  mongoc_client_pool_push(deployment_.pool_, client_);
}

uint32_t Client::select_server(const std::string& what) {
  bson_error_t error;
  mongoc_server_description_t* server =
      mongoc_client_select_server(client_, /*for_writes=*/false, deployment_.read_prefs_, &error);
  if (server == nullptr) throw failure(deployment_, what, error);
  const uint32_t id = mongoc_server_description_id(server);
  mongoc_server_description_destroy(server);
  return id;
}

Document Client::read(std::string_view db, const Document& command, const std::string& what,
                      uint32_t server) {
  Document options;
  bson_error_t error;
  if (!mongoc_client_session_append(session_, options.get(), &error)) {
    throw failure(deployment_, what, error);
  }
  if (server != 0) options.number("serverId", server);
  bson_t reply;
  const bool went_well =
      mongoc_client_read_command_with_opts(client_, std::string(db).c_str(), command.get(),
                                           deployment_.read_prefs_, options.get(), &reply, &error);
  Document taken(reply);
  if (!went_well) throw failure(deployment_, what, error);
  seen_ = std::max(seen_, time_of(find(taken.get(), "operationTime")).value_or(OplogTime{}));
  return taken;
}

}  // namespace sapdr::core::mongodb
