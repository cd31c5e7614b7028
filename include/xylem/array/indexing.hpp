#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace xylem {

/// Python's slice: positions from `start` to before `stop`, negative ones counted from the end, cut to the extent.
struct Slice {
  std::optional<std::int64_t> start{};  ///< nothing: from the first, or of negative steps the last
  std::optional<std::int64_t> stop{};   ///< nothing: to the end, or of negative steps the beginning
  std::int64_t step = 1;                ///< not 0; negative steps go backwards
};

/// What isel() takes: one position (which drops the dim), a slice, or a list of positions in any order.
using Positions = std::variant<std::int64_t, Slice, std::vector<std::int64_t>>;

/// A value of a coordinate; of times ("... since ...") also a date, as "2000-01-31" or "2000-01-31T06:30": its first moment.
using Label = std::variant<std::int64_t, double, std::string>;

/// All values between two bounds, both included, or on one side of one, in whichever order bounds and values run. Where the
/// values are neither increasing nor decreasing, the bounds must be among them, and what lies between their places is chosen. A
/// range that ends with a date has all of it.
struct LabelRange {
  std::optional<Label> first{};  ///< none: no lower bound (unsorted: from the first place)
  std::optional<Label> last{};   ///< none: no upper bound
};
/// The nearest value (the larger of two equally near); of numbers only.
struct NearestLabel {
  Label label;
  std::optional<double> tolerance{};  ///< farther ones are an error; nothing: none is too far
};
/// What sel() takes:
/// - one label (which drops the dim) or a list of labels: the positions with just these values;
/// - LabelRange: the positions of all values in it;
/// - NearestLabel: its position, which drops the dim.
using Labelled = std::variant<Label, std::vector<Label>, LabelRange, NearestLabel>;

/// `count` positions from `start` in steps of `step`, all within the dim's extent.
struct Stride {
  std::int64_t start = 0;
  std::int64_t step = 1;  ///< not 0
  std::int64_t count = 0;
  friend auto operator<=>(const Stride&, const Stride&) = default;
};

/// What is chosen of one dim, checked against its extent: a position (the dim goes), a stride, or a list of positions.
using AxisSelection = std::variant<std::int64_t, Stride, std::vector<std::int64_t>>;

/// The same choice as isel() takes it.
[[nodiscard]] Positions as_positions(const AxisSelection& selection);

}  // namespace xylem
