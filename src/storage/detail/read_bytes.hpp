#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace xylem {

/// Reads bytes of an open file from `address` on, in as many calls as it takes. Returns how many there were: fewer than asked for
/// only at the end of the file; nothing where reading fails, and errno says why.
[[nodiscard]] std::optional<std::size_t> read_bytes_at(int descriptor, std::int64_t address, std::span<std::byte> out);

}  // namespace xylem
