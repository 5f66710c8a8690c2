// Every operation, through the C ABI and sapdr.hpp, with each call of one kind failing in turn: it
// ends in time, says what happened, leaves nothing behind and harms nothing.
//
// All calls are tried where there are few. Of many (allocations, first of all) it is one at random
// of each stretch, so that the test takes about as long whatever an operation does; the seed is
// printed, SAPDR_TEST_SEED repeats it. SAPDR_FAULTS=N tries N of each kind, which may be all;
// SAPDR_FAULTS_OPERATION=NAME one operation only.
#include "faults.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <new>
#include <random>
#include <set>
#include <system_error>
#include <thread>

#include "operations.hpp"
#include "support/seed.hpp"

namespace fs = std::filesystem;
using namespace sapdr::test;

namespace {

constexpr unsigned seconds_to_hang = 120;  // SIGALRM ends the program then

const Place& place() {
  static const Place made;
  return made;
}

size_t count(const char* folder) {
  return static_cast<size_t>(std::distance(fs::directory_iterator(folder), {}));
}

size_t count_threads() {
  return count("/proc/self/task");
}

const size_t threads_at_start = count_threads();

// A thread that was waited for may still be seen for a moment.
bool all_threads_ended() {
  for (int i = 0; i < 500 && count_threads() != threads_at_start; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return count_threads() == threads_at_start;
}

struct Outcome {
  sapdr_status status = SAPDR_OK;
  std::string message;
  std::string hit;  // the call that failed; empty: none did
  uint64_t calls = 0;
};

Outcome attempt(const Operation& operation, const struct fault& fault) {
  Outcome outcome;
  alarm(seconds_to_hang);
  fault_arm(&fault);
  try {
    operation.run(place());
    outcome.calls = fault_disarm();
  } catch (const sapdr::error& error) {
    outcome.calls = fault_disarm();
    outcome.status = error.code();
    outcome.message = error.what();
  } catch (const std::bad_alloc&) {
    outcome.calls = fault_disarm();
    outcome.status = SAPDR_E_NO_MEMORY;
  } catch (const std::exception& error) {  // the operation did not do what it said
    outcome.calls = fault_disarm();
    outcome.status = SAPDR_E_INTERNAL;
    outcome.message = error.what();
  }
  alarm(0);
  outcome.hit = fault_hit() == nullptr ? "" : fault_hit();
  return outcome;
}

// A removal that fails leaves what was to be removed; so does everything when nothing works any
// more.
bool may_leave_something(const struct fault& fault, const Outcome& outcome) {
  return fault.number == FAULT_LASTS || outcome.hit.starts_with("unlink");
}

using Statuses = std::set<sapdr_status>;

// One attempt on a fresh place, and all that has to hold then. False if no call failed.
bool survives(const Operation& operation, const struct fault& fault, const Statuses& expected) {
  place().reset();
  operation.prepare(place());
  const size_t files = count("/proc/self/fd");
  const Outcome outcome = attempt(operation, fault);
  const std::string lasts = fault.number == FAULT_LASTS ? ", and all after it" : "";
  const std::string status = sapdr_status_name(outcome.status);
  INFO("call ", fault.nth, ", ", outcome.hit, ", of ", outcome.calls, " fails with errno ",
       fault.error, lasts, ": ", status, " ", outcome.message);
  CHECK(count("/proc/self/fd") == files);
  CHECK(all_threads_ended());
  if (!may_leave_something(fault, outcome)) {
    CHECK(place().files_with("locks/").empty());
    CHECK(place().files_with("-tmp-").empty());
  }
  const Statuses& allowed = outcome.hit.empty() ? Statuses{SAPDR_OK} : expected;
  CHECK(allowed.contains(outcome.status));
  place().remove_locks();
  if (may_leave_something(fault, outcome)) place().remove_half_made();
  if (outcome.status == SAPDR_OK) CHECK_NOTHROW(operation.succeeded(place()));
  CHECK_NOTHROW(operation.finish(place()));
  CHECK_NOTHROW(require_sound(place()));
  return !outcome.hit.empty();
}

// Attempts with the first call failing, the second, … until none does; of more than `limit` calls
// only as many. Returns how many failed.
uint64_t fail_each(const Operation& operation, struct fault fault, const Statuses& expected,
                   uint64_t limit) {
  INFO("operation: ", operation.name);
  fault.nth = 0;
  place().reset();
  operation.prepare(place());
  const Outcome good = attempt(operation, fault);
  INFO("without a fault: ", good.message);
  REQUIRE(good.status == SAPDR_OK);
  if (const char* const wanted = std::getenv("SAPDR_FAULTS")) {
    limit = std::max<uint64_t>(1, std::strtoull(wanted, nullptr, 10));
  }
  const uint64_t stretch = std::max<uint64_t>(1, (good.calls + limit - 1) / limit);
  static std::mt19937_64 random(seed());
  for (uint64_t from = 1;; from += stretch) {
    fault.nth = from + random() % stretch;
    if (!survives(operation, fault, expected)) return from / stretch;
  }
}

void fail_each(uint32_t calls, int error, uint64_t number, const Statuses& expected,
               uint64_t limit) {
  const char* const only = std::getenv("SAPDR_FAULTS_OPERATION");
  uint64_t failed = 0;
  for (const Operation& operation : operations()) {
    if (only != nullptr && operation.name != only) continue;
    failed += fail_each(operation, {calls, error, 0, number}, expected, limit);
  }
  CHECK(failed > 0);
}

}  // namespace

TEST_SUITE("memory") {
  TEST_CASE("an allocation fails") {
    fail_each(CALLS_MEMORY, ENOMEM, 1, {SAPDR_OK, SAPDR_E_NO_MEMORY}, 15);
  }

  TEST_CASE("memory has run out") {
    fail_each(CALLS_MEMORY, ENOMEM, FAULT_LASTS, {SAPDR_OK, SAPDR_E_NO_MEMORY}, 8);
  }
}

TEST_SUITE("threads") {
  TEST_CASE("a thread cannot be started") {
    fail_each(CALLS_THREAD, EAGAIN, 1, {SAPDR_OK, SAPDR_E_NO_MEMORY}, 100);
  }

  TEST_CASE("no thread can be started any more") {
    fail_each(CALLS_THREAD, EAGAIN, FAULT_LASTS, {SAPDR_OK, SAPDR_E_NO_MEMORY}, 100);
  }
}

TEST_SUITE("files") {
  TEST_CASE("a call on files fails") {
    // A lock that could not be removed keeps the next one away.
    fail_each(CALLS_FILE, EIO, 1, {SAPDR_OK, SAPDR_E_IO, SAPDR_E_INCOMPLETE, SAPDR_E_LOCKED}, 20);
  }

  TEST_CASE("access is denied") {
    // SAPDR_E_IO: nothing at all could be read.
    fail_each(CALLS_OPEN, EACCES, 1,
              {SAPDR_OK, SAPDR_E_PERMISSION, SAPDR_E_INCOMPLETE, SAPDR_E_IO, SAPDR_E_LOCKED}, 12);
  }

  TEST_CASE("the disk is full") {
    fail_each(CALLS_GROW, ENOSPC, FAULT_LASTS, {SAPDR_OK, SAPDR_E_NO_SPACE}, 10);
  }

  TEST_CASE("a signal interrupts a call") {
    fail_each(CALLS_INTERRUPTIBLE, EINTR, 1, {SAPDR_OK}, 8);
  }

  TEST_CASE("less is read or written than was asked for") {
    fail_each(CALLS_TRANSFER, 0, 1, {SAPDR_OK}, 8);
  }
}
