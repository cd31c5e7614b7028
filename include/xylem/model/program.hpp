#pragma once

#include <memory>
#include <variant>
#include <vector>

#include "xylem/model/cf.hpp"
#include "xylem/model/custom.hpp"
#include "xylem/model/dtype.hpp"
#include "xylem/model/element_type.hpp"
#include "xylem/model/operation.hpp"

namespace xylem {

/// What a program reads: elements as they are stored, and how they become values (the identity for intermediate results).
struct ProgramInput {
  DType stored;
  CfDecoding decoding{};
};

/// The elements of the program's input of this number, decoded.
struct InputValue {
  int input = 0;
};

/// The same number everywhere.
struct ConstantValue {
  Number value{};
};

/// An element-wise operation on earlier values, which are converted to types.inputs first.
struct ApplyValue {
  Operation operation{};
  OperationTypes types{};
  std::vector<int> inputs{};                       ///< of the program's values, by number
  std::shared_ptr<const CustomFunction> custom{};  ///< of Operation::custom
};

/// An earlier value as another type (astype).
struct CastValue {
  int input = 0;  ///< of the program's values, by number
};

/// One value for every element.
struct ProgramValue {
  ElementType type{};
  std::variant<InputValue, ConstantValue, ApplyValue, CastValue> kind{};
};

/// What is computed for every element of a block at once: a straight line of values, each made of earlier ones only.
struct Program {
  std::vector<ProgramInput> inputs{};  ///< what is read, by number
  std::vector<ProgramValue> values{};
};

/// The elements that a program is evaluated for at once, at most: few enough that all values stay in a core's cache.
inline constexpr int max_tile_elements = 2048;

/// Bytes that an evaluator of a program takes.
[[nodiscard]] std::int64_t evaluation_memory(const Program& program);

/// The type that the elements of a dataset become: the stored one; with missing values integers become float32 (of up to 16 bits)
/// or float64, as in xarray; scaled values are float64. Numeric types only.
[[nodiscard]] ElementType decoded_type(const DType& stored, const CfDecoding& decoding);

}  // namespace xylem
