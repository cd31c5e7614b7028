#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "xylem/model/dtype.hpp"
#include "xylem/model/metadata.hpp"

namespace xylem {

/// One number in the widest type of its kind.
using Number = std::variant<std::int64_t, std::uint64_t, double>;

/// How stored (packed) elements become values, after the CF conventions (https://cfconventions.org, sections 2.5.1 and 8.1) and
/// the NetCDF User Guide's attribute conventions. The default is the identity: elements are taken as they are stored (`--raw`).
///
/// Packed values are held as int64 for signed integers, uint64 for unsigned ones and booleans (both after `signedness`), and
/// double for floats. Whatever the decoding, a NaN counts as missing.
struct CfDecoding {
  /// How stored integers are read.
  enum class Signedness : std::uint8_t { as_stored, as_unsigned, as_signed };

  Signedness signedness = Signedness::as_stored;  ///< `_Unsigned`: the bits of a stored integer read as the other signedness
  std::vector<Number> missing{};                  ///< packed values that mean "missing" (`_FillValue`, `missing_value`)
  std::optional<Number> valid_min{};              ///< packed values below are missing
  std::optional<Number> valid_max{};              ///< packed values above are missing
  std::optional<double> unpacked_min{};           ///< values below, after scaling, are missing
  std::optional<double> unpacked_max{};           ///< values above, after scaling, are missing
  bool scaled = false;                            ///< value = float64(packed) * scale_factor + add_offset, each operation rounded
  double scale_factor = 1;
  double add_offset = 0;

  friend bool operator==(const CfDecoding&, const CfDecoding&) = default;
};

/// The decoding that a numeric dataset's attributes ask for: `_FillValue`, `missing_value` (one value or several),
/// `scale_factor`, `add_offset`, `valid_range`, `valid_min`, `valid_max`, `_Unsigned`.
///
/// - Fill and missing values are converted to the stored type (a float64 1e20 matches a float32 1e20f); one that the type cannot
///   hold matches nothing.
/// - Valid bounds are packed values too, but unpacked ones where their type is that of scale_factor/add_offset, a float wider
///   than the packed type; `valid_range` goes before `valid_min` and `valid_max`.
/// - `_Unsigned` is for integers only; fills and bounds of the stored type are reinterpreted with the elements.
///
/// An attribute that is malformed is ignored, and a line naming file, dataset, attribute and value added to `warnings`.
CfDecoding cf_decoding(const DatasetInfo& info, std::vector<std::string>& warnings);

/// The type that packed elements are read as: `stored`, with the signedness of `decoding`.
DType packed_dtype(const DType& stored, const CfDecoding& decoding);

}  // namespace xylem
