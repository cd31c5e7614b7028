#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "xylem/array/array.hpp"
#include "xylem/model/cf.hpp"
#include "xylem/model/custom.hpp"
#include "xylem/model/label_values.hpp"
#include "xylem/model/metadata.hpp"
#include "xylem/model/operation.hpp"

namespace xylem {

/// A coordinate of an array: values along some of its dims, or a scalar.
struct Coordinate {
  std::string name;
  std::vector<std::string> dims{};              ///< among the array's; none for a scalar
  std::shared_ptr<const LabelValues> values{};  ///< known values: at most one dim; null where they must be read
  std::optional<Array> lazy{};                  ///< set where `values` is null: the array to read, with the same dims
  Attributes attributes{};                      ///< `units`, `calendar`, `long_name`, `standard_name`, `axis`, `positive`

  /// True for the coordinate that labels a dim: one-dimensional and of its name. It must match between arrays; others are dropped
  /// where they do not.
  [[nodiscard]] bool is_index() const noexcept { return dims.size() == 1 && dims[0] == name; }
};

// What an array is made of: one struct a kind. Inputs are matched by the names of their dims; a dim that an input lacks is
// repeated.

/// A dataset. dims are as many as it has, in its order.
struct SourceNode {
  std::shared_ptr<const DatasetInfo> info;  ///< not null
  CfDecoding decoding;                      ///< missing values become NaN; scaled values are float64
};

/// A number. One with dims stands for what is missing, as an input of a ConcatNode only.
struct ConstantNode {
  Number value;
  bool weak = false;  ///< gives way to other inputs' types
};

/// Known numbers along one dim, or a scalar: a coordinate as an array. int64 or float64.
struct CoordinateNode {
  std::shared_ptr<const LabelValues> values;  ///< not null; no strings
};

/// An element-wise operation; inputs are converted to types.inputs first.
struct ElementwiseNode {
  Operation operation;
  OperationTypes types;
  std::vector<Array> inputs;
  std::shared_ptr<const CustomFunction> custom{};  ///< of Operation::custom
};

/// The values of the input in the node's type (Array::astype).
struct CastNode {
  Array input;
};

/// One selection a dim of the input, in its order.
struct IselNode {
  Array input;
  std::vector<AxisSelection> axes;
};

/// Only names and coords change: the i-th dim is the input's i-th.
struct RenameNode {
  Array input;
};

/// The dims of the input in another order.
struct TransposeNode {
  Array input;
};

/// The first dim is new, of size 1.
struct ExpandDimsNode {
  Array input;
};

/// Joined along `dim`, which all inputs have or (`is_new`) none; inputs may order their dims differently.
struct ConcatNode {
  std::vector<Array> inputs;
  std::string dim;
  bool is_new;
};

/// A reduction over `dims` of its inputs (repeated along dims that one of several lacks): one array, two for cov, corr and dot,
/// and the weights last where `weighted`; as many as it takes for one of a program's own.
struct ReductionNode {
  Reduction reduction;
  std::vector<Array> inputs;
  std::vector<std::string> dims;  ///< in the order of the inputs' dims
  bool weighted = false;          ///< the last input holds weights
  bool skipna = true;
  int ddof = 0;                ///< of var, std, cov: the divisor is N - ddof
  std::int64_t min_count = 0;  ///< as ReduceOptions, as skipna and keepdims
  bool keepdims = false;
  QuantileStep quantile{};                          ///< of quantile; its steps but the first have the one before as second input
  std::shared_ptr<const CustomReduction> custom{};  ///< of Reduction::custom
};

/// What a reduction is called.
[[nodiscard]] const char* name_of(const ReductionNode& node) noexcept;

/// All kinds of nodes.
using NodeKind = std::variant<SourceNode, ConstantNode, CoordinateNode, ElementwiseNode, CastNode, IselNode, RenameNode,
                              TransposeNode, ExpandDimsNode, ConcatNode, ReductionNode>;

/// What an array is: all that is known of it without reading, and how it is made. Never changes once made.
struct ArrayNode {
  std::vector<Dim> dims{};
  ElementType dtype = ElementType::float64;
  std::vector<Coordinate> coords{};
  Attributes attributes{};
  NodeKind kind;  ///< how it is made
  int depth = 1;  ///< nodes on the longest way to a leaf; at most kMaxDepth
};

/// How deep arrays may be nested, so that walking them needs no more than a small stack.
inline constexpr int kMaxDepth = 500;

/// The arrays that a node is made of; none for sources, numbers and coordinates.
[[nodiscard]] std::vector<Array> inputs_of(const ArrayNode& node);

}  // namespace xylem
