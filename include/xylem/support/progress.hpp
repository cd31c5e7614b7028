#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "xylem/support/timer.hpp"

namespace xylem {

/// A progress line on standard error: percent, bytes, rate, time to go. On a terminal one line is redrawn; elsewhere plain lines
/// are written, the first after `quiet_seconds`, then one every `plain_interval_seconds`, so that short runs stay silent.
///
/// One rank reports for all: where the work is dealt evenly, its share stands for the whole, and `scale` (the ranks that share
/// the work) turns its bytes into everyone's.
class Progress {
 public:
  /// When lines are written, and where.
  struct Options {
    bool enabled = true;                              ///< false: nothing is ever printed (the other ranks)
    double scale = 1;                                 ///< all ranks' bytes for one byte of this rank
    double quiet_seconds = 2;                         ///< plain form: silent before
    double plain_interval_seconds = 10;               ///< plain form: then one line each
    bool terminal = false;                            ///< redraw one line rather than write plain ones
    std::function<void(const std::string&)> write{};  ///< where text goes; standard error when empty
  };

  static constexpr double default_interval = 10;  ///< seconds: of plain_interval_seconds, until set_plain_interval()
  /// What plain_interval_seconds is from now on where for_stderr sets the options; 0: plain lines are not written.
  static void set_plain_interval(double seconds) noexcept;

  /// Options for a program that writes to standard error: a line redrawn where that is a terminal.
  static Options for_stderr(bool enabled, double scale);

  /// total_bytes: what this rank will read; may be 0.
  Progress(std::string title, std::int64_t total_bytes, Options options);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Adds bytes that are done; prints when it is time to.
  void advance(std::int64_t bytes);

 private:
  [[nodiscard]] std::string line(double seconds) const;
  void print(const std::string& text) const;

  std::string title_;
  std::int64_t total_;
  Options options_;
  std::int64_t done_ = 0;
  Timer timer_;
  double next_ = 0;
  bool drawn_ = false;
};

}  // namespace xylem
