#include "xylem/support/log.hpp"

#include <atomic>
#include <mutex>

#include "xylem/support/standard_streams.hpp"

namespace xylem::logging {
namespace {
std::atomic<bool> is_enabled{true};
std::atomic<bool> is_verbose{false};
std::mutex warnings_mutex;
std::vector<std::string> all_warnings;

void write(std::string_view mark, std::string_view text) {
  if (is_enabled) write_stderr(fmt::format("xylem: {}{}\n", mark, text));
}
}  // namespace

void set_enabled(bool enabled) noexcept { is_enabled = enabled; }
void set_verbose(bool verbose) noexcept { is_verbose = verbose; }

void write_info(std::string_view text) {
  if (is_verbose) write("", text);
}
void write_note(std::string_view text) { write("", text); }
void write_warning(std::string_view text) {
  write("warning: ", text);
  constexpr std::size_t most = 1000;
  const std::scoped_lock hold(warnings_mutex);
  if (all_warnings.size() < most) all_warnings.emplace_back(text);
}

std::vector<std::string> warnings() {
  const std::scoped_lock hold(warnings_mutex);
  return all_warnings;
}

}  // namespace xylem::logging
