/* libsapdr for C++20: RAII, exceptions and lambdas over the C ABI. Header-only: it is compiled
 * into the program that includes it, and needs nothing of the library but its C symbols.
 *
 * OVERVIEW, and the order to read the headers in:
 *   1. cpp/error.hpp       error: what a failed call throws; run_error: with the result so far
@OV@ *
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

#include <sapdr/cpp/checksum.hpp>
#include <sapdr/cpp/repository.hpp>
