#pragma once

#include <array>

#include "xylem/model/custom.hpp"
#include "xylem/model/operation.hpp"

#include "detail/native.hpp"

/// The instructions of an Evaluator. Each makes n elements of one register from the same elements of others.
namespace xylem::detail {

struct Step;
/// in[i]: the elements of step.inputs[i]; out lies elsewhere.
using StepFunction = void (*)(const Step& step, const void* const* in, int n, void* out);

struct Step {
  StepFunction run = nullptr;
  Operation operation{};
  ElementType input{};                          ///< the type of the first input
  ElementType type{};                           ///< of the result
  std::array<int, max_custom_inputs> inputs{};  ///< registers; the last one is repeated where there are fewer
  int output = 0;                               ///< register
  Operation left{};                             ///< of run_fused
  Operation right{};
  bool root = false;
  const CustomFunction* custom = nullptr;  ///< of run_custom_function
};

/// Operations whose inputs and result are of one type.
inline constexpr std::array kRealOperations{
    Operation::add,     Operation::subtract, Operation::multiply, Operation::divide, Operation::negative, Operation::absolute,
    Operation::sign,    Operation::sqrt,     Operation::floor,    Operation::ceil,   Operation::trunc,    Operation::round,
    Operation::minimum, Operation::maximum,  Operation::fmin,     Operation::fmax,   Operation::fillna};
inline constexpr std::array kIntegerOperations{
    Operation::add,     Operation::subtract,    Operation::multiply,   Operation::negative,    Operation::absolute,
    Operation::sign,    Operation::bitwise_and, Operation::bitwise_or, Operation::bitwise_xor, Operation::invert,
    Operation::minimum, Operation::maximum,     Operation::logical_not};
void run_reals(const Step& step, const void* const* in, int n, void* out);     ///< kRealOperations; vectorized, as all but wide
void run_integers(const Step& step, const void* const* in, int n, void* out);  ///< kIntegerOperations, and booleans
void run_wide(const Step& step, const void* const* in, int n, void* out);      ///< all others, element by element

/// Several operations on float32 or float64 at once: operation(left(in[0], in[1]), right(in[2], in[3])), or its square root.
/// `operation` is add, subtract or multiply; left and right too, or positive, which gives its first input. Not both are
/// positive, and left >= right unless `operation` is subtract.
void run_fused(const Step& step, const void* const* in, int n, void* out);

/// less, less_equal, equal, not_equal; inputs of one type, or int64 and uint64 in either order (step.input says which).
void run_comparison(const Step& step, const void* const* in, int n, void* out);
void run_mixed_comparison(const Step& step, const void* const* in, int n, void* out);
void run_finiteness(const Step& step, const void* const* in, int n, void* out);  ///< isinf, isfinite of floats
void run_custom_function(const Step& step, const void* const* in, int n, void* out);
void run_where(const Step& step, const void* const* in, int n, void* out);
/// Throws DataError for floats that the integer type cannot hold.
void run_cast(const Step& step, const void* const* in, int n, void* out);

/// The nearest number that float16 holds, ties to even: 11 significant bits, least exponent -24, largest 65504.
template <class T>
XYLEM_INLINE float round_to_half(T value) {
  using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  constexpr int fraction_bits = std::numeric_limits<T>::digits - 1;
  constexpr Bits sign_mask = Bits{1} << (8 * sizeof(T) - 1);
  constexpr Bits least_exponent = Bits{std::numeric_limits<T>::max_exponent - 1 - 14} << fraction_bits;
  const Bits bits = __builtin_bit_cast(Bits, value);
  const Bits sign = bits & sign_mask;
  const Bits exponent = (bits ^ sign) >> fraction_bits << fraction_bits;
  // Adding a number whose last bit is worth what the result's is rounds, in the processor's way.
  const Bits shifted = (exponent > least_exponent ? exponent : least_exponent) + (Bits{fraction_bits - 10} << fraction_bits);
  const T magnitude = __builtin_bit_cast(T, static_cast<Bits>(bits ^ sign));
  const T shift = __builtin_bit_cast(T, shifted);
  const T finite = (magnitude + shift) - shift;
  const T rounded = magnitude >= T{65520} ? std::numeric_limits<T>::infinity() : finite;
  return static_cast<float>(__builtin_bit_cast(T, static_cast<Bits>(__builtin_bit_cast(Bits, rounded) | sign)));
}

/// A result in the native type of `type`, rounded or wrapped to it.
template <ElementType type, class T>
XYLEM_INLINE auto narrowed(T value) {
  if constexpr (type == ElementType::boolean) {
    return static_cast<std::uint8_t>(value != T{0});
  } else if constexpr (type == ElementType::float16) {
    return round_to_half(value);
  } else {
    return static_cast<NativeOf<type>>(value);
  }
}

}  // namespace xylem::detail
