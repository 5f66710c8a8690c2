/* libsapdr for C++20: RAII, exceptions and lambdas over the C ABI. Header-only: it is compiled
 * into the program that includes it, and needs nothing of the library but its C symbols.
 *
 * OVERVIEW, and the order to read the headers in:
 *   1. cpp/error.hpp       error: what a failed call throws; run_error: with the result so far
 *   2. cpp/context.hpp     context, cancel_source
 *   3. cpp/backend.hpp     backend, and what can be put around one; storage: one of your own
 *   4. cpp/observer.hpp    progress and items, told to lambdas
 *   5. cpp/key.hpp         key, key_options
 *   6. cpp/backup.hpp      backup_options, stream, stream_source
 *   7. cpp/snapshot.hpp    snapshot, snapshot_list (a range), snapshot_filter
 *   8. cpp/tag.hpp         tag_options
 *   9. cpp/tree.hpp        walk (an input range) of nodes
 *  10. cpp/file.hpp        file, to be read from anywhere
 *  11. cpp/diff.hpp        diff_options, difference
 *  12. cpp/find.hpp        find_options, match
 *  13. cpp/restore.hpp     restore_options, restore_plan
 *  14. cpp/check.hpp       check_options, verify_options
 *  15. cpp/repair.hpp      repair_options
 *  16. cpp/forget.hpp      forget_options, forget_plan
 *  17. cpp/prune.hpp       prune_options, prune_plan
 *  18. cpp/copy.hpp        copy_options
 *  19. cpp/mongodb.hpp     mongodb_options, mongodb_range
 *  20. cpp/repository.hpp  repository: all the operations; buffer
 *  21. cpp/checksum.hpp    sha256, hasher; checksums and manifests of local files
 *  22. cpp/cache.hpp      caches of remote repositories
 *  23. cpp/doctor.hpp     doctor: what protects the data where it is stored
 *
 * USAGE (examples/backup.cpp is a whole program):
 *
 *   sapdr::context ctx;
 *   sapdr::backend storage(ctx, "/srv/repo");
 *   auto repo = sapdr::repository::open(ctx, storage, {.password = "secret"});
 *   repo.backup({"/srv/models"}, {.tags = {"nightly"}, .verify = true});
 *   for (const auto& each : repo.snapshots()) std::cout << each.hex() << '\n';
 *
 * CONVENTIONS
 *   - Options are aggregates for designated initializers: what is left out is the default. Names,
 *     units and meanings are those of the C headers, and so are the enumerations (SAPDR_E_*,
 *     SAPDR_OVERWRITE_*, …) and the result structs.
 *   - Handles are move-only and free what they own. A context or backend may go before what was
 *     opened with it; a walk, file or plan must go before its repository.
 *   - Every status but SAPDR_OK throws sapdr::error; long runs throw run_error, which has their
 *     result. What a lambda throws stops the operation and comes out of it unchanged.
 */
#pragma once

#include <sapdr/sapdr.h>

#include <sapdr/cpp/cache.hpp>
#include <sapdr/cpp/checksum.hpp>
#include <sapdr/cpp/doctor.hpp>
#include <sapdr/cpp/repository.hpp>
