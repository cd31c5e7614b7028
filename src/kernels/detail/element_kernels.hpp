#pragma once

#include <cstddef>
#include <memory>

#include "xylem/kernels/evaluate.hpp"
#include "xylem/model/program.hpp"

#include "detail/tile.hpp"

/// The loops that evaluation is made of, each over the n elements of a tile in registers: the native type of an element type,
/// booleans one byte, float16 a float32 that float16 holds.
namespace xylem::detail {

/// Bytes of an element in a register.
[[nodiscard]] int register_size(ElementType type) noexcept;

/// An operation for which there is a fast loop over inputs of the type, with a result of that type. False: there is none.
bool arithmetic(Operation operation, ElementType type, const void* a, const void* b, void* out, int n);
/// Functions of the C library's double, rounded to the type: float32 and float64. False: there is none.
bool mathematics(Operation operation, ElementType type, const void* a, const void* b, void* out, int n);
/// Comparisons of two inputs of the same type. False: there is none.
bool comparison(Operation operation, ElementType type, const void* a, const void* b, void* out, int n);
/// isnan, isinf, isfinite, isnull, notnull of any type.
void predicate(Operation operation, ElementType type, const void* a, void* out, int n);
/// out = condition ? a : b, elements of `size` bytes.
void choose(int size, const void* condition, const void* a, const void* b, void* out, int n);
/// As convert(); false where a float is not in the range of the integer type, and `out` holds anything.
bool cast(ElementType from, ElementType to, const void* in, void* out, int n);

/// One element of a register as a Number, and back.
[[nodiscard]] Number get(ElementType type, const void* in, int i);
void put(ElementType type, void* out, int i, const Number& value);

/// Brings stored elements into registers.
class Loader {
 public:
  explicit Loader(const ProgramInput& input);
  [[nodiscard]] ElementType type() const noexcept { return type_; }
  void load(int rows, int cols, const InputView& view, void* out);
  /// Whether the elements lie in memory as load() would leave them.
  [[nodiscard]] bool lies_ready(int rows, int cols, const InputView& view) const noexcept;

 private:
  void decode(const std::byte* raw, int n, void* out);

  TilePlan plan_;
  ElementType type_;
  bool native_;                            // stored bytes are values
  std::unique_ptr<std::byte[]> gathered_;  // raw elements side by side
  std::unique_ptr<double[]> doubles_;      // where float32 comes of masked integers
};

}  // namespace xylem::detail
