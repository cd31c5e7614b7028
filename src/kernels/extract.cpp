#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "xylem/support/multiversion.hpp"

#include "detail/tile.hpp"

// Exact sums of x and x*x over a tile by error-free extraction (S. M. Rump, T. Ogita, S. Oishi, "Accurate floating-point
// summation part I", SIAM J. Sci. Comput. 31(1), 2008; J. Demmel, H. D. Nguyen, "Parallel reproducible summation", IEEE Trans.
// Comput. 64(7), 2015), with the extracted parts summed as integers.
//
// Let |r| <= 2^(k-1) and sigma = 1.5 * 2^k. Then y = fl(r + sigma) lies in [2^k, 2^(k+1)], where doubles are u = 2^(k-52) apart.
// So q = y - sigma is exact, the multiple of u nearest to r, and the bits of y and of sigma, read as integers, differ by q / u.
// These integers are what is summed, |q / u| <= 2^51 each. The rest r - q is exact too, for it is a multiple of r's last bit and
// no larger than |r|; and |r - q| <= u / 2. Where r is a multiple of u there is no rest.
//
// The tile's numbers are below 2^top in magnitude and multiples of 2^last; both are known before, and nothing is checked here.
//
// This file is compiled with -ffp-contract=fast: all its products are exact, so that fusing one with the addition after it cannot
// change a bit, and is faster where the processor can.
namespace xylem::detail {
namespace {

// 1.5 * 2^(unit + 52): rounds what is added to it to multiples of 2^unit. Units from -1074 to 970.
XYLEM_INLINE double sigma_of(int unit) {
  return __builtin_bit_cast(double, static_cast<std::uint64_t>(unit + 52 + 1023) << 52 | std::uint64_t{1} << 51);
}

XYLEM_INLINE std::uint64_t bits_of(double x) { return __builtin_bit_cast(std::uint64_t, x); }

// Float32, whose squares a double holds: two independent sums, in levels of 52 places: the rest after a level of unit 2^u is at
// most 2^(u-1), so that the next may have unit 2^(u-52). L levels take `capacity(L)` places: the first has the unit 2^(top-51).
// With at most 2^11 numbers a tile no integer sum exceeds 2^62.

constexpr int capacity(int levels) { return 51 + 52 * (levels - 1); }

template <int levels>
struct LevelSum {
  int unit[levels];
  double sigma[levels];
  std::uint64_t sum[levels] = {};

  XYLEM_INLINE explicit LevelSum(int top) {
    for (int i = 0; i < levels; ++i) {
      unit[i] = top - capacity(i + 1);
      sigma[i] = sigma_of(unit[i]);
    }
  }

  XYLEM_INLINE int store(int n, Term* terms) const {
    for (int i = 0; i < levels; ++i) {
      const std::uint64_t units = sum[i] - static_cast<std::uint64_t>(n) * bits_of(sigma[i]);
      terms[i] = {static_cast<std::int64_t>(units), unit[i]};
    }
    return levels;
  }
};

template <int sum_levels, int square_levels>
XYLEM_INLINE void extract_levels(const float* x, int n, int top, TileResult& result) {
  static_assert(capacity(square_levels) / 2 <= capacity(sum_levels) && square_levels <= max_terms);
  LevelSum<sum_levels> sum(top);
  LevelSum<square_levels> squares(2 * top);
  for (int i = 0; i < n; ++i) {
    const double value = x[i];
    double rest = value;
    for (int l = 0; l < sum_levels; ++l) {
      const double y = rest + sum.sigma[l];
      sum.sum[l] += bits_of(y);
      rest -= y - sum.sigma[l];
    }
    rest = value * value;
    for (int l = 0; l < square_levels; ++l) {
      const double y = rest + squares.sigma[l];
      squares.sum[l] += bits_of(y);
      rest -= y - squares.sigma[l];
    }
  }
  result.sum_terms = sum.store(n, result.sum);
  result.square_terms = squares.store(n, result.squares);
}

// Doubles: each is cut into pieces so narrow that the products of any two are exact, and both sums are made of them. OperandPiece
// i (0, 1, ...) is a multiple of 2^(top-25-26i) and at most 2^(top-26i), the last one being the rest; P pieces take 25 + 26 (P-1)
// places.
// The product of pieces i and j is a multiple of 2^(2 top-50-26(i+j)) and at most 2^50 of these units: products of equal i + j,
// of which there are P at most (i, j and j, i both counted), have one unit. With at most 2^10 numbers a tile no integer sum
// exceeds P 2^60.

constexpr int piece_capacity(int pieces) { return 25 + 26 * (pieces - 1); }

template <int pieces>
XYLEM_INLINE void extract_pieces(const double* x, int n, int top, TileResult& result) {
  constexpr int classes = 2 * pieces - 1;
  static_assert(pieces <= 7 && classes <= max_terms);
  double sigma[pieces];
  double product_sigma[classes];
  for (int i = 0; i < pieces; ++i) sigma[i] = sigma_of(top - 25 - 26 * i);
  for (int c = 0; c < classes; ++c) product_sigma[c] = sigma_of(2 * top - 50 - 26 * c);
  std::uint64_t sum[pieces] = {};
  std::uint64_t diagonal[classes] = {};
  std::uint64_t cross[classes] = {};
  for (int e = 0; e < n; ++e) {
    double piece[pieces];
    double rest = x[e];
    for (int i = 0; i < pieces; ++i) {
      const double y = rest + sigma[i];
      sum[i] += bits_of(y);
      piece[i] = i + 1 < pieces ? y - sigma[i] : rest;
      rest -= piece[i];
    }
#pragma GCC unroll 8
    for (int i = 0; i < pieces; ++i) {
      diagonal[2 * i] += bits_of(piece[i] * piece[i] + product_sigma[2 * i]);
#pragma GCC unroll 8
      for (int j = i + 1; j < pieces; ++j) cross[i + j] += bits_of(piece[i] * piece[j] + product_sigma[i + j]);
    }
  }
  const auto numbers = static_cast<std::uint64_t>(n);
  for (int i = 0; i < pieces; ++i) {
    result.sum[i] = {static_cast<std::int64_t>(sum[i] - numbers * bits_of(sigma[i])), top - 25 - 26 * i};
  }
  for (int c = 0; c < classes; ++c) {
    const int products = std::min(c, 2 * pieces - 2 - c) + 1;  // in the class
    const std::uint64_t offset = numbers * static_cast<std::uint64_t>(products) * bits_of(product_sigma[c]);
    result.squares[c] = {static_cast<std::int64_t>(diagonal[c] + 2 * cross[c] - offset), 2 * top - 50 - 26 * c};
  }
  result.sum_terms = pieces;
  result.square_terms = classes;
}

// True when so many pieces take the numbers, and no product of pieces, rounded to its unit, leaves the range of normal doubles.
XYLEM_INLINE bool suffice(int pieces, int top, int last) {
  return top - last <= piece_capacity(pieces) && top <= 510 && 2 * top - 50 - 52 * (pieces - 1) >= -1074;
}

}  // namespace

XYLEM_MULTIVERSION void extract_floats(const float* x, int n, int top, int last, TileResult& result) {
  const int places = 2 * (top - last);
  if (places <= capacity(2)) return extract_levels<1, 2>(x, n, top, result);
  if (places <= capacity(3)) return extract_levels<2, 3>(x, n, top, result);
  if (places <= capacity(4)) return extract_levels<2, 4>(x, n, top, result);
  if (places <= capacity(6)) return extract_levels<3, 6>(x, n, top, result);
  if (places <= capacity(8)) return extract_levels<4, 8>(x, n, top, result);
  result.exact = false;
}

XYLEM_MULTIVERSION void extract_doubles(const double* x, int n, int top, int last, TileResult& result) {
  if (suffice(2, top, last)) return extract_pieces<2>(x, n, top, result);
  if (suffice(3, top, last)) return extract_pieces<3>(x, n, top, result);
  if (suffice(4, top, last)) return extract_pieces<4>(x, n, top, result);
  if (suffice(5, top, last)) return extract_pieces<5>(x, n, top, result);
  if (suffice(7, top, last)) return extract_pieces<7>(x, n, top, result);
  result.exact = false;
}

}  // namespace xylem::detail
