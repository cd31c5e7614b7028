#include <cmath>
#include <cstdlib>
#include <limits>
#include <numbers>
#include <type_traits>
#include <utility>

#include "xylem/model/operation.hpp"
#include "xylem/support/contract.hpp"

namespace xylem {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

Number truth(bool value) { return std::uint64_t{value ? 1U : 0U}; }

template <class T>
bool is_missing(T value) {
  if constexpr (std::is_floating_point_v<T>) return std::isnan(value);
  return false;
}

// Compared as the numbers that they are, also where one is signed and the other is not.
template <class A, class B>
bool is_less(A a, B b) {
  if constexpr (std::is_integral_v<A> && std::is_integral_v<B>) return std::cmp_less(a, b);
  return static_cast<double>(a) < static_cast<double>(b);
}
template <class A, class B>
bool is_equal(A a, B b) {
  if constexpr (std::is_integral_v<A> && std::is_integral_v<B>) return std::cmp_equal(a, b);
  return static_cast<double>(a) == static_cast<double>(b);
}

Number compare(Operation operation, const Number& left, const Number& right) {
  return std::visit(
      [&](auto a, auto b) {
        if (is_missing(a) || is_missing(b)) return truth(operation == Operation::not_equal);
        switch (operation) {
          case Operation::less: return truth(is_less(a, b));
          case Operation::less_equal: return truth(!is_less(b, a));
          case Operation::greater: return truth(is_less(b, a));
          case Operation::greater_equal: return truth(!is_less(a, b));
          case Operation::equal: return truth(is_equal(a, b));
          default: return truth(!is_equal(a, b));
        }
      },
      left, right);
}

bool truth_of(const Number& value) {
  return std::visit([](auto v) { return v != decltype(v){0}; }, value);
}

Number observe(Operation operation, std::span<const Number> inputs) {
  const bool first = truth_of(inputs[0]);
  const double value = std::visit([](auto v) { return static_cast<double>(v); }, inputs[0]);
  switch (operation) {
    case Operation::logical_and: return truth(first && truth_of(inputs[1]));
    case Operation::logical_or: return truth(first || truth_of(inputs[1]));
    case Operation::logical_xor: return truth(first != truth_of(inputs[1]));
    case Operation::logical_not: return truth(!first);
    case Operation::isinf: return truth(std::isinf(value));
    case Operation::isfinite: return truth(std::isfinite(value));
    case Operation::notnull: return truth(!std::isnan(value));
    default: return truth(std::isnan(value));  // isnan, isnull
  }
}

// Python's: the quotient is rounded down, the remainder has the divisor's sign (numpy's npy_divmod).
double real_remainder(double a, double b) {
  const double rest = std::fmod(a, b);
  if (b == 0 || std::isnan(rest)) return rest;
  if (rest == 0) return std::copysign(0.0, b);
  return (rest < 0) != (b < 0) ? rest + b : rest;
}
double real_floor_divide(double a, double b) {
  if (b == 0) return a / b;
  double rest = std::fmod(a, b);
  if (std::isnan(rest)) return kNan;
  double quotient = (a - rest) / b;
  if (rest != 0 && (rest < 0) != (b < 0)) quotient -= 1;
  if (quotient == 0) return std::copysign(0.0, a / b);
  const double whole = std::floor(quotient);
  return quotient - whole > 0.5 ? whole + 1 : whole;
}

}  // namespace

double evaluate_wide(Operation operation, double a, double b) {
  constexpr double degree = std::numbers::pi / 180;
  switch (operation) {
    case Operation::add: return a + b;
    case Operation::subtract: return a - b;
    case Operation::multiply: return a * b;
    case Operation::divide: return a / b;
    case Operation::floor_divide: return real_floor_divide(a, b);
    case Operation::remainder: return real_remainder(a, b);
    case Operation::power: return b == 2 ? a * a : std::pow(a, b);
    case Operation::negative: return -a;
    case Operation::absolute: return std::fabs(a);
    case Operation::sign: return std::isnan(a) ? a : static_cast<double>((a > 0) - (a < 0));
    case Operation::sqrt: return std::sqrt(a);
    case Operation::cbrt: return std::cbrt(a);
    case Operation::exp: return std::exp(a);
    case Operation::exp2: return std::exp2(a);
    case Operation::expm1: return std::expm1(a);
    case Operation::log: return std::log(a);
    case Operation::log2: return std::log2(a);
    case Operation::log10: return std::log10(a);
    case Operation::log1p: return std::log1p(a);
    case Operation::sin: return std::sin(a);
    case Operation::cos: return std::cos(a);
    case Operation::tan: return std::tan(a);
    case Operation::arcsin: return std::asin(a);
    case Operation::arccos: return std::acos(a);
    case Operation::arctan: return std::atan(a);
    case Operation::sinh: return std::sinh(a);
    case Operation::cosh: return std::cosh(a);
    case Operation::tanh: return std::tanh(a);
    case Operation::arcsinh: return std::asinh(a);
    case Operation::arccosh: return std::acosh(a);
    case Operation::arctanh: return std::atanh(a);
    case Operation::arctan2: return std::atan2(a, b);
    case Operation::hypot: return std::hypot(a, b);
    case Operation::degrees: return a / degree;
    case Operation::radians: return a * degree;
    case Operation::floor: return std::floor(a);
    case Operation::ceil: return std::ceil(a);
    case Operation::trunc: return std::trunc(a);
    case Operation::round: return std::nearbyint(a);
    case Operation::minimum: return std::isnan(a) || a < b ? a : b;
    case Operation::maximum: return std::isnan(a) || a > b ? a : b;
    case Operation::fmin: return std::isnan(b) || a < b ? a : b;
    case Operation::fmax: return std::isnan(b) || a > b ? a : b;
    case Operation::fillna: return std::isnan(a) ? b : a;
    default: return a;  // positive
  }
}

namespace {

// Squaring, modulo 2^64; the exponent is not negative.
std::uint64_t integer_power(std::uint64_t base, std::uint64_t exponent) {
  std::uint64_t result = 1;
  for (; exponent != 0; exponent >>= 1, base *= base) {
    if (exponent & 1U) result *= base;
  }
  return result;
}

template <class T>
T floor_quotient(T a, T b) {
  if (b == 0) return 0;
  if constexpr (std::is_signed_v<T>) {
    if (b == -1) return static_cast<T>(0 - static_cast<std::uint64_t>(a));  // the least integer has no negative
    return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
  } else {
    return a / b;
  }
}

// T is int64 or uint64; the result wraps to the narrower type afterwards.
template <class T>
T integer_value(Operation operation, T a, T b) {
  const auto u = [](T value) { return static_cast<std::uint64_t>(value); };
  switch (operation) {
    case Operation::add: return static_cast<T>(u(a) + u(b));
    case Operation::subtract: return static_cast<T>(u(a) - u(b));
    case Operation::multiply: return static_cast<T>(u(a) * u(b));
    case Operation::floor_divide: return floor_quotient(a, b);
    case Operation::remainder: return b == 0 ? T{0} : static_cast<T>(u(a) - u(b) * u(floor_quotient(a, b)));
    case Operation::power: return static_cast<T>(integer_power(u(a), u(b)));
    case Operation::negative: return static_cast<T>(0 - u(a));
    case Operation::absolute: return std::is_signed_v<T> && a < T{1} ? static_cast<T>(0 - u(a)) : a;
    case Operation::sign: return a == 0 ? T{0} : (std::is_signed_v<T> && a < T{1} ? static_cast<T>(-1) : T{1});
    case Operation::bitwise_and: return a & b;
    case Operation::bitwise_or: return a | b;
    case Operation::bitwise_xor: return a ^ b;
    case Operation::invert: return static_cast<T>(~u(a));
    case Operation::minimum:
    case Operation::fmin: return a < b ? a : b;
    case Operation::maximum:
    case Operation::fmax: return a > b ? a : b;
    default: return a;  // positive, rounding, fillna
  }
}

}  // namespace

std::int64_t evaluate_wide(Operation operation, std::int64_t a, std::int64_t b) { return integer_value(operation, a, b); }
std::uint64_t evaluate_wide(Operation operation, std::uint64_t a, std::uint64_t b) { return integer_value(operation, a, b); }

namespace {

Number boolean_value(Operation operation, std::uint64_t a, std::uint64_t b) {
  switch (operation) {
    case Operation::add: return a | b;
    case Operation::multiply: return a & b;
    case Operation::invert: return a ^ 1U;
    default: return integer_value(operation, a, b);
  }
}

// Holds the sum of any two 64-bit integers.
__extension__ using Wide = __int128;

Wide to_wide(const Number& integer) {
  return std::visit([](auto v) { return static_cast<Wide>(v); }, integer);
}

std::optional<Number> narrowed(Wide value) {
  if (value > Wide{std::numeric_limits<std::uint64_t>::max()} || value < Wide{std::numeric_limits<std::int64_t>::min()}) {
    return std::nullopt;
  }
  if (value > Wide{std::numeric_limits<std::int64_t>::max()}) return static_cast<std::uint64_t>(value);
  return static_cast<std::int64_t>(value);
}

std::optional<Number> exact_power(Wide base, Wide exponent) {
  if (exponent < 0) return std::nullopt;
  if (base >= -1 && base <= 1) exponent = exponent == 0 ? Wide{0} : 2 - exponent % 2;
  Wide result = 1;
  for (; exponent > 0; --exponent) {  // at most 64 times
    if (__builtin_mul_overflow(result, base, &result) || !narrowed(result)) return std::nullopt;
  }
  return narrowed(result);
}

}  // namespace

Number evaluate(Operation operation, const OperationTypes& types, std::span<const Number> inputs) {
  const OperationInfo& info = operation_info(operation);
  XYLEM_EXPECT(inputs.size() == static_cast<std::size_t>(info.arity), "as many inputs as the operation takes");
  switch (info.types) {
    case TypeRule::comparison: return compare(operation, inputs[0], inputs[1]);
    case TypeRule::truth:
    case TypeRule::predicate: return observe(operation, inputs);
    case TypeRule::choice: return inputs[truth_of(inputs[0]) ? 1 : 2];
    default: break;
  }
  const Number& second = inputs[inputs.size() - 1];
  const Number value = std::visit(
      [&](auto a) -> Number {
        const auto b = std::get<decltype(a)>(second);
        if constexpr (!std::is_same_v<decltype(a), double>) {
          if (types.result == ElementType::boolean) {
            return boolean_value(operation, static_cast<std::uint64_t>(a), static_cast<std::uint64_t>(b));
          }
        }
        return evaluate_wide(operation, a, b);
      },
      inputs[0]);
  return convert(value, types.result);
}

std::optional<Number> evaluate_exactly(Operation operation, std::span<const Number> inputs) {
  const Wide a = to_wide(inputs[0]), b = to_wide(inputs[inputs.size() - 1]);
  Wide product = 0;
  switch (operation) {
    case Operation::add: return narrowed(a + b);
    case Operation::subtract: return narrowed(a - b);
    case Operation::multiply: return __builtin_mul_overflow(a, b, &product) ? std::nullopt : narrowed(product);
    case Operation::negative: return narrowed(-a);
    case Operation::positive: return narrowed(a);
    case Operation::power: return exact_power(a, b);
    case Operation::floor_divide:
    case Operation::remainder: {
      if (b == 0) return std::nullopt;
      const Wide quotient = a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
      return narrowed(operation == Operation::floor_divide ? quotient : a - b * quotient);
    }
    default: return std::nullopt;
  }
}

}  // namespace xylem
