// The options structs of sapdr.hpp, which the package fills in.
#include <pybind11/chrono.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <sapdr/sapdr.hpp>

#include "bind.hpp"

namespace sapdr_python {

namespace py = pybind11;

namespace {

void bind_pace(py::module_& module) {
  using options = sapdr::context_options;
  py::class_<options>(module, "Pace")
      .def(py::init<>())
      .def_readwrite("limit_cpu_percent", &options::limit_cpu_percent)
      .def_readwrite("nice", &options::nice)
      .def_readwrite("io_class", &options::io_class)
      .def_readwrite("io_level", &options::io_level);
}

void bind_open_options(py::module_& module) {
  py::class_<sapdr::init_options>(module, "InitOptions")
      .def(py::init<>())
      .def_readwrite("password", &sapdr::init_options::password)
      .def_readwrite("version", &sapdr::init_options::version)
      .def_readwrite("scrypt_n", &sapdr::init_options::scrypt_n)
      .def_readwrite("scrypt_r", &sapdr::init_options::scrypt_r)
      .def_readwrite("scrypt_p", &sapdr::init_options::scrypt_p)
      .def_readwrite("codec", &sapdr::init_options::codec);
  py::class_<sapdr::open_options>(module, "OpenOptions")
      .def(py::init<>())
      .def_readwrite("password", &sapdr::open_options::password)
      .def_readwrite("compression", &sapdr::open_options::compression)
      .def_readwrite("key_hint", &sapdr::open_options::key_hint)
      .def_readwrite("pack_size_mib", &sapdr::open_options::pack_size_mib)
      .def_readwrite("no_lock", &sapdr::open_options::no_lock)
      .def_readwrite("no_verify_blobs", &sapdr::open_options::no_verify_blobs)
      .def_readwrite("retry_lock", &sapdr::open_options::retry_lock)
      .def_readwrite("cache_dir", &sapdr::open_options::cache_dir)
      .def_readwrite("cache_size", &sapdr::open_options::cache_size);
}

void bind_azure_options(py::module_& module) {
  using options = sapdr::azure_options;
  py::class_<options>(module, "AzureOptions")
      .def(py::init<>())
      .def_readwrite("connections", &options::connections)
      .def_readwrite("account", &options::account)
      .def_readwrite("account_key", &options::account_key)
      .def_readwrite("sas", &options::sas)
      .def_readwrite("connection_string", &options::connection_string)
      .def_readwrite("identity_kind", &options::identity_kind)
      .def_readwrite("pack_tier", &options::pack_tier)
      .def_readwrite("authority_host", &options::authority_host)
      .def_readwrite("tenant_id", &options::tenant_id)
      .def_readwrite("client_id", &options::client_id)
      .def_readwrite("client_secret", &options::client_secret)
      .def_readwrite("certificate_path", &options::certificate_path)
      .def_readwrite("certificate_password", &options::certificate_password)
      .def_readwrite("federated_token_file", &options::federated_token_file)
      .def_readwrite("ca_file", &options::ca_file)
      .def_readwrite("proxy", &options::proxy)
      .def_readwrite("connect_timeout", &options::connect_timeout)
      .def_readwrite("first_byte_timeout", &options::first_byte_timeout)
      .def_readwrite("stall_timeout", &options::stall_timeout)
      .def_readwrite("retry_for", &options::retry_for)
      .def_readwrite("retry", &options::retry)
      .def_readwrite("secondary", &options::secondary)
      .def_readwrite("rehydrate_fast", &options::rehydrate_fast)
      .def_readwrite("account_id", &options::account_id)
      .def_readwrite("management_endpoint", &options::management_endpoint)
      .def_readwrite("limit_upload", &options::limit_upload)
      .def_readwrite("limit_download", &options::limit_download);
}

void bind_key_options(py::module_& module) {
  py::class_<sapdr::key_options>(module, "KeyOptions")
      .def(py::init<>())
      .def_readwrite("password", &sapdr::key_options::password)
      .def_readwrite("scrypt_n", &sapdr::key_options::scrypt_n)
      .def_readwrite("scrypt_r", &sapdr::key_options::scrypt_r)
      .def_readwrite("scrypt_p", &sapdr::key_options::scrypt_p)
      .def_readwrite("host", &sapdr::key_options::host)
      .def_readwrite("user", &sapdr::key_options::user);
}

void bind_backup_options(py::module_& module) {
  using options = sapdr::backup_options;
  py::class_<options>(module, "BackupOptions")
      .def(py::init<>())
      .def_readwrite("host", &options::host)
      .def_readwrite("tags", &options::tags)
      .def_readwrite("time_ns", &options::time_ns)
      .def_readwrite("parent", &options::parent)
      .def_readwrite("excludes", &options::excludes)
      .def_readwrite("iexcludes", &options::iexcludes)
      .def_readwrite("exclude_files", &options::exclude_files)
      .def_readwrite("exclude_if_present", &options::exclude_if_present)
      .def_readwrite("exclude_larger_than", &options::exclude_larger_than)
      .def_readwrite("exclude_caches", &options::exclude_caches)
      .def_readwrite("one_file_system", &options::one_file_system)
      .def_readwrite("ignore_inode", &options::ignore_inode)
      .def_readwrite("ignore_ctime", &options::ignore_ctime)
      .def_readwrite("with_atime", &options::with_atime)
      .def_readwrite("dry_run", &options::dry_run)
      .def_readwrite("verify", &options::verify)
      .def_readwrite("verify_max_age", &options::verify_max_age)
      .def_readwrite("chunker", &options::chunker);
}

void bind_reading_options(py::module_& module) {
  py::class_<sapdr::snapshot_filter>(module, "SnapshotFilter")
      .def(py::init<>())
      .def_readwrite("hosts", &sapdr::snapshot_filter::hosts)
      .def_readwrite("tags", &sapdr::snapshot_filter::tags)
      .def_readwrite("paths", &sapdr::snapshot_filter::paths)
      .def_readwrite("tag_lists", &sapdr::snapshot_filter::tag_lists);
  py::class_<sapdr::walk_options>(module, "WalkOptions")
      .def(py::init<>())
      .def_readwrite("not_recursive", &sapdr::walk_options::not_recursive)
      .def_readwrite("paths", &sapdr::walk_options::paths);
  py::class_<sapdr::restore_options>(module, "RestoreOptions")
      .def(py::init<>())
      .def_readwrite("overwrite", &sapdr::restore_options::overwrite)
      .def_readwrite("includes", &sapdr::restore_options::includes)
      .def_readwrite("excludes", &sapdr::restore_options::excludes)
      .def_readwrite("verify", &sapdr::restore_options::verify)
      .def_readwrite("no_owner", &sapdr::restore_options::no_owner)
      .def_readwrite("no_sparse", &sapdr::restore_options::no_sparse)
      .def_readwrite("remove_extra", &sapdr::restore_options::remove_extra);
  py::class_<sapdr::check_options>(module, "CheckOptions")
      .def(py::init<>())
      .def_readwrite("read_data", &sapdr::check_options::read_data)
      .def_readwrite("read_data_subset", &sapdr::check_options::read_data_subset)
      .def_readwrite("budget_bytes", &sapdr::check_options::budget_bytes)
      .def_readwrite("budget_time", &sapdr::check_options::budget_time)
      .def_readwrite("max_age", &sapdr::check_options::max_age);
  py::class_<sapdr::repair_options>(module, "RepairOptions")
      .def(py::init<>())
      .def_readwrite("dry_run", &sapdr::repair_options::dry_run)
      .def_readwrite("read_all_packs", &sapdr::repair_options::read_all_packs)
      .def_readwrite("forget", &sapdr::repair_options::forget)
      .def_readwrite("names", &sapdr::repair_options::names);
  py::class_<sapdr::copy_options>(module, "CopyOptions")
      .def(py::init<>())
      .def_readwrite("dry_run", &sapdr::copy_options::dry_run);
  py::class_<sapdr::tag_options>(module, "TagOptions")
      .def(py::init<>())
      .def_readwrite("add", &sapdr::tag_options::add)
      .def_readwrite("remove", &sapdr::tag_options::remove)
      .def_readwrite("set", &sapdr::tag_options::set);
  py::class_<sapdr::diff_options>(module, "DiffOptions")
      .def(py::init<>())
      .def_readwrite("metadata", &sapdr::diff_options::metadata)
      .def_readwrite("no_blobs", &sapdr::diff_options::no_blobs);
  py::class_<sapdr::find_options>(module, "FindOptions")
      .def(py::init<>())
      .def_readwrite("patterns", &sapdr::find_options::patterns)
      .def_readwrite("ignore_case", &sapdr::find_options::ignore_case)
      .def_readwrite("oldest_ns", &sapdr::find_options::oldest_ns)
      .def_readwrite("newest_ns", &sapdr::find_options::newest_ns)
      .def_readwrite("blobs", &sapdr::find_options::blobs)
      .def_readwrite("trees", &sapdr::find_options::trees)
      .def_readwrite("packs", &sapdr::find_options::packs)
      .def_readwrite("snapshots", &sapdr::find_options::snapshots);
  py::class_<sapdr::verify_options>(module, "VerifyOptions")
      .def(py::init<>())
      .def_readwrite("strict", &sapdr::verify_options::strict)
      .def_readwrite("includes", &sapdr::verify_options::includes)
      .def_readwrite("excludes", &sapdr::verify_options::excludes);
}

void bind_checksum_options(py::module_& module) {
  py::class_<sapdr::checksum_options>(module, "ChecksumOptions")
      .def(py::init<>())
      .def_readwrite("paths", &sapdr::checksum_options::paths)
      .def_readwrite("excludes", &sapdr::checksum_options::excludes);
  using options = sapdr::manifest_verify_options;
  py::class_<options>(module, "ManifestVerifyOptions")
      .def(py::init<>())
      .def_readwrite("strict", &options::strict)
      .def_readwrite("paths", &options::paths)
      .def_readwrite("excludes", &options::excludes)
      .def_readwrite("ignore_missing", &options::ignore_missing);
}

void bind_removing_options(py::module_& module) {
  using forget = sapdr::forget_options;
  py::class_<forget>(module, "ForgetOptions")
      .def(py::init<>())
      .def_readwrite("group_by", &forget::group_by)
      .def_readwrite("keep_last", &forget::keep_last)
      .def_readwrite("keep_hourly", &forget::keep_hourly)
      .def_readwrite("keep_daily", &forget::keep_daily)
      .def_readwrite("keep_weekly", &forget::keep_weekly)
      .def_readwrite("keep_monthly", &forget::keep_monthly)
      .def_readwrite("keep_yearly", &forget::keep_yearly)
      .def_readwrite("keep_within", &forget::keep_within)
      .def_readwrite("keep_within_hourly", &forget::keep_within_hourly)
      .def_readwrite("keep_within_daily", &forget::keep_within_daily)
      .def_readwrite("keep_within_weekly", &forget::keep_within_weekly)
      .def_readwrite("keep_within_monthly", &forget::keep_within_monthly)
      .def_readwrite("keep_within_yearly", &forget::keep_within_yearly)
      .def_readwrite("keep_tags", &forget::keep_tags)
      .def_readwrite("snapshots", &forget::snapshots)
      .def_readwrite("allow_remove_all", &forget::allow_remove_all);
  using prune = sapdr::prune_options;
  py::class_<prune>(module, "PruneOptions")
      .def(py::init<>())
      .def_readwrite("repack_small", &prune::repack_small)
      .def_readwrite("max_unused", &prune::max_unused)
      .def_readwrite("max_repack_size", &prune::max_repack_size)
      .def_readwrite("grace", &prune::grace)
      .def_readwrite("without_snapshots", &prune::without_snapshots)
      .def_readwrite("forget", &prune::forget);
}

}  // namespace

void bind_options(py::module_& module) {
  bind_pace(module);
  bind_open_options(module);
  bind_azure_options(module);
  bind_key_options(module);
  bind_backup_options(module);
  bind_reading_options(module);
  bind_checksum_options(module);
  bind_removing_options(module);
}

}  // namespace sapdr_python
