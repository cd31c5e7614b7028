#pragma once

#include <bit>
#include <cstdint>

namespace xylem {

/// The value of a float16, given by its bits.
[[nodiscard]] inline float widen_half(std::uint16_t bits) noexcept {
  // The bits moved into a float32 stand for the value times 2^-112 (subnormals too); Inf and NaN need the float32 exponent.
  const std::uint32_t magnitude = static_cast<std::uint32_t>(bits & 0x7fffU) << 13,
                      sign = static_cast<std::uint32_t>(bits & 0x8000U) << 16;
  const auto finite = std::bit_cast<std::uint32_t>(std::bit_cast<float>(magnitude) * 0x1p112F);
  return std::bit_cast<float>((magnitude >= 0x0f800000U ? magnitude | 0x7f800000U : finite) | sign);
}

/// The bits of a float16, given by its value, which is one that float16 holds (NaN too).
[[nodiscard]] inline std::uint16_t half_bits(float value) noexcept {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const auto sign = static_cast<std::uint16_t>(bits >> 16 & 0x8000U);
  if (value != value) return static_cast<std::uint16_t>(sign | 0x7e00U);
  if ((bits & 0x7fffffffU) == 0x7f800000U) return static_cast<std::uint16_t>(sign | 0x7c00U);
  const auto scaled = std::bit_cast<std::uint32_t>(std::bit_cast<float>(bits & 0x7fffffffU) * 0x1p-112F);
  return static_cast<std::uint16_t>(sign | scaled >> 13);
}

}  // namespace xylem
