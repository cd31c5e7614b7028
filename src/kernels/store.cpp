#include <cmath>
#include <cstring>
#include <limits>

#include "xylem/kernels/evaluate.hpp"
#include "xylem/model/half.hpp"

namespace xylem {
namespace {

// The sign and payload of a NaN depend on the order in which a processor takes its operands.
template <class T>
void store_reals(const void* from, std::int64_t n, std::byte* to) {
  const T* values = static_cast<const T*>(from);
  for (std::int64_t i = 0; i < n; ++i) {
    const T value = std::isnan(values[i]) ? std::numeric_limits<T>::quiet_NaN() : values[i];
    std::memcpy(to + i * static_cast<std::int64_t>(sizeof value), &value, sizeof value);
  }
}

}  // namespace

void store_elements(ElementType type, const void* from, std::int64_t n, std::byte* to) {
  if (type == ElementType::float64) return store_reals<double>(from, n, to);
  if (type == ElementType::float32) return store_reals<float>(from, n, to);
  if (type != ElementType::float16) {
    std::memcpy(to, from, static_cast<std::size_t>(n * element_size(type)));
    return;
  }
  for (std::int64_t i = 0; i < n; ++i) {
    const float value = static_cast<const float*>(from)[i];
    const std::uint16_t bits = half_bits(std::isnan(value) ? std::numeric_limits<float>::quiet_NaN() : value);
    std::memcpy(to + i * 2, &bits, 2);
  }
}

}  // namespace xylem
