#include "net/azure/token_keeper.hpp"

#include <openssl/sha.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>

#include "base/cancel.hpp"
#include "base/error.hpp"
#include "base/id.hpp"
#include "net/azure/secret_text.hpp"

namespace sapdr::core {

namespace {

constexpr UnixNs second = 1'000'000'000;
constexpr UnixNs minute = 60 * second;
constexpr size_t max_refused = 16;

Id hash_of(std::string_view token) {
  Id id;
  SHA256(uc(as_bytes(token).data()), token.size(), uc(id.bytes.data()));
  return id;
}

// The token of one scope. Under the mutex of the keeper.
struct Kept {
  AccessToken token;
  UnixNs renew = 0;   // from then on a new one is asked for
  UnixNs usable = 0;  // until then it may be given away
  bool is_renewing = false;
  uint64_t renewals = 0;         // that ended
  std::optional<Error> failure;  // of the last one
  std::deque<Id> refused;        // the latest

  bool is_good(UnixNs now) const { return !token.secret.empty() && now < usable; }

  bool was_refused(const Id& id) const {
    return std::find(refused.begin(), refused.end(), id) != refused.end();
  }

  void refuse(const std::string& secret) {
    const Id id = hash_of(secret);
    if (!was_refused(id)) refused.push_back(id);
    if (refused.size() > max_refused) refused.pop_front();
    if (token.secret == secret) token = AccessToken();
  }

  void take(IssuedToken issued, UnixNs now) {
    const UnixNs life = issued.token.expires - now;
    renew = life > 10 * minute ? issued.token.expires - 5 * minute : now + life / 2;
    if (issued.refresh != 0) renew = std::clamp(issued.refresh, now, renew);
    usable = issued.token.expires - std::min(30 * second, life / 10);
    token = std::move(issued.token);
  }
};

// What callers of a credential may see. A missing file or object is a matter of whoever asks for
// tokens; it must not look like one of storage.
Error as_credential_error(const Error& error) {
  switch (error.code()) {
    case Code::auth:
    case Code::network:
    case Code::timeout:
    case Code::cancelled:
    case Code::invalid_argument:
    case Code::no_memory:
    case Code::internal:
      return error;
    default:
      return Error(Code::auth, error.message(), error.retry()).because(error);
  }
}

void check_scope(const std::string& scope) {
  const bool is_plain = std::all_of(scope.begin(), scope.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("-_.:/").find(c) != std::string_view::npos;
  });
  if (scope.empty() || scope.front() == '-' || scope.size() > 1024 || !is_plain) {
    throw Error(Code::invalid_argument,
                "\"" + quoted(scope, 80) + "\" is not a scope that tokens are made for");
  }
}

class TokenKeeper final : public TokenCredential {
 public:
  TokenKeeper(ContextPtr context, TokenIssuerPtr issuer)
      : context_(std::move(context)), issuer_(std::move(issuer)) {}

  std::string name() const override { return issuer_->name(); }
  AccessToken token(const std::string& scope, const std::string& refused) override;

 private:
  using Lock = std::unique_lock<std::mutex>;

  AccessToken renew(Lock& lock, const std::string& scope, Kept& kept);
  IssuedToken issue(const std::string& scope) const;
  void judge(const IssuedToken& issued, const Kept& kept, UnixNs now) const;
  void wait_for_renewal(Lock& lock, const Kept& kept);

  const ContextPtr context_;
  const TokenIssuerPtr issuer_;
  std::mutex mutex_;  // around kept_; not held while a token is asked for
  std::condition_variable renewed_;
  std::map<std::string, Kept> kept_;
};

AccessToken TokenKeeper::token(const std::string& scope, const std::string& refused) {
  context_->check_process();
  check_scope(scope);
  Lock lock(mutex_);
  Kept& kept = kept_[scope];
  if (!refused.empty()) kept.refuse(refused);
  for (;;) {
    const UnixNs now = context_->now();
    if (kept.is_good(now) && (now < kept.renew || kept.is_renewing)) return kept.token;
    if (!kept.is_renewing) return renew(lock, scope, kept);
    wait_for_renewal(lock, kept);
  }
}

// Throws its error if it failed, but for that of a thread whose operation was cancelled: then it is
// this thread's turn.
void TokenKeeper::wait_for_renewal(Lock& lock, const Kept& kept) {
  const uint64_t before = kept.renewals;
  while (kept.renewals == before) {
    renewed_.wait_for(lock, std::chrono::milliseconds(50));
    const Cancel* cancel = CancelScope::current();
    if (cancel != nullptr && cancel->is_triggered()) {
      throw Error(Code::cancelled, "the operation was cancelled while it waited for a token");
    }
  }
  if (kept.failure && kept.failure->code() != Code::cancelled) throw *kept.failure;
}

AccessToken TokenKeeper::renew(Lock& lock, const std::string& scope, Kept& kept) {
  kept.is_renewing = true;
  std::optional<IssuedToken> issued;
  std::optional<Error> failure;
  lock.unlock();
  try {
    issued = issue(scope);
  } catch (...) {
    failure = as_credential_error(current_error());
  }
  lock.lock();
  kept.is_renewing = false;
  ++kept.renewals;
  renewed_.notify_all();
  const UnixNs now = context_->now();
  if (issued) {
    try {
      judge(*issued, kept, now);
      kept.take(std::move(*issued), now);
    } catch (const Error& error) {
      failure = error;
    }
  }
  kept.failure = failure;
  if (!failure) return kept.token;
  if (failure->code() == Code::cancelled || !kept.is_good(now)) throw *failure;
  kept.renew = now + 30 * second;
  context_->log(LogLevel::warning, "identity",
                "the token was not renewed and is used on: " + failure->message());
  return kept.token;
}

IssuedToken TokenKeeper::issue(const std::string& scope) const {
  IssuedToken issued = issuer_->issue(scope);
  context_->log(LogLevel::debug, "identity",
                "a token for " + scope + " by " + issuer_->name() + " is good until " +
                    format_time(issued.token.expires));
  return issued;
}

void TokenKeeper::judge(const IssuedToken& issued, const Kept& kept, UnixNs now) const {
  if (issued.token.expires <= now) {
    throw Error(Code::auth, "the token for " + name() + " expired at " +
                                format_time(issued.token.expires) +
                                " already; is the clock of this machine right?");
  }
  if (kept.was_refused(hash_of(issued.token.secret))) {
    throw Error(Code::auth, "the service refuses the token for " + name() +
                                ", and asked for another one its issuer gives the same; does this "
                                "identity have the role that it needs?");
  }
}

}  // namespace

TokenCredentialPtr keep_tokens(ContextPtr context, TokenIssuerPtr issuer) {
  return std::make_shared<TokenKeeper>(std::move(context), std::move(issuer));
}

}  // namespace sapdr::core
