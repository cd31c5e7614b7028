#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "xylem/support/contract.hpp"

#include "detail/element_kernels.hpp"
#include "detail/multiversion.hpp"

namespace xylem::detail {
namespace {

template <class T, class F>
XYLEM_INLINE bool compare(const void* left, const void* right, void* result, int n, F f) {
  const T* a = static_cast<const T*>(left);
  const T* b = static_cast<const T*>(right);
  auto* __restrict__ out = static_cast<std::uint8_t*>(result);
  for (int i = 0; i < n; ++i) out[i] = f(a[i], b[i]) ? 1 : 0;
  return true;
}

template <class T>
XYLEM_INLINE bool compare(Operation operation, const void* a, const void* b, void* out, int n) {
  switch (operation) {
    case Operation::less: return compare<T>(a, b, out, n, [](T x, T y) { return x < y; });
    case Operation::less_equal: return compare<T>(a, b, out, n, [](T x, T y) { return x <= y; });
    case Operation::greater: return compare<T>(a, b, out, n, [](T x, T y) { return x > y; });
    case Operation::greater_equal: return compare<T>(a, b, out, n, [](T x, T y) { return x >= y; });
    case Operation::equal: return compare<T>(a, b, out, n, [](T x, T y) { return x == y; });
    case Operation::not_equal: return compare<T>(a, b, out, n, [](T x, T y) { return x != y; });
    default: return false;
  }
}

template <class T>
XYLEM_INLINE void select(const void* condition, const void* left, const void* right, void* result, int n) {
  const auto* c = static_cast<const std::uint8_t*>(condition);
  const T* a = static_cast<const T*>(left);
  const T* b = static_cast<const T*>(right);
  T* __restrict__ out = static_cast<T*>(result);
  for (int i = 0; i < n; ++i) out[i] = c[i] != 0 ? a[i] : b[i];
}

template <class T>
XYLEM_INLINE void test(Operation operation, const void* in, void* result, int n) {
  const T* a = static_cast<const T*>(in);
  auto* __restrict__ out = static_cast<std::uint8_t*>(result);
  constexpr T infinity = std::numeric_limits<T>::infinity();
  switch (operation) {
    case Operation::isinf:
      for (int i = 0; i < n; ++i) out[i] = std::fabs(a[i]) == infinity ? 1 : 0;
      return;
    case Operation::isfinite:
      for (int i = 0; i < n; ++i) out[i] = std::fabs(a[i]) < infinity ? 1 : 0;
      return;
    case Operation::notnull:
      for (int i = 0; i < n; ++i) out[i] = a[i] == a[i] ? 1 : 0;
      return;
    default:
      for (int i = 0; i < n; ++i) out[i] = a[i] != a[i] ? 1 : 0;
  }
}

// To T from F, of which neither is a boolean.
template <class F, class T>
XYLEM_INLINE bool convert_all(const void* from, void* to, int n) {
  const F* in = static_cast<const F*>(from);
  T* __restrict__ out = static_cast<T*>(to);
  if constexpr (std::is_floating_point_v<F> && std::is_integral_v<T>) {
    // What lies between the bounds, both left out, is in range when it is cut towards zero.
    const F above = std::ldexp(F{1}, std::numeric_limits<T>::digits);
    const double below = std::is_signed_v<T> ? -std::ldexp(1.0, std::numeric_limits<T>::digits) - 1 : -1.0;
    bool fits = true;
    for (int i = 0; i < n; ++i) {
      // A 64-bit bound less one is no double: equality is in range there.
      const double x = static_cast<double>(in[i]);
      const bool low = sizeof(T) == 8 && std::is_signed_v<T> ? x >= -0x1p63 : x > below;
      fits = fits && low && in[i] < above;
      out[i] = low && in[i] < above ? static_cast<T>(in[i]) : T{0};
    }
    return fits;
  } else {
    for (int i = 0; i < n; ++i) out[i] = static_cast<T>(in[i]);
    return true;
  }
}

template <class F>
XYLEM_INLINE bool convert_from(ElementType to, const void* in, void* out, int n) {
  switch (to) {
    case ElementType::boolean: {
      const F* a = static_cast<const F*>(in);
      auto* __restrict__ truth = static_cast<std::uint8_t*>(out);
      for (int i = 0; i < n; ++i) truth[i] = a[i] != F{0} ? 1 : 0;
      return true;
    }
    case ElementType::int8: return convert_all<F, std::int8_t>(in, out, n);
    case ElementType::int16: return convert_all<F, std::int16_t>(in, out, n);
    case ElementType::int32: return convert_all<F, std::int32_t>(in, out, n);
    case ElementType::int64: return convert_all<F, std::int64_t>(in, out, n);
    case ElementType::uint8: return convert_all<F, std::uint8_t>(in, out, n);
    case ElementType::uint16: return convert_all<F, std::uint16_t>(in, out, n);
    case ElementType::uint32: return convert_all<F, std::uint32_t>(in, out, n);
    case ElementType::uint64: return convert_all<F, std::uint64_t>(in, out, n);
    case ElementType::float32: return convert_all<F, float>(in, out, n);
    case ElementType::float64: return convert_all<F, double>(in, out, n);
    case ElementType::float16: break;
  }
  return true;
}

XYLEM_MULTIVERSION bool cast_natively(ElementType from, ElementType to, const void* in, void* out, int n) {
  switch (from) {
    case ElementType::boolean:
    case ElementType::uint8: return convert_from<std::uint8_t>(to, in, out, n);
    case ElementType::int8: return convert_from<std::int8_t>(to, in, out, n);
    case ElementType::int16: return convert_from<std::int16_t>(to, in, out, n);
    case ElementType::int32: return convert_from<std::int32_t>(to, in, out, n);
    case ElementType::int64: return convert_from<std::int64_t>(to, in, out, n);
    case ElementType::uint16: return convert_from<std::uint16_t>(to, in, out, n);
    case ElementType::uint32: return convert_from<std::uint32_t>(to, in, out, n);
    case ElementType::uint64: return convert_from<std::uint64_t>(to, in, out, n);
    case ElementType::float16:
    case ElementType::float32: return convert_from<float>(to, in, out, n);
    case ElementType::float64: return convert_from<double>(to, in, out, n);
  }
  return true;
}

}  // namespace

XYLEM_MULTIVERSION bool comparison(Operation operation, ElementType type, const void* a, const void* b, void* out, int n) {
  switch (type) {
    case ElementType::boolean:
    case ElementType::uint8: return compare<std::uint8_t>(operation, a, b, out, n);
    case ElementType::int8: return compare<std::int8_t>(operation, a, b, out, n);
    case ElementType::int16: return compare<std::int16_t>(operation, a, b, out, n);
    case ElementType::int32: return compare<std::int32_t>(operation, a, b, out, n);
    case ElementType::int64: return compare<std::int64_t>(operation, a, b, out, n);
    case ElementType::uint16: return compare<std::uint16_t>(operation, a, b, out, n);
    case ElementType::uint32: return compare<std::uint32_t>(operation, a, b, out, n);
    case ElementType::uint64: return compare<std::uint64_t>(operation, a, b, out, n);
    case ElementType::float16:
    case ElementType::float32: return compare<float>(operation, a, b, out, n);
    case ElementType::float64: return compare<double>(operation, a, b, out, n);
  }
  return false;
}

XYLEM_MULTIVERSION void predicate(Operation operation, ElementType type, const void* a, void* out, int n) {
  if (type == ElementType::float64) return test<double>(operation, a, out, n);
  if (is_floating(type)) return test<float>(operation, a, out, n);
  const bool always = operation == Operation::isfinite || operation == Operation::notnull;
  for (int i = 0; i < n; ++i) static_cast<std::uint8_t*>(out)[i] = always ? 1 : 0;
}

XYLEM_MULTIVERSION void choose(int size, const void* condition, const void* a, const void* b, void* out, int n) {
  switch (size) {
    case 1: return select<std::uint8_t>(condition, a, b, out, n);
    case 2: return select<std::uint16_t>(condition, a, b, out, n);
    case 4: return select<std::uint32_t>(condition, a, b, out, n);
    default: return select<std::uint64_t>(condition, a, b, out, n);
  }
}

bool cast(ElementType from, ElementType to, const void* in, void* out, int n) {
  if (to != ElementType::float16) return cast_natively(from, to, in, out, n);
  for (int i = 0; i < n; ++i) put(to, out, i, convert(get(from, in, i), to));
  return true;
}

int register_size(ElementType type) noexcept { return type == ElementType::float16 ? 4 : element_size(type); }

Number get(ElementType type, const void* in, int i) {
  switch (type) {
    case ElementType::boolean:
    case ElementType::uint8: return std::uint64_t{static_cast<const std::uint8_t*>(in)[i]};
    case ElementType::int8: return std::int64_t{static_cast<const std::int8_t*>(in)[i]};
    case ElementType::int16: return std::int64_t{static_cast<const std::int16_t*>(in)[i]};
    case ElementType::int32: return std::int64_t{static_cast<const std::int32_t*>(in)[i]};
    case ElementType::int64: return static_cast<const std::int64_t*>(in)[i];
    case ElementType::uint16: return std::uint64_t{static_cast<const std::uint16_t*>(in)[i]};
    case ElementType::uint32: return std::uint64_t{static_cast<const std::uint32_t*>(in)[i]};
    case ElementType::uint64: return static_cast<const std::uint64_t*>(in)[i];
    case ElementType::float16:
    case ElementType::float32: return static_cast<double>(static_cast<const float*>(in)[i]);
    case ElementType::float64: return static_cast<const double*>(in)[i];
  }
  return {};
}

void put(ElementType type, void* out, int i, const Number& value) {
  std::visit(
      [&](auto v) {
        switch (type) {
          case ElementType::boolean:
          case ElementType::uint8: static_cast<std::uint8_t*>(out)[i] = static_cast<std::uint8_t>(v); return;
          case ElementType::int8: static_cast<std::int8_t*>(out)[i] = static_cast<std::int8_t>(v); return;
          case ElementType::int16: static_cast<std::int16_t*>(out)[i] = static_cast<std::int16_t>(v); return;
          case ElementType::int32: static_cast<std::int32_t*>(out)[i] = static_cast<std::int32_t>(v); return;
          case ElementType::int64: static_cast<std::int64_t*>(out)[i] = static_cast<std::int64_t>(v); return;
          case ElementType::uint16: static_cast<std::uint16_t*>(out)[i] = static_cast<std::uint16_t>(v); return;
          case ElementType::uint32: static_cast<std::uint32_t*>(out)[i] = static_cast<std::uint32_t>(v); return;
          case ElementType::uint64: static_cast<std::uint64_t*>(out)[i] = static_cast<std::uint64_t>(v); return;
          case ElementType::float16:
          case ElementType::float32: static_cast<float*>(out)[i] = static_cast<float>(v); return;
          case ElementType::float64: static_cast<double*>(out)[i] = static_cast<double>(v); return;
        }
      },
      value);
}

}  // namespace xylem::detail
