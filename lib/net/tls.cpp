#include "net/tls.hpp"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>

namespace sapdr::core {

namespace {

template <auto free>
struct Freed {
  template <class T>
  void operator()(T* object) const {
    free(object);
  }
};
using SslPtr = std::unique_ptr<SSL, Freed<SSL_free>>;
using SessionPtr = std::unique_ptr<SSL_SESSION, Freed<SSL_SESSION_free>>;

// Several records come with one system call.
constexpr size_t read_ahead = 256 * 1024;
// What one step may move before the caller looks whether it was cancelled.
constexpr size_t max_step = 1024 * 1024;
// Of origins; beyond it all are forgotten.
constexpr size_t max_sessions = 64;

bool is_address(const std::string& host) {
  unsigned char bytes[sizeof(in6_addr)];
  return ::inet_pton(AF_INET, host.c_str(), bytes) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), bytes) == 1;
}

// The reason of OpenSSL's latest error in this thread; the queue is empty afterwards.
std::string openssl_reason() {
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "TLS failed" : std::string("TLS failed: ") + reason;
}

// True if the two sides do not fit together: trying again does not help.
bool is_mismatch(unsigned long code) {
  if (ERR_GET_LIB(code) != ERR_LIB_SSL) return false;
  switch (ERR_GET_REASON(code)) {
    case SSL_R_WRONG_VERSION_NUMBER:  // no TLS at all
    case SSL_R_HTTP_REQUEST:
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
    case SSL_R_TLSV1_UNRECOGNIZED_NAME:
      return true;
    default:
      return false;
  }
}

}  // namespace

struct TlsContext::Shared {
  std::unique_ptr<SSL_CTX, Freed<SSL_CTX_free>> ctx;
  std::unique_ptr<BIO_METHOD, Freed<BIO_meth_free>> method;
  std::once_flag trusts_system;
  std::mutex mutex;
  std::map<std::string, SessionPtr> sessions;  // by origin

  // Takes a tenth of a second for a hundred certificates, so it waits until it is needed. What
  // cannot be read is noticed when a server cannot be verified.
  void trust_system() {
    std::call_once(trusts_system, [&] {
      SSL_CTX_set_default_verify_paths(ctx.get());
      ERR_clear_error();
    });
  }

  void keep(const std::string& origin, SessionPtr session) {
    const std::lock_guard lock(mutex);
    if (sessions.size() >= max_sessions) sessions.clear();
    sessions[origin] = std::move(session);
  }
  void resume(const std::string& origin, SSL* ssl) {
    const std::lock_guard lock(mutex);
    const auto found = sessions.find(origin);
    if (found != sessions.end()) SSL_set_session(ssl, found->second.get());
  }
};

namespace {

class TlsStream final : public Stream {
 public:
  TlsStream(StreamPtr under, TlsContext::Shared& shared, const Url& url);
  // SSL_free would forget the session of a connection that was not shut down; the server learns
  // from TCP that it is over.
  ~TlsStream() override { SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN); }

  void handshake(Patience& patience);
  Step read_some(ByteSpan to) override;
  Step write_some(ByteView first, ByteView second) override;
  int socket() const override { return under_->socket(); }
  const std::string& failure() const override { return failure_; }

  static BIO_METHOD* new_method();
  static int keep_session(SSL* ssl, SSL_SESSION* session);

 private:
  static TlsStream& of(BIO* bio) { return *static_cast<TlsStream*>(BIO_get_data(bio)); }
  static int bio_read(BIO* bio, char* to, int size);
  static int bio_write(BIO* bio, const char* from, int size);
  static long bio_control(BIO* bio, int command, long, void*);
  static int moved(BIO* bio, const Step& step);

  Step step_of(int result);
  template <class Call>
  Step move(size_t size, Call call);
  Error certificate_error(const Patience& patience, long reason) const;

  const StreamPtr under_;
  TlsContext::Shared& shared_;
  const std::string host_;
  const std::string origin_;
  SslPtr ssl_;
  Step last_{State::moved};  // of the stream below
  std::string failure_;
};

int TlsStream::bio_read(BIO* bio, char* to, int size) {
  const size_t wanted = static_cast<size_t>(size);
  return moved(bio, of(bio).under_->read_some({reinterpret_cast<std::byte*>(to), wanted}));
}

int TlsStream::bio_write(BIO* bio, const char* from, int size) {
  const std::string_view text(from, static_cast<size_t>(size));
  const int result = moved(bio, of(bio).under_->write_some(as_bytes(text), {}));
  // A failure to write looks like one to wait for, since OpenSSL would end the connection, and with
  // it the way to read what the server said before it closed: write_some() knows better.
  if (result <= 0) BIO_set_retry_write(bio);
  return result <= 0 ? -1 : result;
}

int TlsStream::moved(BIO* bio, const Step& step) {
  BIO_clear_retry_flags(bio);
  of(bio).last_ = step;
  switch (step.state) {
    case State::moved:
      return static_cast<int>(step.bytes);
    case State::closed:
      return 0;
    case State::wants_read:
      BIO_set_retry_read(bio);
      return -1;
    case State::wants_write:
      BIO_set_retry_write(bio);
      return -1;
    default:
      return -1;
  }
}

long TlsStream::bio_control(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_EOF) return of(bio).last_.state == State::closed ? 1 : 0;
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

BIO_METHOD* TlsStream::new_method() {
  BIO_METHOD* method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "sapdr stream");
  if (method == nullptr) throw std::bad_alloc();
  BIO_meth_set_read(method, bio_read);
  BIO_meth_set_write(method, bio_write);
  BIO_meth_set_ctrl(method, bio_control);
  BIO_meth_set_create(method, [](BIO* bio) {
    BIO_set_init(bio, 1);
    return 1;
  });
  return method;
}

TlsStream::TlsStream(StreamPtr under, TlsContext::Shared& shared, const Url& url)
    : under_(std::move(under)),
      shared_(shared),
      host_(url.host),
      origin_(url.origin()),
      ssl_(SSL_new(shared.ctx.get())) {
  BIO* bio = ssl_ ? BIO_new(shared.method.get()) : nullptr;
  if (bio == nullptr) throw std::bad_alloc();
  BIO_set_data(bio, this);
  SSL_set_bio(ssl_.get(), bio, bio);
  SSL_set_app_data(ssl_.get(), this);
  int ok = 0;
  if (is_address(host_)) {
    ok = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_.get()), host_.c_str());
  } else {
    SSL_set_hostflags(ssl_.get(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    ok = SSL_set1_host(ssl_.get(), host_.c_str()) == 1 &&
         SSL_set_tlsext_host_name(ssl_.get(), host_.c_str()) == 1;
  }
  if (ok != 1) throw Error(Code::internal, openssl_reason() + ", before a connection to " + host_);
  shared_.resume(origin_, ssl_.get());
}

int TlsStream::keep_session(SSL* ssl, SSL_SESSION* session) {
  const auto& self = *static_cast<TlsStream*>(SSL_get_app_data(ssl));
  try {
    self.shared_.keep(self.origin_, SessionPtr(session));
  } catch (const std::bad_alloc&) {
    // It was freed: the next connection begins anew.
  }
  return 1;
}

void TlsStream::handshake(Patience& patience) {
  while (true) {
    ERR_clear_error();
    const int result = SSL_connect(ssl_.get());
    if (result == 1) return;
    const long verified = SSL_get_verify_result(ssl_.get());
    const bool does_not_fit = is_mismatch(ERR_peek_last_error());
    const Step step = step_of(result);
    if (is_end(step.state)) {
      if (verified != X509_V_OK) throw certificate_error(patience, verified);
      throw patience
          .network("no TLS connection to " + host_ + ": " + failure_,
                   does_not_fit ? Retry::never : Retry::yes)
          .with("host", host_);
    }
    patience.wait(socket(), step.state == State::wants_write ? POLLOUT : POLLIN);
  }
}

Error TlsStream::certificate_error(const Patience& patience, long reason) const {
  const std::string why = X509_verify_cert_error_string(reason);
  return patience
      .network(
          "the certificate of " + host_ + " was not accepted: " + why +
              "; look whether this is the right host and clock, or trust its CA with a CA file",
          Retry::never)
      .with("host", host_)
      .with("certificate", why);
}

// What a call of OpenSSL that moved nothing means.
Stream::Step TlsStream::step_of(int result) {
  const int error = SSL_get_error(ssl_.get(), result);
  if (is_end(last_.state)) {
    ERR_clear_error();
    failure_ = under_->failure();
    return last_;
  }
  switch (error) {
    case SSL_ERROR_WANT_READ:
      return {State::wants_read};
    case SSL_ERROR_WANT_WRITE:
      return {State::wants_write};
    case SSL_ERROR_ZERO_RETURN:
      failure_ = "the server closed the connection";
      return {State::closed};
    default:
      failure_ = openssl_reason();
      return {State::failed};
  }
}

// As much of `size` bytes as `call` moves, which is told where, how much, and tells how much it
// was.
template <class Call>
Stream::Step TlsStream::move(size_t size, Call call) {
  size_t done = 0;
  const size_t wanted = std::min(size, max_step);
  while (done < wanted) {
    ERR_clear_error();
    size_t n = 0;
    const int result = call(done, wanted - done, n);
    if (result == 1) {
      done += n;
      continue;
    }
    // An end comes out of the next call again.
    if (done == 0) return step_of(result);
    break;
  }
  return {State::moved, done};
}

Stream::Step TlsStream::read_some(ByteSpan to) {
  return move(to.size(), [&](size_t at, size_t size, size_t& n) {
    return SSL_read_ex(ssl_.get(), to.data() + at, size, &n);
  });
}

Stream::Step TlsStream::write_some(ByteView first, ByteView second) {
  const ByteView from = first.empty() ? second : first;
  return move(from.size(), [&](size_t at, size_t size, size_t& n) {
    return SSL_write_ex(ssl_.get(), from.data() + at, size, &n);
  });
}

}  // namespace

TlsContext::TlsContext(const std::string& ca_file) : shared_(std::make_unique<Shared>()) {
  shared_->ctx.reset(SSL_CTX_new(TLS_client_method()));
  shared_->method.reset(TlsStream::new_method());
  SSL_CTX* ctx = shared_->ctx.get();
  if (ctx == nullptr) throw Error(Code::internal, openssl_reason());
  SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
  SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_read_ahead(ctx, 1);
  SSL_CTX_set_default_read_buffer_len(ctx, read_ahead);
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(ctx, TlsStream::keep_session);
  if (!ca_file.empty() && SSL_CTX_load_verify_file(ctx, ca_file.c_str()) != 1) {
    ERR_clear_error();
    throw Error(Code::invalid_argument,
                "the CA file " + ca_file + " cannot be read or holds no certificate in PEM")
        .with("path", ca_file);
  }
}

TlsContext::~TlsContext() = default;

StreamPtr TlsContext::handshake(StreamPtr under, const Url& url, Patience& patience) const {
  shared_->trust_system();
  auto stream = std::make_unique<TlsStream>(std::move(under), *shared_, url);
  stream->handshake(patience);
  return stream;
}

}  // namespace sapdr::core
