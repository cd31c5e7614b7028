#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "xylem/model/program.hpp"

namespace xylem {

/// Where the elements of one input lie for a tile: element (r, c) is at data + r * row_stride + c * col_stride, in bytes; strides
/// may be 0 (repeated) or negative. No alignment is needed.
struct InputView {
  const std::byte* data = nullptr;
  std::int64_t row_stride = 0;
  std::int64_t col_stride = 0;
};

namespace detail {
class EvaluatorImpl;
}

/// Evaluates a program for one tile after another: a rectangle of rows x cols elements, few enough that all values of the program
/// stay in a core's cache. One Evaluator serves one thread.
class Evaluator {
 public:
  /// The elements of a tile at most, rows * cols.
  static constexpr int max_tile = max_tile_elements;

  /// For all values of the program.
  explicit Evaluator(const Program& program);
  /// For those values only that are `needed`, by number: others may not be made at all, as the squares in sqrt(u * u + v * v),
  /// which then takes one loop.
  Evaluator(const Program& program, const std::vector<bool>& needed);
  ~Evaluator();
  Evaluator(Evaluator&&) noexcept;

  /// Computes the values for a tile of at least one element; `inputs` are the program's, in its order. Throws DataError for
  /// floats that astype cannot make integers.
  void evaluate(int rows, int cols, std::span<const InputView> inputs);

  /// After evaluate(): by number of value, its rows * cols elements in row-major order, in the native type (booleans one byte, 0
  /// or 1; float16 as float32 that float16 holds). Constants too. Valid until the next evaluate(), and as long as its inputs
  /// are: elements that lie in an input just so are not copied. A null pointer for values that were neither needed nor made.
  [[nodiscard]] std::span<const void* const> values() const noexcept;

 private:
  std::unique_ptr<detail::EvaluatorImpl> impl_;
};

/// Copies n elements as values() holds them into their native type; every NaN becomes the same one.
void store_elements(ElementType type, const void* from, std::int64_t n, std::byte* to);

}  // namespace xylem
