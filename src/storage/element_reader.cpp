#include "detail/element_reader.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "xylem/model/io.hpp"

#include "detail/read_bytes.hpp"
#include "detail/rows.hpp"

namespace xylem {
namespace {

// Longer rows are read straight into place; a system call costs as much as copying some KiB.
constexpr std::int64_t long_row_bytes = std::int64_t{32} << 10;
// Bytes that nobody wants are read along, where that saves a request.
constexpr std::int64_t small_gap_bytes = std::int64_t{32} << 10;
// Rows that are noted at once.
constexpr std::size_t most_rows = 4096;

}  // namespace

std::span<std::byte> ElementReader::staging() {
  staging_.reserve(staging_bytes);
  return staging_.first(staging_bytes);
}

std::string ElementReader::read_bytes(std::int64_t address, std::span<std::byte> out) const {
  const auto count = read_bytes_at(file_.descriptor, address, out);
  if (!count) return std::strerror(errno);
  if (*count == out.size()) return {};
  return fmt::format("the file ends {} bytes too early", out.size() - *count);
}

std::string ElementReader::read(std::int64_t address, const Box& array, const Box& part, const Box& frame, std::byte* out) {
  const Rows rows(part, array, frame, element_size_);
  const std::int64_t bytes = rows.bytes();
  std::string problem;
  if (bytes >= long_row_bytes) {
    rows.for_each([&](std::int64_t from, std::int64_t to) {
      if (problem.empty()) problem = read_bytes(address + from, {out + to, static_cast<std::size_t>(bytes)});
    });
    return problem;
  }
  // Short rows: those that lie close together are read at once, and copied.
  const std::span<std::byte> window = staging();
  std::vector<std::pair<std::int64_t, std::int64_t>> pending;  // offsets in the array and in `out`
  const auto flush = [&] {
    if (pending.empty() || !problem.empty()) return;
    const std::int64_t first = pending.front().first, end = pending.back().first + bytes;
    problem = read_bytes(address + first, window.first(static_cast<std::size_t>(end - first)));
    if (!problem.empty()) return;
    for (const auto& [from, to] : pending) std::memcpy(out + to, window.data() + from - first, static_cast<std::size_t>(bytes));
    pending.clear();
  };
  rows.for_each([&](std::int64_t from, std::int64_t to) {
    if (!pending.empty() && (pending.size() >= most_rows || from + bytes - pending.front().first > std::ssize(window) ||
                             from - pending.back().first - bytes > small_gap_bytes)) {
      flush();
    }
    pending.emplace_back(from, to);
  });
  flush();
  return problem;
}

}  // namespace xylem
