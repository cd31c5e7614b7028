#include "xylem/support/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>

#include "xylem/support/bytes.hpp"
#include "xylem/support/standard_streams.hpp"

namespace xylem {
namespace {

constexpr double redraw_seconds = 0.2;

std::atomic<double> plain_interval{Progress::default_interval};

std::string format_duration(double seconds) {
  const auto whole = static_cast<std::int64_t>(seconds + 0.5);
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

}  // namespace

void Progress::set_plain_interval(double seconds) noexcept { plain_interval = seconds; }

Progress::Options Progress::for_stderr(bool enabled, double scale) {
  Options options;
  options.enabled = enabled;
  options.scale = scale;
  options.terminal = isatty(STDERR_FILENO) == 1;
  options.plain_interval_seconds = plain_interval;
  options.quiet_seconds = std::min(options.quiet_seconds, options.plain_interval_seconds);
  if (plain_interval == 0 && !options.terminal) options.enabled = false;
  return options;
}

Progress::Progress(std::string title, std::int64_t total_bytes, Options options)
    : title_(std::move(title)), total_(total_bytes), options_(std::move(options)) {
  next_ = options_.terminal ? redraw_seconds : options_.quiet_seconds;
}

Progress::~Progress() {
  try {
    if (drawn_ && options_.terminal) print("\r\x1b[K");
  } catch (...) {  // a progress line is not worth an error
  }
}

void Progress::advance(std::int64_t bytes) {
  done_ += bytes;
  if (!options_.enabled) return;
  const double now = timer_.seconds();
  if (now < next_) return;
  next_ = now + (options_.terminal ? redraw_seconds : options_.plain_interval_seconds);
  print(options_.terminal ? "\r\x1b[K" + line(now) : "xylem: " + line(now) + "\n");
  drawn_ = true;
}

std::string Progress::line(double seconds) const {
  const double fraction = total_ > 0 ? std::min(1.0, static_cast<double>(done_) / static_cast<double>(total_)) : 1.0;
  const double done = static_cast<double>(done_) * options_.scale;
  const double left = fraction > 0 ? seconds * (1 - fraction) / fraction : 0;
  return fmt::format("{}: {:.0f}%, {} of {}, {}/s, ETA {}", title_, 100 * fraction, format_bytes(static_cast<std::int64_t>(done)),
                     format_bytes(static_cast<std::int64_t>(static_cast<double>(total_) * options_.scale)),
                     format_bytes(static_cast<std::int64_t>(done / std::max(seconds, 1e-9))), format_duration(left));
}

void Progress::print(const std::string& text) const {
  if (options_.write) {
    options_.write(text);
  } else {
    write_stderr(text);
  }
}

}  // namespace xylem
