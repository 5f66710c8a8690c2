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

sapdr_ctx* Session::context() {
  if (context_) return context_.get();
  sapdr_ctx_options options;
  SAPDR_INIT(&options);
  read_pace(options_, options);
  options.log_level = console_.log_level();
  options.on_log = on_log;
  options.log_user = &console_;
  context_ = make<Context>(
      [&](auto** out, sapdr_error** error) { return sapdr_ctx_new(out, &options, error); });
  return context_.get();
}

void Session::print_document(std::string_view text) {
  if (options_.json) throw usage_error("this is printed as it is, not as the events of --json");
  report_.content("", "", text);
}

Backend Session::storage_at(const std::string& location, bool only_reads) {
  StorageOptions storage = options_.storage;
  storage.only_reads = only_reads;
  if (storage.ca_file.empty()) storage.ca_file = variable_of_any_prefix("CACERT");
  constexpr std::uint64_t kib = 1024;
  storage.limit_upload = options_.limit_upload * kib;
  storage.limit_download = options_.limit_download * kib;
  return open_storage(context(), location, storage);
}

Repository Session::open_at(const std::string& location, sapdr_repo_open_options options,
                            const Secret& password, bool only_reads) {
  options.password = password.data();
  options.password_size = password.size();
  const std::string cache = options_.no_cache ? "" : cache_folder(options_);
  options.cache_dir = cache.empty() ? nullptr : cache.c_str();
  options.cancel = cancel();
  const Backend storage = storage_at(location, only_reads);
  return make<Repository>([&](auto** out, sapdr_error** error) {
    return sapdr_repo_open(out, context(), storage.get(), &options, error);
  });
}

Backend Session::storage(const std::string& location) {
  return storage_at(location.empty() ? repository_location(options_.repository, kRepository)
                                     : location);
}

sapdr_repo* Session::open(bool skip_verify) {
  const std::string location = repository_location(options_.repository, kRepository);
  sapdr_repo_open_options options = open_options(options_);
  options.no_verify_blobs = skip_verify;
  if (from_) options.no_lock = 0;
  repository_ =
      open_at(location, options, read_password(options_.repository.password, kPassword), false);
  return repository_.get();
}

sapdr_repo* Session::open_to_read() {
  const std::string location = repository_location(options_.repository, kRepository);
  repository_ = open_at(location, open_options(options_),
                        read_password(options_.repository.password, kPassword), true);
  return repository_.get();
}

sapdr_repo* Session::open_from(const RepositoryOptions& from) {
  const std::string location = repository_location(from, kFromRepository);
  sapdr_repo_open_options options = open_options(options_);
  options.key_hint = from.key_hint.empty() ? nullptr : from.key_hint.c_str();
  from_ = open_at(location, options, read_password(from.password, kFromPassword), true);
  return from_.get();
}

sapdr_repo* Session::create(sapdr_repo_init_options options) {
  const Backend storage = storage_at(repository_location(options_.repository, kRepository));
  const Secret password = read_password(options_.repository.password, kFirstPassword);
  options.password = password.data();
  options.password_size = password.size();
  options.cancel = cancel();
  repository_ = make<Repository>([&](auto** out, sapdr_error** error) {
    return sapdr_repo_init(out, context(), storage.get(), &options, error);
  });
  return repository_.get();
}

}  // namespace sapdr::shell
