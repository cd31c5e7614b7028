#pragma once

#include <bit>
#include <cstdint>

namespace xylem {

/// An exact sum of doubles, as ExactSum, in a form that is trivially copyable: for the states of reductions of a program's own
/// (custom_reduction()), whose results then have the same bits in any order. 560 bytes, which count for every result.
struct ExactState {
  static constexpr int num_limbs = 69;
  /// Limb i weighs 2^(32 i - 1074), and carries wait in its upper bits.
  std::int64_t limbs[num_limbs]{};
  std::uint32_t pending = 0;       ///< additions since the last normalize()
  bool positive_infinity = false;  ///< one was added
  bool negative_infinity = false;  ///< one was added
  bool undefined = false;          ///< a NaN

  /// Adds any number.
  constexpr void add(double x) noexcept {
    const auto bits = std::bit_cast<std::uint64_t>(x);
    const bool negative = bits >> 63 != 0;
    const int field = static_cast<int>(bits >> 52 & 0x7ff);
    const std::uint64_t fraction = bits & ((std::uint64_t{1} << 52) - 1);
    if (field == 0x7ff) {
      (fraction != 0 ? undefined : negative ? negative_infinity : positive_infinity) = true;
      return;
    }
    const std::uint64_t mantissa = field == 0 ? fraction : fraction | std::uint64_t{1} << 52;
    const int position = field == 0 ? 0 : field - 1, limb = position / 32, shift = position % 32;
    const std::uint64_t low = (mantissa & digit) << shift, high = (mantissa >> 32) << shift;
    const std::int64_t sign = negative ? -1 : 1;
    limbs[limb] += sign * static_cast<std::int64_t>(low & digit);
    limbs[limb + 1] += sign * static_cast<std::int64_t>((low >> 32) + (high & digit));
    limbs[limb + 2] += sign * static_cast<std::int64_t>(high >> 32);
    if (++pending >= max_pending) normalize();
  }

  /// Adds another sum.
  constexpr void add(const ExactState& other) noexcept {
    if (pending + other.pending + 1 >= max_pending) normalize();
    for (int i = 0; i < num_limbs; ++i) limbs[i] += other.limbs[i];
    pending += other.pending + 1;
    positive_infinity |= other.positive_infinity;
    negative_infinity |= other.negative_infinity;
    undefined |= other.undefined;
  }

  /// Propagates the carries.
  constexpr void normalize() noexcept {
    std::int64_t carry = 0;
    for (int i = 0; i + 1 < num_limbs; ++i) {
      const std::int64_t limb = limbs[i] + carry;
      carry = limb >> 32;
      limbs[i] = limb & static_cast<std::int64_t>(digit);
    }
    limbs[num_limbs - 1] += carry;
    pending = 0;
  }

  /// The sum rounded once, to nearest (ties to even); IEEE's result for infinities and NaN; +0.0 for zero.
  [[nodiscard]] double round() const;

 private:
  static constexpr std::uint64_t digit = 0xffffffffU;
  static constexpr std::uint32_t max_pending = std::uint32_t{1} << 27;  // twice as many leave a limb below 2^62
};

}  // namespace xylem
