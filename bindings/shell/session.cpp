#include "session.hpp"

namespace sapdr::shell {
namespace {

void on_log(void* user, const sapdr_log_record* record) {
  static_cast<Console*>(user)->log(*record);
}

Cancel new_cancel() {
  return make<Cancel>([](auto** out, sapdr_error** error) { return sapdr_cancel_new(out, error); });
}

}  // namespace

Session::Session(const GlobalOptions& options, Console& console, Report& report, Summary& summary)
    : options_(options),
      console_(console),
      report_(report),
      summary_(summary),
      cancel_(new_cancel()),
      signals_(cancel_.get()) {}

void Session::stop_if_cancelled() const {
  if (sapdr_cancel_is_triggered(cancel_.get()) != 0) {
    throw Failure(SAPDR_E_CANCELLED, "the command was cancelled");
  }
}

void Session::prepare() {
  sapdr_ctx_options context;
  SAPDR_INIT(&context);
  context.threads = options_.threads;
  context.log_level = console_.log_level();
  context.on_log = on_log;
  context.log_user = &console_;
  context_ = make<Context>(
      [&](auto** out, sapdr_error** error) { return sapdr_ctx_new(out, &context, error); });
  const std::string location = repository_location(options_);
  backend_ = make<Backend>([&](auto** out, sapdr_error** error) {
    return sapdr_backend_open(out, context_.get(), location.c_str(), error);
  });
  limit();
}

void Session::limit() {
  constexpr std::uint64_t kib = 1024;
  sapdr_limit_options limit;
  SAPDR_INIT(&limit);
  limit.upload = options_.limit_upload * kib;
  limit.download = options_.limit_download * kib;
  if (limit.upload == 0 && limit.download == 0) return;
  backend_ = make<Backend>([&](auto** out, sapdr_error** error) {
    return sapdr_backend_with_limit(out, backend_.get(), &limit, error);
  });
}

sapdr_repo* Session::open(bool skip_verify) {
  prepare();
  sapdr_repo_open_options open = open_options(options_);
  const Secret password = repository_password(options_, false);
  open.password = password.data();
  open.password_size = password.size();
  open.no_verify_blobs = skip_verify;
  repository_ = make<Repository>([&](auto** out, sapdr_error** error) {
    return sapdr_repo_open(out, context_.get(), backend_.get(), &open, error);
  });
  return repository_.get();
}

sapdr_repo* Session::create(std::uint32_t version, std::uint32_t scrypt_n) {
  prepare();
  sapdr_repo_init_options init;
  SAPDR_INIT(&init);
  const Secret password = repository_password(options_, true);
  init.version = version;
  init.password = password.data();
  init.password_size = password.size();
  init.scrypt_n = scrypt_n;
  repository_ = make<Repository>([&](auto** out, sapdr_error** error) {
    return sapdr_repo_init(out, context_.get(), backend_.get(), &init, error);
  });
  return repository_.get();
}

}  // namespace sapdr::shell
