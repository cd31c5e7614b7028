#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "xylem/array/array.hpp"
#include "xylem/model/label_values.hpp"
#include "xylem/tree/node.hpp"

namespace xylem {

/// How parts are put together along the dim.
enum class CombineMethod : std::uint8_t {
  concat,  ///< one after the other, in their order
  merge,   ///< each element at the place of its label among the labels of all, in ascending order; places that no part has are
           ///< missing
};

/// What becomes of labels of the other dims that not all parts have, as in xarray.
enum class Join : std::uint8_t {
  exact,  ///< an error
  inner,  ///< those of all parts stay, in the first one's order
  outer,  ///< those of any part stay, in ascending order where parts differ; elements that a part lacks are missing
};

/// How combine() puts parts together.
struct CombineOptions {
  std::string dim{};                             ///< must be given
  CombineMethod method = CombineMethod::concat;  ///< along `dim`
  Join join = Join::exact;                       ///< of the other dims
  /// The labels along `dim`: where it is new, one a part. Nothing: those that the arrays have, if any.
  std::optional<LabelValues> labels{};
  /// merge: the labels that the result has, where they are known beforehand. Nothing: those of the parts.
  std::optional<LabelValues> all_labels{};
};

/// An array and what messages call it: "dataset '/t' of 'day1.h5'".
struct CombinePart {
  std::string name;
  Array array;
};

/// One array of many, lazily: along a dim that all parts have, or a new one in front that none has. Types are promoted as NumPy
/// does; where elements are missing, integers and booleans become float64, as in xarray. Parts may order their dims differently.
/// Types and units that differ are named in `notes`, if given: which part, and both values. Throws UsageError, naming two parts,
/// the dim and both values: for dims that differ, extents or labels that may not, labels that must be known or different and are
/// not.
[[nodiscard]] Array combine(const std::vector<CombinePart>& parts, const CombineOptions& options,
                            std::vector<std::string>* notes = nullptr);

/// Where the labels along the dim that is combined come from.
struct LabelSource {
  /// What labels are taken from.
  enum class Kind : std::uint8_t {
    data,  ///< the arrays' own coords
    name,  ///< names of files or group members: what `detail`, a regular expression, finds in them (its first group); the whole
           ///< name without
    attribute,  ///< the attribute `detail` of the dataset or, where it has none, of the nearest group above it
    external,   ///< dantro's attributes `ext_coords__<dim>` (external_coord of tree/labels.hpp)
  };
  Kind kind = Kind::data;
  std::string detail{};  ///< of `name` and `attribute`

  /// "data", "name", "name:REGEX", "attr:NAME" or "attrs" (external); throws UsageError for others.
  [[nodiscard]] static LabelSource parse(const std::string& text);
};

/// The labels that names stand for: all integers, else all floats, else strings, as dantro converts them.
[[nodiscard]] LabelValues labels_of_names(const std::vector<std::string>& names, const std::string& pattern = {});

/// One label a container, from attributes. Throws UsageError where one has none, or several values.
[[nodiscard]] LabelValues labels_of_attributes(const std::vector<const Container*>& containers, const std::string& attribute);

/// How combine_group() puts members together.
struct GroupCombineOptions {
  std::string field{};  ///< a path from each member; empty: the members themselves
  /// The dim is, where none is named, that of the group's type: `time` of dantro's TimeSeriesGroup and
  /// HeterogeneousTimeSeriesGroup.
  CombineOptions combine{};
  /// Nothing: the group's type says (data for a HeterogeneousTimeSeriesGroup), else names.
  std::optional<LabelSource> labels_from{};
  /// Names of members that could not be read. Along a new dim with labels from names they have their places, where all is
  /// missing.
  std::vector<std::string> absent{};
  /// Instead of the dim in `combine`: the dims of a dantro LabelledDataGroup, each of which members may have or not. Names give a
  /// label for each: parted by ';', or the groups of the regular expression.
  std::vector<std::string> dims{};
};

/// The container at `field` in each member of a group (each member itself, where `field` is empty) as one array, for dantro's
/// labelled groups and time series groups. `array_of` makes an array of a container. Members without it are an error, but of
/// merge, which notes them. With several dims the result has all labels of each in ascending order, and new dims in front in the
/// order that is asked for; places that no member has are an error of concat, and missing in merge. Throws UsageError as
/// combine(), and where members cover the places of several dims in no grid.
[[nodiscard]] Array combine_group(const Group& group, const GroupCombineOptions& options,
                                  const std::function<Array(const Container&)>& array_of,
                                  std::vector<std::string>* notes = nullptr);

/// An array of the same dims, coords and attributes in which all is missing; nothing is read for it.
[[nodiscard]] Array missing_like(const Array& array);

/// A dim of a parameter sweep, and its values.
struct ParameterDim {
  std::string name;
  LabelValues values;  ///< without the default one
};

/// A parameter sweep as the Python package paramspace numbers its states: by all values of each dim and a default one in front of
/// them, row-major in the order of the dims; the sweep itself has the states without defaults.
struct ParameterSpace {
  std::vector<ParameterDim> dims{};  ///< slowest first

  /// The number of the state with the values at these positions.
  [[nodiscard]] std::int64_t state(const std::vector<std::int64_t>& positions) const;
  /// Throws UsageError for a space without dims or with empty or too many values.
  [[nodiscard]] std::int64_t num_states() const;  ///< those with defaults too
};

/// States of a sweep that are combined at most.
inline constexpr std::int64_t max_parameter_states = std::int64_t{1} << 20;

/// How combine_states() puts the states of a sweep together.
struct StateCombineOptions {
  std::string field{};                           ///< a path from the group of each state
  CombineMethod method = CombineMethod::concat;  ///< what of states that are not there: an error (concat), or missing (merge)
  Join join = Join::exact;                       ///< of the other dims
  /// dantro's `subspace`: by dim the positions of the values that are wanted. Other dims: all.
  std::map<std::string, std::vector<std::int64_t>> subspace{};
};

/// The container at a field in the members of a group that are named by the numbers of states, zero-padded or not, as one array
/// with a new dim for each of the space's in front. Only states that are wanted need be there. Throws UsageError as combine(),
/// and for states that are not there, more states than max_parameter_states, and positions and dims that the space has not.
[[nodiscard]] Array combine_states(const Group& group, const ParameterSpace& space, const StateCombineOptions& options,
                                   const std::function<Array(const Container&)>& array_of,
                                   std::vector<std::string>* notes = nullptr);

}  // namespace xylem
