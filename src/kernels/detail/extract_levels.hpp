#pragma once

#include <cstdint>

/// Error-free extraction (extract.cpp has the method) of a tile's numbers into integers of common units.
namespace xylem::detail {

constexpr int max_levels = 10;

/// Units of 2^unit, each 52 places below the one before, and where the integers are added: the digit of the first output.
struct Levels {
  int count = 0;
  int unit[max_levels];
  std::int64_t* plane[max_levels];
};

/// What is summed: for every element of a tile a number that a double holds.
struct SumTerm {
  enum class Kind : std::uint8_t {
    floats,          ///< x
    doubles,         ///< x
    float_products,  ///< x y
    products,        ///< x y, rounded
    errors           ///< x y - (x y, rounded)
  };
  Kind kind;
  const void* x;
  const void* y;
  int top;   ///< the numbers are below 2^top in magnitude (or equal)
  int last;  ///< and multiples of 2^last
};

/// Adds elements offset .. offset + n - 1 to output 0 of the planes, n at most 2048.
void extract_run(const SumTerm& term, int offset, int n, const Levels& levels);
/// Adds elements offset + r * stride + c, r < rows, to outputs c < n of the planes.
void extract_columns(const SumTerm& term, int offset, int n, int rows, int stride, const Levels& levels);
/// The number of element i.
double term_value(const SumTerm& term, int i);
/// All of them.
void term_values(const SumTerm& term, int n, double* out);

}  // namespace xylem::detail
