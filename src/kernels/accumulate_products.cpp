#include <algorithm>
#include <cmath>
#include <limits>

#include "detail/aggregate_state.hpp"
#include "detail/native.hpp"

namespace xylem::detail {
namespace {

// Multiplies by (high + low) 2^exponent, to about 100 bits.
void multiply(Product& product, double high, double low, std::int64_t exponent) {
  const double p = product.high * high;
  const double error = std::fma(product.high, high, -p) + (product.high * low + product.low * high);
  const double sum = p + error;
  int shift = 0;
  product.high = std::frexp(sum, &shift);
  product.low = std::ldexp(error - (sum - p), -shift);
  product.exponent += exponent + shift;
}

std::uint64_t multiply_magnitudes(std::uint64_t a, std::uint64_t b) {
  std::uint64_t result = 0;
  return __builtin_mul_overflow(a, b, &result) ? 0 : result;
}

void multiply_real(Product& product, double x) {
  if (std::signbit(x)) product.negative ^= 1;
  if (x == 0) {
    product.zero = 1;
  } else if (std::isinf(x)) {
    product.infinite = 1;
  } else {
    int exponent = 0;
    const double mantissa = std::frexp(std::fabs(x), &exponent);
    multiply(product, mantissa, 0, exponent);
  }
}

void multiply_integer(Product& product, std::uint64_t magnitude, bool negative) {
  if (negative) product.negative ^= 1;
  if (magnitude == 0) {
    product.zero = 1;
    return;
  }
  product.magnitude = multiply_magnitudes(product.magnitude, magnitude);
  const auto high = static_cast<double>(magnitude);
  // The rest of 64 bits in 53; high may be 2^64, which no uint64 holds.
  const std::int64_t rest = high >= 0x1p64 ? -static_cast<std::int64_t>(0 - magnitude)
                                           : static_cast<std::int64_t>(magnitude - static_cast<std::uint64_t>(high));
  multiply(product, high, static_cast<double>(rest), 0);
}

void multiply(Product& product, const Product& other) {
  product.magnitude = multiply_magnitudes(product.magnitude, other.magnitude);
  product.zero |= other.zero;
  product.infinite |= other.infinite;
  product.negative ^= other.negative;
  multiply(product, other.high, other.low, other.exponent);
}

}  // namespace

void Products::update(const Tile& tile) {
  const void* x = tile.values[static_cast<std::size_t>(value_)];
  with_native(type_, [&](auto zero) {
    using T = decltype(zero);
    const T* elements = static_cast<const T*>(x);
    for_each_element(tile, [&](std::int64_t output, int i) {
      const T value = elements[i];
      if constexpr (std::is_floating_point_v<T>) {
        if (!std::isnan(value)) multiply_real(products_[output], value);
      } else {
        const bool negative = value < T{0};
        const auto bits = static_cast<std::uint64_t>(value);
        multiply_integer(products_[output], negative ? 0 - bits : bits, negative);
      }
    });
  });
}

void Products::combine(const AggregateState& other) {
  const auto& others = static_cast<const Products&>(other).products_;
  for (std::int64_t i = 0; i < products_.size(); ++i) multiply(products_[i], others[i]);
}

void Products::pack(Packer& packer) const {
  for (std::int64_t i = 0; i < products_.size(); ++i) {
    const Product& product = products_[i];
    packer.put(product.high);
    packer.put(product.low);
    packer.put(product.exponent);
    packer.put(product.magnitude);
    packer.put(product.zero);
    packer.put(product.infinite);
    packer.put(product.negative);
  }
}

void Products::combine_packed(Unpacker& unpacker) {
  for (std::int64_t i = 0; i < products_.size(); ++i) {
    Product product;
    product.high = unpacker.get<double>();
    product.low = unpacker.get<double>();
    product.exponent = unpacker.get<std::int64_t>();
    product.magnitude = unpacker.get<std::uint64_t>();
    product.zero = unpacker.get<std::uint8_t>();
    product.infinite = unpacker.get<std::uint8_t>();
    product.negative = unpacker.get<std::uint8_t>();
    multiply(products_[i], product);
  }
}

double Products::real(std::int64_t output) const {
  const Product& product = products_[output];
  double magnitude = 0;
  if (product.zero != 0 && product.infinite != 0) return std::numeric_limits<double>::quiet_NaN();
  if (product.infinite != 0) {
    magnitude = std::numeric_limits<double>::infinity();
  } else if (product.zero == 0) {
    constexpr std::int64_t huge = 4000;
    const auto exponent = static_cast<int>(std::clamp(product.exponent, -huge, huge));
    magnitude = std::ldexp(product.high, exponent);
  }
  return product.negative != 0 ? -magnitude : magnitude;
}

std::optional<std::uint64_t> Products::integer(std::int64_t output, bool is_signed) const {
  const Product& product = products_[output];
  if (product.zero != 0) return std::uint64_t{0};
  const bool negative = product.negative != 0;
  const std::uint64_t limit = is_signed ? (std::uint64_t{1} << 63) - (negative ? 0 : 1) : ~std::uint64_t{0};
  if (product.magnitude == 0 || product.magnitude > limit) return std::nullopt;
  return negative ? 0 - product.magnitude : product.magnitude;
}

}  // namespace xylem::detail
