#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "xylem/array/indexing.hpp"
#include "xylem/model/attribute.hpp"
#include "xylem/model/element_type.hpp"
#include "xylem/model/reduction.hpp"
#include "xylem/model/shape.hpp"

namespace xylem {

struct Coordinate;
struct ArrayNode;
struct Weighted;

/// A dim of an array: its name and extent.
struct Dim {
  std::string name;
  std::int64_t size = 0;
  friend bool operator==(const Dim&, const Dim&) = default;
};

/// Names of dims, given as "time", {"lat", "lon"} or a vector.
class DimNames {
 public:
  DimNames() = default;
  DimNames(const char* name) : names_{name} {}                            // NOLINT: a name is a list of one
  DimNames(std::string name) : names_{std::move(name)} {}                 // NOLINT
  DimNames(std::initializer_list<std::string> names) : names_(names) {}   // NOLINT
  DimNames(std::vector<std::string> names) : names_(std::move(names)) {}  // NOLINT
  [[nodiscard]] const std::vector<std::string>& names() const noexcept { return names_; }

 private:
  std::vector<std::string> names_;
};

/// How a reduction treats what it finds. Options that a reduction does not take are an error (reduction_info says which it does).
struct ReduceOptions {
  bool skipna = true;  ///< missing values are left out; false: one makes the result missing, of argmin and argmax its place
  std::optional<int> ddof{};   ///< 0, of cov 1
  std::int64_t min_count = 0;  ///< of sum and prod: fewer values that are not missing make the result missing
  bool keepdims = false;       ///< the reduced dims stay, with size 1 and without coords
};

/// A lazy labelled array, in xarray's sense: it describes values and never reads them. It is an immutable value, cheap to copy,
/// made from sources (lazy(), source()), numbers and coordinates by operations; node() shows how, to those who plan its
/// evaluation.
///
/// Dims match by name. Every function that makes an array throws UsageError for what cannot be meant, with the names and sizes.
class Array {
 public:
  /// A number: 0-d, and of a type that gives way to those of other inputs (NumPy's "weak" scalars). A bool is bool.
  template <class T>
  requires std::is_arithmetic_v<T> Array(T value)
      : Array(constant(widened(value))) {}  // NOLINT: numbers are arrays wherever arrays are meant

  /// An array of a node, not null, that is as node.hpp asks; nothing is checked.
  explicit Array(std::shared_ptr<const ArrayNode> node) : node_(std::move(node)) {}

  /// What it is made of.
  [[nodiscard]] const ArrayNode& node() const noexcept { return *node_; }
  /// In the order of its axes, slowest first; none for a number.
  [[nodiscard]] const std::vector<Dim>& dims() const noexcept;
  /// The sizes of its dims.
  [[nodiscard]] Shape shape() const;
  /// How many dims it has; 0 for a number.
  [[nodiscard]] std::size_t ndim() const noexcept { return dims().size(); }
  /// The type of its values, decoded and computed; of a weak number the one that it has alone.
  [[nodiscard]] ElementType dtype() const noexcept;
  /// Coordinates along dims of this array, and scalar ones.
  [[nodiscard]] const std::vector<Coordinate>& coords() const noexcept;
  /// The coordinate of this name, valid as long as an array of the same node; null when there is none.
  [[nodiscard]] const Coordinate* find_coord(const std::string& name) const noexcept;
  /// `units`, `calendar`, `long_name`, `standard_name`, `axis` and `positive`, as far as they still hold.
  [[nodiscard]] const Attributes& attributes() const noexcept;

  /// The place of a dim; nothing when there is none of this name.
  [[nodiscard]] std::optional<std::size_t> find_axis(const std::string& dim) const noexcept;
  /// The place of a dim. Throws UsageError, with the nearest names, when there is none of this name.
  [[nodiscard]] std::size_t axis(const std::string& dim) const;
  /// A coordinate as an array. Throws UsageError when there is none of this name, or when its values are strings.
  [[nodiscard]] Array coord(const std::string& name) const;

  /// Chooses positions along dims, counted from 0, negative ones from the end: a position drops the dim and leaves a scalar
  /// coord.
  [[nodiscard]] Array isel(const std::vector<std::pair<std::string, Positions>>& indexers) const;
  /// isel("time", 0), isel("time", Slice{0, 10})
  [[nodiscard]] Array isel(const std::string& dim, Positions positions) const;
  /// Chooses by coordinate values, which must be known (Coordinate::values).
  [[nodiscard]] Array sel(const std::vector<std::pair<std::string, Labelled>>& indexers) const;
  /// sel("lat", Label(52.5)), sel("time", NearestLabel{Label("2000-01-31")})
  [[nodiscard]] Array sel(const std::string& dim, Labelled labels) const;
  [[nodiscard]] Array sel(const std::string& dim, LabelRange range) const;  ///< sel("lat", {-30, 30})

  /// Renames dims and coords, all at once.
  [[nodiscard]] Array rename(const std::vector<std::pair<std::string, std::string>>& names) const;
  /// Orders the dims; none given: reverses them.
  [[nodiscard]] Array transpose(const DimNames& dims = {}) const;
  /// Adds a dim of size 1 in front; a scalar coord of that name becomes its coord.
  [[nodiscard]] Array expand_dims(const std::string& dim) const;
  /// Drops dims of size 1; none given: all of them. Their coords stay as scalars.
  [[nodiscard]] Array squeeze(const DimNames& dims = {}) const;
  /// The values in another type, each as convert() makes it (model/element_type.hpp). A float that an integer type cannot hold is
  /// a DataError once it is computed.
  [[nodiscard]] Array astype(ElementType type) const;

  /// Reduces over `dims`; none given: all.
  [[nodiscard]] Array reduce(Reduction reduction, const DimNames& dims = {}, const ReduceOptions& options = {}) const;
  /// Float64 of floats, exact and rounded once (but see SumMode); int64 of booleans and signed integers, uint64 of unsigned ones,
  /// and a DataError where it does not fit. 0 where there is no value.
  [[nodiscard]] Array sum(const DimNames& dims = {}, const ReduceOptions& options = {}) const;
  /// As sum(), but of floats not exact. 1 where there is no value.
  [[nodiscard]] Array prod(const DimNames& dims = {}, const ReduceOptions& options = {}) const;
  /// Float64; missing where there is no value.
  [[nodiscard]] Array mean(const DimNames& dims = {}, const ReduceOptions& options = {}) const;
  /// The sum of squared distances from the mean, divided by N - ddof for N values that are not missing; missing where that is not
  /// positive. Float64.
  [[nodiscard]] Array var(const DimNames& dims = {}, const ReduceOptions& options = {}) const;
  /// The square root of var().
  [[nodiscard]] Array std(const DimNames& dims = {}, const ReduceOptions& options = {}) const;
  /// The least value, in the array's type; missing where there is none. Over no elements at all integers and booleans become
  /// float64.
  [[nodiscard]] Array min(const DimNames& dims = {}, const ReduceOptions& options = {}) const;
  /// The greatest value, likewise.
  [[nodiscard]] Array max(const DimNames& dims = {}, const ReduceOptions& options = {}) const;
  /// The position of the first least value; over several dims, in row-major order of these dims. -1 where there is none.
  [[nodiscard]] Array argmin(const DimNames& dims = {}, const ReduceOptions& options = {}) const;
  /// The same of the first greatest value.
  [[nodiscard]] Array argmax(const DimNames& dims = {}, const ReduceOptions& options = {}) const;
  /// How many values are not missing.
  [[nodiscard]] Array count(const DimNames& dims = {}, const ReduceOptions& options = {}) const;
  /// True where one of the values is not zero; NaN counts as true. False where there is no value.
  [[nodiscard]] Array any(const DimNames& dims = {}, const ReduceOptions& options = {}) const;
  /// True where all values are not zero; NaN counts as true. True where there is no value.
  [[nodiscard]] Array all(const DimNames& dims = {}, const ReduceOptions& options = {}) const;
  /// The quantile q in [0, 1] of the elements that are not missing, float64, interpolated as NumPy's method "linear" does; exact,
  /// of data of any size: the data are read several times (docs/plans.md). It has a scalar coord `quantile`; of several, a new
  /// first dim. Of the options skipna and keepdims.
  [[nodiscard]] Array quantile(double q, const DimNames& dims = {}, const ReduceOptions& options = {}) const;
  /// Several quantiles, at least one, along the new dim `quantile`.
  [[nodiscard]] Array quantile(const std::vector<double>& q, const DimNames& dims = {}, const ReduceOptions& options = {}) const;
  /// The quantile 0.5, without the coord.
  [[nodiscard]] Array median(const DimNames& dims = {}, const ReduceOptions& options = {}) const;
  /// Weights for reductions: t.weighted(cos(radians(lat))).mean({"lat", "lon"}).
  [[nodiscard]] Weighted weighted(Array weights) const;

 private:
  using Constant = std::variant<bool, std::int64_t, std::uint64_t, double>;
  static Array constant(Constant value);

  template <class T>
  static Constant widened(T value) {
    if constexpr (std::same_as<T, bool>) {
      return value;
    } else if constexpr (std::floating_point<T>) {
      return static_cast<double>(value);
    } else if constexpr (std::signed_integral<T>) {
      return static_cast<std::int64_t>(value);
    } else {
      return static_cast<std::uint64_t>(value);
    }
  }

  std::shared_ptr<const ArrayNode> node_;
};

/// An array with weights, for reductions: the weights' dims are among the array's. Where the array is missing, its weight does
/// not count; missing weights make the result missing, as do weights whose sum is zero (but of a sum).
struct Weighted {
  Array data;
  Array weights;

  /// The sum of values times weights, float64; 0 where there is no value.
  [[nodiscard]] Array sum(const DimNames& dims = {}, const ReduceOptions& options = {}) const;
  /// That sum, divided by the sum of the weights.
  [[nodiscard]] Array mean(const DimNames& dims = {}, const ReduceOptions& options = {}) const;
  /// The weighted mean of squared distances from the weighted mean: without ddof.
  [[nodiscard]] Array var(const DimNames& dims = {}, const ReduceOptions& options = {}) const;
  /// The square root of var().
  [[nodiscard]] Array std(const DimNames& dims = {}, const ReduceOptions& options = {}) const;
  /// One of these four. Throws UsageError for any other, and for weights along a dim that the array has not.
  [[nodiscard]] Array reduce(Reduction reduction, const DimNames& dims, const ReduceOptions& options) const;
};

/// Covariance over pairs of which neither is missing, float64; ddof is 1 unless given. `dims` of either array; none given: all.
[[nodiscard]] Array cov(const Array& a, const Array& b, const DimNames& dims = {}, const ReduceOptions& options = {});
/// Pearson's correlation of such pairs, float64; missing where the values of either are all the same.
[[nodiscard]] Array corr(const Array& a, const Array& b, const DimNames& dims = {}, const ReduceOptions& options = {});
/// The sum of products, in the types of Array::sum(). Missing values are not skipped: one makes it missing.
[[nodiscard]] Array dot(const Array& a, const Array& b, const DimNames& dims = {}, const ReduceOptions& options = {});
/// One of these three. Throws UsageError for a reduction of one array.
[[nodiscard]] Array reduce(Reduction reduction, const Array& a, const Array& b, const DimNames& dims = {},
                           const ReduceOptions& options = {});

/// Joins arrays along `dim`. Where all have it, their extents add up and their coords along it are joined; where none has it, it
/// is new, comes first, and scalar coords that differ run along it. All else must be equal.
[[nodiscard]] Array concat(const std::vector<Array>& arrays, const std::string& dim);

/// "float32 (time: 800, lat: 90)".
[[nodiscard]] std::string summary(const Array& array);

}  // namespace xylem
