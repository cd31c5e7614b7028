#pragma once

#include <limits>

#include "xylem/support/multiversion.hpp"

#include "detail/load.hpp"
#include "detail/tile.hpp"

/// Loads, masks and scans a tile of integers, for use inside multiversioned kernels.
namespace xylem::detail {

template <Source source>
struct IntegerTile {
  using S = ValueOf<source>;
  using U = BitsOf<source>;

  alignas(64) S x[max_tile];      // missing elements are zero
  alignas(64) U valid[max_tile];  // all ones, or zero where an element is missing; only set when `masked`
  bool masked;
  std::int32_t count;
  S min;  // the identities when count is 0
  S max;

  XYLEM_INLINE void load(const TilePlan& plan, const std::byte* raw, int n) {
    load_values<source>(raw, n, plan.swap, x);
    masked = !plan.integers.empty();
    count = n;
    S low = std::numeric_limits<S>::max();
    S high = std::numeric_limits<S>::min();
    if (!masked) {
      for (int i = 0; i < n; ++i) {
        low = x[i] < low ? x[i] : low;
        high = x[i] > high ? x[i] : high;
      }
    } else {
      find_valid(plan.integers, n);
      std::int32_t numbers = 0;
      for (int i = 0; i < n; ++i) numbers += valid[i] & 1;
      count = numbers;
      for (int i = 0; i < n; ++i) {
        // With bit operations, which vectorize where selections may not.
        const U kept = static_cast<U>(x[i]) & valid[i];
        const U left = static_cast<U>(~valid[i]);
        const auto k_low = static_cast<S>(kept | (left & static_cast<U>(std::numeric_limits<S>::max())));
        const auto k_high = static_cast<S>(kept | (left & static_cast<U>(std::numeric_limits<S>::min())));
        low = k_low < low ? k_low : low;
        high = k_high > high ? k_high : high;
        x[i] = static_cast<S>(kept);
      }
    }
    min = low;
    max = high;
  }

 private:
  XYLEM_INLINE void find_valid(const Mask<std::int64_t>& mask, int n) {
    constexpr U all_ones = std::numeric_limits<U>::max();
    const S least = mask.bounded ? static_cast<S>(mask.min) : std::numeric_limits<S>::min();
    const S greatest = mask.bounded ? static_cast<S>(mask.max) : std::numeric_limits<S>::max();
    for (int i = 0; i < n; ++i) valid[i] = ((x[i] >= least) & (x[i] <= greatest)) ? all_ones : U{0};
    for (std::size_t m = 0; m < mask.missing.size(); ++m) {
      const S missing = static_cast<S>(mask.missing[m]);
      for (int i = 0; i < n; ++i) valid[i] = x[i] == missing ? U{0} : valid[i];
    }
  }
};

}  // namespace xylem::detail
