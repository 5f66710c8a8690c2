#include <mutex>

#include "base/error.hpp"
#include "net/azure/issuers.hpp"

namespace sapdr::core {

namespace {

class FirstIssuer final : public TokenIssuer {
 public:
  FirstIssuer(std::vector<TokenIssuerPtr> issuers, std::string before)
      : issuers_(std::move(issuers)), before_(std::move(before)) {}

  std::string name() const override {
    const TokenIssuerPtr chosen = this->chosen();
    return chosen ? chosen->name() : "the identity of this machine";
  }

  IssuedToken issue(const std::string& scope) override {
    if (const TokenIssuerPtr chosen = this->chosen()) return chosen->issue(scope);
    std::string looked_for = before_;
    for (const TokenIssuerPtr& each : issuers_) {
      try {
        IssuedToken issued = each->issue(scope);
        const std::lock_guard lock(mutex_);
        chosen_ = each;
        return issued;
      } catch (const Error& error) {
        if (error.code() != Code::not_found) throw;
        looked_for += "; " + error.message();
      }
    }
    throw Error(Code::not_found, "no Azure credential was found (" + looked_for + ")");
  }

 private:
  TokenIssuerPtr chosen() const {
    const std::lock_guard lock(mutex_);
    return chosen_;
  }

  const std::vector<TokenIssuerPtr> issuers_;
  const std::string before_;
  mutable std::mutex mutex_;
  TokenIssuerPtr chosen_;
};

}  // namespace

TokenIssuerPtr first_issuer(std::vector<TokenIssuerPtr> issuers, std::string before) {
  return std::make_shared<FirstIssuer>(std::move(issuers), std::move(before));
}

}  // namespace sapdr::core
