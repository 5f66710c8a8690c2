#include "progress_bar.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>

#include "text.hpp"

namespace sapdr::shell {
namespace {

constexpr std::size_t kMinBar = 10;
constexpr std::size_t kMaxBar = 40;

std::size_t columns(int terminal) {
  winsize size{};
  if (::ioctl(terminal, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

// How much is done, 0 to 1, by bytes or else by items; negative if the total is not known.
double share(const sapdr_progress& p) {
  const std::uint64_t total = p.bytes_total != 0 ? p.bytes_total : p.items_total;
  const std::uint64_t done = p.bytes_total != 0 ? p.bytes_done : p.items_done;
  if (total == 0) return -1;
  return std::min(1.0, static_cast<double>(done) / static_cast<double>(total));
}

std::string percent(double part) {
  std::array<char, 16> text;
  std::snprintf(text.data(), text.size(), "%5.1f%%", part * 100);
  return text.data();
}

std::string of_total(const std::string& done, const std::string& total, bool known) {
  return known ? done + " / " + total : done;
}

std::string figures(const sapdr_progress& p, double rate) {
  std::string out;
  if (p.bytes_done != 0 || p.bytes_total != 0) {
    out += of_total(human_bytes(p.bytes_done), human_bytes(p.bytes_total), p.bytes_total != 0);
    out += ", ";
  }
  out += of_total(std::to_string(p.items_done), std::to_string(p.items_total), p.items_total != 0);
  out += " items";
  if (rate > 0) {
    out += ", " + human_bytes(static_cast<std::uint64_t>(rate)) + "/s";
    if (p.bytes_total > p.bytes_done) {
      const double seconds = static_cast<double>(p.bytes_total - p.bytes_done) / rate;
      out += ", ETA " + human_duration(static_cast<std::uint64_t>(std::min(seconds, 1e9) * 1e9));
    }
  }
  if (p.errors != 0) out += ", " + counted(p.errors, "error");
  return out;
}

std::string bar(double part, std::size_t width) {
  const auto filled = static_cast<std::size_t>(part * static_cast<double>(width));
  return "[" + std::string(filled, '=') + std::string(width - filled, ' ') + "]";
}

}  // namespace

double transfer_rate(std::uint64_t bytes, std::uint64_t nanoseconds) {
  if (nanoseconds < 500'000'000) return 0;
  return static_cast<double>(bytes) / (static_cast<double>(nanoseconds) / 1e9);
}

std::string progress_line(const sapdr_progress& progress, double bytes_per_second,
                          std::size_t width) {
  std::string head = "[" + human_duration(progress.elapsed_ns) + "] ";
  head += sapdr_phase_name(progress.phase);
  const std::string tail = "  " + figures(progress, bytes_per_second);
  const double part = share(progress);
  if (part >= 0) {
    head += " " + percent(part);
    const std::size_t used = head.size() + tail.size() + 3;  // a space and two brackets
    if (width >= used + kMinBar) head += " " + bar(part, std::min(kMaxBar, width - used));
  }
  return (head + tail).substr(0, width);
}

void ProgressBar::update(const sapdr_progress& progress) {
  if (!enabled_) return;
  if (progress.is_final != 0) {
    clear();
    line_.clear();
    return;
  }
  if (progress.phase != phase_) {
    phase_ = progress.phase;
    phase_bytes_ = progress.bytes_done;
    phase_ns_ = progress.elapsed_ns;
  }
  const std::uint64_t bytes = progress.bytes_done - std::min(phase_bytes_, progress.bytes_done);
  const std::uint64_t ns = progress.elapsed_ns - std::min(phase_ns_, progress.elapsed_ns);
  // The last column stays free: some terminals wrap as soon as it is written.
  line_ = progress_line(progress, transfer_rate(bytes, ns), columns(terminal_) - 1);
  redraw();
}

void ProgressBar::clear() {
  if (!visible_) return;
  put("\r\x1b[K");
  visible_ = false;
}

void ProgressBar::redraw() {
  if (line_.empty()) return;
  put("\r" + line_ + "\x1b[K");
  visible_ = true;
}

void ProgressBar::put(const std::string& text) const {
  [[maybe_unused]] const ssize_t ignored = ::write(terminal_, text.data(), text.size());
}

}  // namespace sapdr::shell
