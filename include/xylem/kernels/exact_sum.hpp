#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace xylem {

/// A superaccumulator: the exact sum of any numbers whose bits lie in a fixed range of exponents, as a wide two's-complement
/// fixed-point number of 32-bit digits. Digits lie in 64-bit limbs, so that carries can wait and merging two sums is adding their
/// limbs; addition is therefore associative and commutative, and the result the same in any order (R. M. Neal, "Fast exact
/// summation using small and large superaccumulators", arXiv:1505.05571, 2015).
///
/// Infinities and NaN have no place here; callers count them.
class ExactSum {
 public:
  /// The least and greatest exponents of what may be added: multiples of 2^min below 2^max in magnitude, of which 2^63 fit.
  struct Range {
    int min;
    int max;
    /// The range of exact squares of this range's numbers.
    [[nodiscard]] constexpr Range squared() const { return {2 * min, 2 * max}; }
  };
  static constexpr Range half_range{-24, 16};        ///< float16
  static constexpr Range float_range{-149, 128};     ///< float32
  static constexpr Range double_range{-1074, 1024};  ///< float64
  static constexpr Range integer_range{0, 64};       ///< int64 and uint64

  /// Zero.
  explicit ExactSum(Range range);

  /// Adds units * 2^exponent, which must be in the range. Bits below the range must be zero.
  void add(std::int64_t units, int exponent);
  /// Adds a finite number.
  void add(double x);
  /// Adds the exact square of a finite number.
  void add_square(double x);
  /// Adds `times` times the sum of `other`, which has the same range.
  void add_multiple(const ExactSum& other, std::uint64_t times);

  /// Propagates the carries. Afterwards all limbs but the last are in [0, 2^32), a form that is the same for the same sum, and
  /// limb-wise sums of up to 2^30 such forms do not overflow.
  void normalize();

  /// Limb i weighs 2^(min_exponent() + 32 i).
  [[nodiscard]] std::span<const std::int64_t> limbs() const noexcept { return limbs_; }
  /// Adds limb by limb: merging the normalized limbs of another sum, or the sums of such limbs over many.
  void add_limbs(std::span<const std::int64_t> limbs);

  /// The least exponent of the range.
  [[nodiscard]] int min_exponent() const noexcept { return min_exponent_; }

  /// The sum rounded once, to nearest (ties to even); infinite on overflow, +0.0 for zero.
  [[nodiscard]] double round() const;

 private:
  void add_magnitude(std::uint64_t magnitude, int exponent, bool negative);

  int min_exponent_;
  std::uint32_t pending_ = 0;  // additions since the last normalization
  std::vector<std::int64_t> limbs_;
};

}  // namespace xylem
