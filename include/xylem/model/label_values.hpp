#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace xylem {

/// Values of a coordinate that are known: labels along one dim, or the one of a scalar.
using LabelValues = std::variant<std::vector<std::int64_t>, std::vector<double>, std::vector<std::string>>;

/// How many values there are; 1 for a scalar.
[[nodiscard]] std::size_t size_of(const LabelValues& values) noexcept;

/// The first place, among those that both have, where values differ: numbers are compared as numbers (NaN is NaN), and differ
/// from strings.
[[nodiscard]] std::optional<std::size_t> first_difference(const LabelValues& left, const LabelValues& right);

/// Value i for people: 3, 2.5, "north".
[[nodiscard]] std::string format_label(const LabelValues& values, std::size_t i);

}  // namespace xylem
