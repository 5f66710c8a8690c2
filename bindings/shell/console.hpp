// Standard error: problems, errors, log records and the progress bar. It is the same with and
// without --json, but for the bar, which only a person at a terminal gets.
#pragma once

#include <sapdr/sapdr.h>

#include <mutex>
#include <string>
#include <string_view>

#include "failure.hpp"
#include "progress_bar.hpp"
#include "settings.hpp"

namespace sapdr::shell {

// Whether escape sequences may be sent to a descriptor, and whether for colours.
bool is_terminal(int descriptor);
bool wants_colour(int descriptor);

// One line about an item, without the newline: "new        /path, 1.2 MiB".
std::string item_line(const sapdr_item& item, bool colour);

// Whether an item is told although nobody asked for details.
bool is_problem(const sapdr_item& item);

// All calls may come from any thread.
class Console {
 public:
  explicit Console(const GlobalOptions& options);

  void progress(const sapdr_progress& progress);
  void problem(const sapdr_item& item);
  void log(const sapdr_log_record& record);
  void failure(const Failure& failure);
  // Runs `print`, which writes to the same terminal, while the bar is out of the way.
  template <class Print>
  void aside(Print&& print) {
    const std::lock_guard lock(mutex_);
    bar_.clear();
    print();
    bar_.redraw();
  }

  // Highest SAPDR_LOG_* that is printed.
  int log_level() const { return log_level_; }

 private:
  void line(std::string_view text);

  std::mutex mutex_;
  ProgressBar bar_;
  bool colour_;
  bool verbose_;
  int log_level_;
};

}  // namespace sapdr::shell
