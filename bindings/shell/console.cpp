#include "console.hpp"

#include <unistd.h>

#include <cstdlib>

#include "text.hpp"

namespace sapdr::shell {
namespace {

constexpr std::string_view kRed = "\x1b[31m";
constexpr std::string_view kYellow = "\x1b[33m";
constexpr std::string_view kReset = "\x1b[0m";

std::string coloured(std::string_view text, std::string_view colour, bool on) {
  if (!on) return std::string(text);
  return std::string(colour) + std::string(text) + std::string(kReset);
}

bool is_bad(int action) {
  return action == SAPDR_ITEM_FAILED || action == SAPDR_ITEM_MISSING ||
         action == SAPDR_ITEM_DIFFERS || action == SAPDR_ITEM_DAMAGED ||
         action == SAPDR_ITEM_AFFECTED;
}

std::string padded(std::string text, std::size_t width) {
  if (text.size() < width) text.resize(width, ' ');
  return text;
}

// What the line is about: a path, or a stored object.
std::string subject(const sapdr_item& item) {
  if (item.path != nullptr) return shown({item.path, item.path_size});
  std::string out = item.object_type == nullptr ? "object" : printable(item.object_type);
  if (item.object_id != nullptr) out += " " + printable(item.object_id);
  return out;
}

int chosen_log_level(const GlobalOptions& options) {
  if (options.quiet) return SAPDR_LOG_ERROR;
  if (options.verbose > 1) return SAPDR_LOG_DEBUG;
  return options.verbose == 1 ? SAPDR_LOG_INFO : SAPDR_LOG_WARNING;
}

}  // namespace

bool is_terminal(int descriptor) {
  const char* kind = std::getenv("TERM");
  const bool dumb = kind == nullptr || std::string_view(kind) == "dumb";
  return ::isatty(descriptor) == 1 && !dumb;
}

bool wants_colour(int descriptor) {
  const char* refused = std::getenv("NO_COLOR");
  return is_terminal(descriptor) && (refused == nullptr || *refused == '\0');
}

bool is_problem(const sapdr_item& item) {
  return is_bad(item.action) || item.action == SAPDR_ITEM_CHANGED ||
         item.action == SAPDR_ITEM_EXTRA || item.action == SAPDR_ITEM_METADATA ||
         item.action == SAPDR_ITEM_NOTICE;
}

std::string item_line(const sapdr_item& item, bool colour) {
  std::string word = padded(sapdr_item_action_name(item.action), 10);
  if (is_bad(item.action)) {
    word = coloured(word, kRed, colour);
  } else if (is_problem(item)) {
    word = coloured(word, kYellow, colour);
  }
  std::string out = word + " " + subject(item);
  if (item.snapshot_id != nullptr) {
    // A file that is affected has no object type.
    const bool became =
        item.object_type != nullptr && item.object_type == std::string_view("snapshot");
    out += (became ? " -> " : " in snapshot ") + short_id(printable(item.snapshot_id));
  }
  if (!is_problem(item) && item.size != 0) out += ", " + human_bytes(item.size);
  if (item.message != nullptr && *item.message != '\0') out += ": " + printable(item.message);
  return out;
}

Console::Console(const GlobalOptions& options)
    : bar_(STDERR_FILENO, !options.quiet && !options.json && is_terminal(STDERR_FILENO)),
      colour_(wants_colour(STDERR_FILENO)),
      verbose_(options.verbose > 0),
      log_level_(chosen_log_level(options)) {}

void Console::progress(const sapdr_progress& progress) {
  const std::lock_guard lock(mutex_);
  bar_.update(progress);
}

void Console::problem(const sapdr_item& item) {
  aside([&] { line(item_line(item, colour_)); });
}

void Console::log(const sapdr_log_record& record) {
  if (record.level > log_level_) return;
  const bool bad = record.level <= SAPDR_LOG_WARNING;
  const std::string_view word = record.level == SAPDR_LOG_ERROR ? "error: "
                                : bad                           ? "warning: "
                                                                : "";
  aside([&] {
    line(coloured("sapdr: ", kYellow, colour_ && bad) + std::string(word) +
         printable(record.message));
  });
}

void Console::failure(const Failure& failure) {
  const std::lock_guard lock(mutex_);
  bar_.clear();
  line(coloured("sapdr: ", kRed, colour_) + printable(failure.message()));
  if (verbose_) {
    for (const std::string& cause : failure.causes()) line("cause: " + printable(cause));
  }
  if (const std::string hint = failure.hint(); !hint.empty()) line("hint: " + printable(hint));
}

void Console::line(std::string_view text) {
  const std::string whole = std::string(text) + "\n";
  [[maybe_unused]] const ssize_t ignored = ::write(STDERR_FILENO, whole.data(), whole.size());
}

}  // namespace sapdr::shell
