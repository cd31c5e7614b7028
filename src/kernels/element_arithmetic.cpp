#include <cmath>
#include <cstdint>
#include <numbers>
#include <type_traits>

#include "detail/element_kernels.hpp"
#include "detail/multiversion.hpp"

namespace xylem::detail {
namespace {

template <class T, class F>
XYLEM_INLINE bool each(const void* in, void* result, int n, F f) {
  const T* __restrict__ a = static_cast<const T*>(in);
  T* __restrict__ out = static_cast<T*>(result);
  for (int i = 0; i < n; ++i) out[i] = f(a[i]);
  return true;
}

template <class T, class F>
XYLEM_INLINE bool each(const void* left, const void* right, void* result, int n, F f) {
  const T* a = static_cast<const T*>(left);
  const T* b = static_cast<const T*>(right);
  T* __restrict__ out = static_cast<T*>(result);
  for (int i = 0; i < n; ++i) out[i] = f(a[i], b[i]);
  return true;
}

// float and double. Computed in the type itself: of + - * / and sqrt that is the double's result rounded to float.
template <class T>
XYLEM_INLINE bool real(Operation operation, const void* a, const void* b, void* out, int n) {
  switch (operation) {
    case Operation::add: return each<T>(a, b, out, n, [](T x, T y) { return x + y; });
    case Operation::subtract: return each<T>(a, b, out, n, [](T x, T y) { return x - y; });
    case Operation::multiply: return each<T>(a, b, out, n, [](T x, T y) { return x * y; });
    case Operation::divide: return each<T>(a, b, out, n, [](T x, T y) { return x / y; });
    case Operation::minimum: return each<T>(a, b, out, n, [](T x, T y) { return (x != x) | (x < y) ? x : y; });
    case Operation::maximum: return each<T>(a, b, out, n, [](T x, T y) { return (x != x) | (x > y) ? x : y; });
    case Operation::fmin: return each<T>(a, b, out, n, [](T x, T y) { return (y != y) | (x < y) ? x : y; });
    case Operation::fmax: return each<T>(a, b, out, n, [](T x, T y) { return (y != y) | (x > y) ? x : y; });
    case Operation::fillna: return each<T>(a, b, out, n, [](T x, T y) { return x != x ? y : x; });
    case Operation::positive: return each<T>(a, out, n, [](T x) { return x; });
    case Operation::negative: return each<T>(a, out, n, [](T x) { return -x; });
    case Operation::absolute: return each<T>(a, out, n, [](T x) { return std::fabs(x); });
    case Operation::sqrt: return each<T>(a, out, n, [](T x) { return std::sqrt(x); });
    case Operation::sign: return each<T>(a, out, n, [](T x) { return x != x ? x : static_cast<T>((x > 0) - (x < 0)); });
    case Operation::floor: return each<T>(a, out, n, [](T x) { return std::floor(x); });
    case Operation::ceil: return each<T>(a, out, n, [](T x) { return std::ceil(x); });
    case Operation::trunc: return each<T>(a, out, n, [](T x) { return std::trunc(x); });
    case Operation::round: return each<T>(a, out, n, [](T x) { return std::nearbyint(x); });
    default: return false;
  }
}

// Integers wrap: in the unsigned type of the same width, or unsigned int where that is wider.
template <class T>
XYLEM_INLINE bool integer(Operation operation, const void* a, const void* b, void* out, int n) {
  using U = std::conditional_t<(sizeof(T) < 4), unsigned, std::make_unsigned_t<T>>;
  const auto u = [](T x) { return static_cast<U>(x); };
  switch (operation) {
    case Operation::add: return each<T>(a, b, out, n, [u](T x, T y) { return static_cast<T>(u(x) + u(y)); });
    case Operation::subtract: return each<T>(a, b, out, n, [u](T x, T y) { return static_cast<T>(u(x) - u(y)); });
    case Operation::multiply: return each<T>(a, b, out, n, [u](T x, T y) { return static_cast<T>(u(x) * u(y)); });
    case Operation::bitwise_and: return each<T>(a, b, out, n, [](T x, T y) { return static_cast<T>(x & y); });
    case Operation::bitwise_or: return each<T>(a, b, out, n, [](T x, T y) { return static_cast<T>(x | y); });
    case Operation::bitwise_xor: return each<T>(a, b, out, n, [](T x, T y) { return static_cast<T>(x ^ y); });
    case Operation::minimum:
    case Operation::fmin: return each<T>(a, b, out, n, [](T x, T y) { return x < y ? x : y; });
    case Operation::maximum:
    case Operation::fmax: return each<T>(a, b, out, n, [](T x, T y) { return x > y ? x : y; });
    case Operation::invert: return each<T>(a, out, n, [](T x) { return static_cast<T>(~x); });
    case Operation::negative: return each<T>(a, out, n, [u](T x) { return static_cast<T>(U{0} - u(x)); });
    case Operation::absolute: return each<T>(a, out, n, [u](T x) { return x < 0 ? static_cast<T>(U{0} - u(x)) : x; });
    default: return false;
  }
}

XYLEM_INLINE bool boolean(Operation operation, const void* a, const void* b, void* out, int n) {
  using T = std::uint8_t;
  switch (operation) {
    case Operation::add:
    case Operation::logical_or:
    case Operation::maximum:
    case Operation::bitwise_or: return each<T>(a, b, out, n, [](T x, T y) { return static_cast<T>(x | y); });
    case Operation::multiply:
    case Operation::logical_and:
    case Operation::minimum:
    case Operation::bitwise_and: return each<T>(a, b, out, n, [](T x, T y) { return static_cast<T>(x & y); });
    case Operation::logical_xor:
    case Operation::bitwise_xor: return each<T>(a, b, out, n, [](T x, T y) { return static_cast<T>(x ^ y); });
    case Operation::logical_not:
    case Operation::invert: return each<T>(a, out, n, [](T x) { return static_cast<T>(x ^ 1U); });
    default: return false;
  }
}

template <class T, class F>
bool each_double(const void* in, void* result, int n, F f) {
  const T* a = static_cast<const T*>(in);
  T* out = static_cast<T*>(result);
  for (int i = 0; i < n; ++i) out[i] = static_cast<T>(f(static_cast<double>(a[i])));
  return true;
}

template <class T, class F>
bool each_double(const void* left, const void* right, void* result, int n, F f) {
  const T* a = static_cast<const T*>(left);
  const T* b = static_cast<const T*>(right);
  T* out = static_cast<T*>(result);
  for (int i = 0; i < n; ++i) out[i] = static_cast<T>(f(static_cast<double>(a[i]), static_cast<double>(b[i])));
  return true;
}

template <class T>
bool library(Operation operation, const void* a, const void* b, void* out, int n) {
  constexpr double degree = std::numbers::pi / 180;
  switch (operation) {
    case Operation::power:
      return each_double<T>(a, b, out, n, [](double x, double y) { return y == 2 ? x * x : std::pow(x, y); });
    case Operation::arctan2: return each_double<T>(a, b, out, n, [](double x, double y) { return std::atan2(x, y); });
    case Operation::hypot: return each_double<T>(a, b, out, n, [](double x, double y) { return std::hypot(x, y); });
    case Operation::cbrt: return each_double<T>(a, out, n, [](double x) { return std::cbrt(x); });
    case Operation::exp: return each_double<T>(a, out, n, [](double x) { return std::exp(x); });
    case Operation::exp2: return each_double<T>(a, out, n, [](double x) { return std::exp2(x); });
    case Operation::expm1: return each_double<T>(a, out, n, [](double x) { return std::expm1(x); });
    case Operation::log: return each_double<T>(a, out, n, [](double x) { return std::log(x); });
    case Operation::log2: return each_double<T>(a, out, n, [](double x) { return std::log2(x); });
    case Operation::log10: return each_double<T>(a, out, n, [](double x) { return std::log10(x); });
    case Operation::log1p: return each_double<T>(a, out, n, [](double x) { return std::log1p(x); });
    case Operation::sin: return each_double<T>(a, out, n, [](double x) { return std::sin(x); });
    case Operation::cos: return each_double<T>(a, out, n, [](double x) { return std::cos(x); });
    case Operation::tan: return each_double<T>(a, out, n, [](double x) { return std::tan(x); });
    case Operation::arcsin: return each_double<T>(a, out, n, [](double x) { return std::asin(x); });
    case Operation::arccos: return each_double<T>(a, out, n, [](double x) { return std::acos(x); });
    case Operation::arctan: return each_double<T>(a, out, n, [](double x) { return std::atan(x); });
    case Operation::sinh: return each_double<T>(a, out, n, [](double x) { return std::sinh(x); });
    case Operation::cosh: return each_double<T>(a, out, n, [](double x) { return std::cosh(x); });
    case Operation::tanh: return each_double<T>(a, out, n, [](double x) { return std::tanh(x); });
    case Operation::arcsinh: return each_double<T>(a, out, n, [](double x) { return std::asinh(x); });
    case Operation::arccosh: return each_double<T>(a, out, n, [](double x) { return std::acosh(x); });
    case Operation::arctanh: return each_double<T>(a, out, n, [](double x) { return std::atanh(x); });
    case Operation::degrees: return each_double<T>(a, out, n, [](double x) { return x / degree; });
    case Operation::radians: return each_double<T>(a, out, n, [](double x) { return x * degree; });
    default: return false;
  }
}

}  // namespace

XYLEM_MULTIVERSION bool arithmetic(Operation operation, ElementType type, const void* a, const void* b, void* out, int n) {
  switch (type) {
    case ElementType::boolean: return boolean(operation, a, b, out, n);
    case ElementType::int8: return integer<std::int8_t>(operation, a, b, out, n);
    case ElementType::int16: return integer<std::int16_t>(operation, a, b, out, n);
    case ElementType::int32: return integer<std::int32_t>(operation, a, b, out, n);
    case ElementType::int64: return integer<std::int64_t>(operation, a, b, out, n);
    case ElementType::uint8: return integer<std::uint8_t>(operation, a, b, out, n);
    case ElementType::uint16: return integer<std::uint16_t>(operation, a, b, out, n);
    case ElementType::uint32: return integer<std::uint32_t>(operation, a, b, out, n);
    case ElementType::uint64: return integer<std::uint64_t>(operation, a, b, out, n);
    case ElementType::float32: return real<float>(operation, a, b, out, n);
    case ElementType::float64: return real<double>(operation, a, b, out, n);
    case ElementType::float16: return false;
  }
  return false;
}

bool mathematics(Operation operation, ElementType type, const void* a, const void* b, void* out, int n) {
  if (type == ElementType::float32) return library<float>(operation, a, b, out, n);
  if (type == ElementType::float64) return library<double>(operation, a, b, out, n);
  return false;
}

}  // namespace xylem::detail
