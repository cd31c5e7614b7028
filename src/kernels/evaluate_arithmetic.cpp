#include <cmath>
#include <utility>

#include "detail/evaluate_steps.hpp"

// This file is compiled with -fno-math-errno, without which square roots do not vectorize.

namespace xylem::detail {
namespace {

// One element; as xylem::evaluate(), and of one type all the way: to round a sum, difference, product, quotient or square root
// of float32 (or float16) numbers to float64 (or float32) first cannot change it.
template <Operation op, class T>
XYLEM_INLINE T real_value(T a, T b) {
  using enum Operation;
  if constexpr (op == add) return a + b;
  if constexpr (op == subtract) return a - b;
  if constexpr (op == multiply) return a * b;
  if constexpr (op == divide) return a / b;
  if constexpr (op == negative) return -a;
  if constexpr (op == absolute) return std::fabs(a);
  if constexpr (op == sign) return a != a ? a : static_cast<T>((a > 0) - (a < 0));
  if constexpr (op == Operation::sqrt) return std::sqrt(a);
  if constexpr (op == Operation::floor) return std::floor(a);
  if constexpr (op == Operation::ceil) return std::ceil(a);
  if constexpr (op == Operation::trunc) return std::trunc(a);
  if constexpr (op == Operation::round) return std::nearbyint(a);
  if constexpr (op == minimum) return ((a != a) | (a < b)) ? a : b;
  if constexpr (op == maximum) return ((a != a) | (a > b)) ? a : b;
  if constexpr (op == Operation::fmin) return ((b != b) | (a < b)) ? a : b;
  if constexpr (op == Operation::fmax) return ((b != b) | (a > b)) ? a : b;
  if constexpr (op == fillna) return a != a ? b : a;
}

template <Operation op, class T>
XYLEM_INLINE T integer_value(T a, T b) {
  using enum Operation;
  using U = std::conditional_t<sizeof(T) == 8, std::uint64_t, std::uint32_t>;  // which wraps
  if constexpr (op == add) return static_cast<T>(static_cast<U>(a) + static_cast<U>(b));
  if constexpr (op == subtract) return static_cast<T>(static_cast<U>(a) - static_cast<U>(b));
  if constexpr (op == multiply) return static_cast<T>(static_cast<U>(a) * static_cast<U>(b));
  if constexpr (op == negative) return static_cast<T>(0 - static_cast<U>(a));
  if constexpr (op == absolute) return a < T{1} ? static_cast<T>(0 - static_cast<U>(a)) : a;
  if constexpr (op == sign) return static_cast<T>((a > T{0}) - (a < T{0}));
  if constexpr (op == bitwise_and) return static_cast<T>(a & b);
  if constexpr (op == bitwise_or) return static_cast<T>(a | b);
  if constexpr (op == bitwise_xor) return static_cast<T>(a ^ b);
  if constexpr (op == invert) return static_cast<T>(~a);
  if constexpr (op == minimum) return a < b ? a : b;
  if constexpr (op == maximum) return a > b ? a : b;
  if constexpr (op == logical_not) return static_cast<T>(a == T{0});
}

template <Operation op, ElementType type>
XYLEM_INLINE void loop(const void* const* in, int n, void* out) {
  using T = NativeOf<type>;
  const T* __restrict a = static_cast<const T*>(in[0]);
  const T* __restrict b = static_cast<const T*>(in[1]);
  T* __restrict result = static_cast<T*>(out);
  for (int i = 0; i < n; ++i) {
    if constexpr (std::is_floating_point_v<T>) {
      result[i] = narrowed<type>(real_value<op>(a[i], b[i]));
    } else {
      result[i] = narrowed<type>(integer_value<op>(a[i], b[i]));
    }
  }
}

// The loop of the step's operation among those of a table.
template <ElementType type, const auto& table, std::size_t... i>
XYLEM_INLINE void dispatch(Operation operation, const void* const* in, int n, void* out, std::index_sequence<i...>) {
  (void)((operation == table[i] ? (loop<table[i], type>(in, n, out), true) : false) || ...);
}
template <ElementType type, const auto& table>
XYLEM_INLINE void dispatch(Operation operation, const void* const* in, int n, void* out) {
  dispatch<type, table>(operation, in, n, out, std::make_index_sequence<table.size()>{});
}

}  // namespace

XYLEM_MULTIVERSION void run_reals(const Step& step, const void* const* in, int n, void* out) {
  using enum ElementType;
  switch (step.type) {
    case float16: return dispatch<float16, kRealOperations>(step.operation, in, n, out);
    case float32: return dispatch<float32, kRealOperations>(step.operation, in, n, out);
    default: return dispatch<float64, kRealOperations>(step.operation, in, n, out);
  }
}

XYLEM_MULTIVERSION void run_integers(const Step& step, const void* const* in, int n, void* out) {
  using enum ElementType;
  switch (step.type) {
    case boolean: return dispatch<boolean, kIntegerOperations>(step.operation, in, n, out);
    case int8: return dispatch<int8, kIntegerOperations>(step.operation, in, n, out);
    case int16: return dispatch<int16, kIntegerOperations>(step.operation, in, n, out);
    case int32: return dispatch<int32, kIntegerOperations>(step.operation, in, n, out);
    case int64: return dispatch<int64, kIntegerOperations>(step.operation, in, n, out);
    case uint8: return dispatch<uint8, kIntegerOperations>(step.operation, in, n, out);
    case uint16: return dispatch<uint16, kIntegerOperations>(step.operation, in, n, out);
    case uint32: return dispatch<uint32, kIntegerOperations>(step.operation, in, n, out);
    default: return dispatch<uint64, kIntegerOperations>(step.operation, in, n, out);
  }
}

void run_wide(const Step& step, const void* const* in, int n, void* out) {
  with_type(step.type, [&](auto type) {
    using T = NativeOf<type()>;
    using Wide = std::conditional_t<std::is_floating_point_v<T>, double,
                                    std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t>>;
    const T* a = static_cast<const T*>(in[0]);
    const T* b = static_cast<const T*>(in[1]);
    for (int i = 0; i < n; ++i) {
      static_cast<T*>(out)[i] = narrowed<type()>(evaluate_wide(step.operation, static_cast<Wide>(a[i]), static_cast<Wide>(b[i])));
    }
  });
}

}  // namespace xylem::detail
