// A line on a terminal that is redrawn in place: how far, how fast, how long still.
#pragma once

#include <sapdr/observer.h>

#include <cstdint>
#include <string>

namespace sapdr::shell {

class ProgressBar {
 public:
  // Draws nothing at all unless `enabled`.
  ProgressBar(int terminal, bool enabled) : terminal_(terminal), enabled_(enabled) {}

  void update(const sapdr_progress& progress);
  // Takes the line off the terminal, so that something else can be printed, and puts it back.
  void clear();
  void redraw();

 private:
  void put(const std::string& text) const;

  int terminal_;
  bool enabled_;
  bool visible_ = false;
  std::string line_;
  // Where the present phase began: rates are those of the phase.
  std::int32_t phase_ = -1;
  std::uint64_t phase_bytes_ = 0;
  std::uint64_t phase_ns_ = 0;
};

// Bytes a second since a phase began; 0 while it is too early to tell.
double transfer_rate(std::uint64_t bytes, std::uint64_t nanoseconds);

// At most `width` columns, ASCII only.
std::string progress_line(const sapdr_progress& progress, double bytes_per_second,
                          std::size_t width);

}  // namespace sapdr::shell
