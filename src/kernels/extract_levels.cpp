#include "detail/extract_levels.hpp"

#include <algorithm>
#include <cstddef>

#include "xylem/support/multiversion.hpp"

namespace xylem::detail {
namespace {

using Kind = SumTerm::Kind;

XYLEM_INLINE std::uint64_t bits_of(double x) { return __builtin_bit_cast(std::uint64_t, x); }

// 1.5 * 2^(unit + 52): rounds what is added to it to multiples of 2^unit.
XYLEM_INLINE double sigma_of(int unit) {
  return __builtin_bit_cast(double, static_cast<std::uint64_t>(unit + 52 + 1023) << 52 | std::uint64_t{1} << 51);
}

// The upper half of a double, rounded to 26 bits; 26 bits and a sign are left for the lower half.
XYLEM_INLINE double upper_half(double x) {
  return __builtin_bit_cast(double, (bits_of(x) + (std::uint64_t{1} << 26)) & ~((std::uint64_t{1} << 27) - 1));
}

// The number of element i. The error of a product is T. J. Dekker's ("A floating-point technique for extending the available
// precision", Numer. Math. 18, 1971), without a fused multiply-add, which not every processor has: all five products are exact.
template <Kind kind>
struct Value {
  const void* x;
  const void* y;
  XYLEM_INLINE double operator()(int i) const {
    if constexpr (kind == Kind::floats) {
      return static_cast<const float*>(x)[i];
    } else if constexpr (kind == Kind::doubles) {
      return static_cast<const double*>(x)[i];
    } else if constexpr (kind == Kind::float_products) {
      return static_cast<double>(static_cast<const float*>(x)[i]) * static_cast<double>(static_cast<const float*>(y)[i]);
    } else {
      const double a = static_cast<const double*>(x)[i], b = static_cast<const double*>(y)[i];
      const double product = a * b;
      if constexpr (kind == Kind::products) return product;
      const double a_high = upper_half(a), a_low = a - a_high;
      const double b_high = upper_half(b), b_low = b - b_high;
      return ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low;
    }
  }
};

// The integers of a level are taken from the bits of y = rest + sigma, which are sigma's and those of the integer.

template <int levels, class V>
XYLEM_INLINE void run(const V& value, int offset, int n, const Levels& to) {
  double sigma[levels];
  std::uint64_t sum[levels] = {};
  for (int l = 0; l < levels; ++l) sigma[l] = sigma_of(to.unit[l]);
  for (int i = 0; i < n; ++i) {
    double rest = value(offset + i);
    for (int l = 0; l < levels; ++l) {
      const double y = rest + sigma[l];
      sum[l] += bits_of(y);
      rest -= y - sigma[l];
    }
  }
  for (int l = 0; l < levels; ++l) {
    to.plane[l][0] += static_cast<std::int64_t>(sum[l] - static_cast<std::uint64_t>(n) * bits_of(sigma[l]));
  }
}

constexpr int chunk = 128;

// The same for any number of levels, a chunk at a time.
template <class V>
XYLEM_INLINE void run_any(const V& value, int offset, int n, const Levels& to) {
  alignas(64) double rest[chunk];
  for (int first = 0; first < n; first += chunk) {
    const int m = std::min(chunk, n - first);
    for (int i = 0; i < m; ++i) rest[i] = value(offset + first + i);
    for (int l = 0; l < to.count; ++l) {
      const double sigma = sigma_of(to.unit[l]);
      std::uint64_t sum = 0;
      for (int i = 0; i < m; ++i) {
        const double y = rest[i] + sigma;
        sum += bits_of(y);
        rest[i] -= y - sigma;
      }
      to.plane[l][0] += static_cast<std::int64_t>(sum - static_cast<std::uint64_t>(m) * bits_of(sigma));
    }
  }
}

// Adds some rows at a time, so that sums are in registers between them.
template <int levels, int deep, class V>
XYLEM_INLINE void some_rows(const V& value, int offset, int n, int stride, const Levels& to) {
  double sigma[levels];
  for (int l = 0; l < levels; ++l) sigma[l] = sigma_of(to.unit[l]);
  for (int i = 0; i < n; ++i) {
    std::uint64_t sum[levels] = {};
#pragma GCC unroll 8
    for (int r = 0; r < deep; ++r) {
      double rest = value(offset + r * stride + i);
#pragma GCC unroll 4
      for (int l = 0; l < levels; ++l) {
        const double y = rest + sigma[l];
        sum[l] += bits_of(y);
        rest -= y - sigma[l];
      }
    }
#pragma GCC unroll 4
    for (int l = 0; l < levels; ++l) to.plane[l][i] += static_cast<std::int64_t>(sum[l] - deep * bits_of(sigma[l]));
  }
}

template <int levels, class V>
XYLEM_INLINE void columns(const V& value, int offset, int n, int rows, int stride, const Levels& to) {
  int r = 0;
  for (; r + 4 <= rows; r += 4) some_rows<levels, 4>(value, offset + r * stride, n, stride, to);
  for (; r < rows; ++r) some_rows<levels, 1>(value, offset + r * stride, n, stride, to);
}

template <class V>
XYLEM_INLINE void columns_any(const V& value, int offset, int n, int rows, int stride, const Levels& to) {
  alignas(64) double rest[chunk];
  for (int first = 0; first < n; first += chunk) {
    const int m = std::min(chunk, n - first);
    for (int r = 0; r < rows; ++r) {
      for (int i = 0; i < m; ++i) rest[i] = value(offset + first + r * stride + i);
      for (int l = 0; l < to.count; ++l) {
        const double sigma = sigma_of(to.unit[l]);
        std::int64_t* plane = to.plane[l] + first;
        for (int i = 0; i < m; ++i) {
          const double y = rest[i] + sigma;
          plane[i] += static_cast<std::int64_t>(bits_of(y) - bits_of(sigma));
          rest[i] -= y - sigma;
        }
      }
    }
  }
}

template <Kind kind>
XYLEM_INLINE void extract_run_of(const SumTerm& term, int offset, int n, const Levels& to) {
  const Value<kind> value{term.x, term.y};
  if (to.count == 1) return run<1>(value, offset, n, to);
  if (to.count == 2) return run<2>(value, offset, n, to);
  if (to.count == 3) return run<3>(value, offset, n, to);
  run_any(value, offset, n, to);
}

template <Kind kind>
XYLEM_INLINE void extract_columns_of(const SumTerm& term, int offset, int n, int rows, int stride, const Levels& to) {
  const Value<kind> value{term.x, term.y};
  if (to.count == 1) return columns<1>(value, offset, n, rows, stride, to);
  if (to.count == 2) return columns<2>(value, offset, n, rows, stride, to);
  if (to.count == 3) return columns<3>(value, offset, n, rows, stride, to);
  columns_any(value, offset, n, rows, stride, to);
}

template <Kind kind>
XYLEM_INLINE void values_of(const SumTerm& term, int n, double* out) {
  const Value<kind> value{term.x, term.y};
  for (int i = 0; i < n; ++i) out[i] = value(i);
}

}  // namespace

XYLEM_MULTIVERSION void extract_run(const SumTerm& term, int offset, int n, const Levels& levels) {
  switch (term.kind) {
    case Kind::floats: return extract_run_of<Kind::floats>(term, offset, n, levels);
    case Kind::doubles: return extract_run_of<Kind::doubles>(term, offset, n, levels);
    case Kind::float_products: return extract_run_of<Kind::float_products>(term, offset, n, levels);
    case Kind::products: return extract_run_of<Kind::products>(term, offset, n, levels);
    case Kind::errors: return extract_run_of<Kind::errors>(term, offset, n, levels);
  }
}

XYLEM_MULTIVERSION void extract_columns(const SumTerm& term, int offset, int n, int rows, int stride, const Levels& levels) {
  switch (term.kind) {
    case Kind::floats: return extract_columns_of<Kind::floats>(term, offset, n, rows, stride, levels);
    case Kind::doubles: return extract_columns_of<Kind::doubles>(term, offset, n, rows, stride, levels);
    case Kind::float_products: return extract_columns_of<Kind::float_products>(term, offset, n, rows, stride, levels);
    case Kind::products: return extract_columns_of<Kind::products>(term, offset, n, rows, stride, levels);
    case Kind::errors: return extract_columns_of<Kind::errors>(term, offset, n, rows, stride, levels);
  }
}

XYLEM_MULTIVERSION void term_values(const SumTerm& term, int n, double* out) {
  switch (term.kind) {
    case Kind::floats: return values_of<Kind::floats>(term, n, out);
    case Kind::doubles: return values_of<Kind::doubles>(term, n, out);
    case Kind::float_products: return values_of<Kind::float_products>(term, n, out);
    case Kind::products: return values_of<Kind::products>(term, n, out);
    case Kind::errors: return values_of<Kind::errors>(term, n, out);
  }
}

double term_value(const SumTerm& term, int i) {
  const auto at = [i](const void* x, auto type) { return static_cast<const decltype(type)*>(x) + i; };
  SumTerm one = term;
  const bool floats = term.kind == Kind::floats || term.kind == Kind::float_products;
  one.x = floats ? static_cast<const void*>(at(term.x, 0.0F)) : at(term.x, 0.0);
  if (term.y != nullptr) one.y = floats ? static_cast<const void*>(at(term.y, 0.0F)) : at(term.y, 0.0);
  double value = 0;
  term_values(one, 1, &value);
  return value;
}

}  // namespace xylem::detail
