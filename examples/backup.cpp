// Backs up a folder, proves that the snapshot is right, and restores it somewhere else.
//
//   SAPDR_PASSWORD=secret ./backup REPOSITORY FOLDER TARGET
//
// REPOSITORY is created if there is none. Build with:
//   c++ -std=c++20 backup.cpp $(pkg-config --cflags --libs sapdr) -o backup
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <sapdr/sapdr.hpp>
#include <string>

namespace {

sapdr::repository open_or_init(const std::string& location, const std::string& password) {
  const sapdr::context context(
      {.log_level = SAPDR_LOG_WARNING,
       .on_log = [](const sapdr::log_record& record) { std::cerr << record.message << '\n'; }});
  const sapdr::backend storage(context, location);
  try {
    return sapdr::repository::open(context, storage, {.password = password});
  } catch (const sapdr::error& error) {
    if (error.code() != SAPDR_E_NO_REPOSITORY) throw;
    return sapdr::repository::init(context, storage, {.password = password});
  }
}

sapdr::observer watch(const char* what) {
  return {.on_progress =
              [what](const sapdr::progress& now) {
                if (now.bytes_done != 0)
                  std::fprintf(stderr, "\r%s: %-7s %10.1f MB", what, sapdr_phase_name(now.phase),
                               static_cast<double>(now.bytes_done) / 1e6);
                if (now.is_final) std::fputc('\n', stderr);
              },
          .on_item =
              [](const sapdr::item& item) {
                if (item.status != SAPDR_OK) std::cerr << item.path << ": " << item.message << '\n';
              }};
}

void run(sapdr::repository& repository, const std::string& folder, const std::string& target) {
  const sapdr::backup_result backup =
      repository.backup({folder}, {.observer = watch("backup"), .verify = true});
  const std::string id = sapdr::to_hex(backup.snapshot_id);

  for (const sapdr::snapshot_view& each : repository.snapshots())
    std::cout << "snapshot " << each.hex().substr(0, 8) << " of " << each.host() << ": "
              << each.files() << " files, " << each.bytes() << " bytes\n";

  const sapdr::verify_result same = repository.verify(id, std::nullopt);
  sapdr::restore_plan plan =
      repository.restore_plan(id, target, {.observer = watch("restore"), .verify = true});
  const sapdr::restore_stats restored = plan.run();

  const sapdr::stats_result stats = repository.stats();
  std::cout << "backed up " << backup.bytes_total << " bytes, stored " << backup.bytes_stored
            << " new ones in " << static_cast<double>(backup.elapsed_ns) / 1e9 << " s\n"
            << same.matching << " items are as in the snapshot, " << restored.files
            << " files restored to " << plan.target() << "\n"
            << "the repository holds " << stats.restore_bytes << " bytes in "
            << stats.repository_bytes << "\n";
}

}  // namespace

int main(int argc, char** argv) {
  const char* password = std::getenv("SAPDR_PASSWORD");
  if (argc != 4 || password == nullptr) {
    std::cerr << "usage: SAPDR_PASSWORD=… " << argv[0] << " REPOSITORY FOLDER TARGET\n";
    return sapdr_status_exit_code(SAPDR_E_INVALID_ARGUMENT);
  }
  try {
    sapdr::repository repository = open_or_init(argv[1], password);
    run(repository, argv[2], argv[3]);
    return 0;
  } catch (const sapdr::error& error) {
    std::cerr << "error: " << error.what() << '\n';
    return sapdr_status_exit_code(error.code());
  }
}
