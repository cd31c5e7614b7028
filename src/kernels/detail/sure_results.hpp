#pragma once

#include <cstdint>

/// Results of exact sums for many outputs at once: by doubles of twice the length, in loops that vectorize. Each is either the
/// exact result rounded once, which the error bound of its computation proves, or said to be unsure.
namespace xylem::detail {

/// Sums in two digits (SumPlanes): (low[i] + high[i] * 2^52) * 2^unit. A null pointer for digits that are zero.
struct SumDigits {
  const std::int64_t* low = nullptr;
  const std::int64_t* high = nullptr;
  int unit = 0;
};

/// The outputs that one call may find, at most.
constexpr int max_sure_results = 512;

/// sum[i], or sum[i] / counts[i] where counts are given.
void sure_means(const SumDigits& sum, const std::int64_t* counts, int n, double* results, std::uint8_t* sure);
/// Variances, or their roots: (counts[i] squares[i] - sum[i]^2) / (counts[i] (counts[i] - ddof)).
void sure_variances(const SumDigits& sum, const SumDigits& squares, const std::int64_t* counts, int ddof, bool root, int n,
                    double* results, std::uint8_t* sure);

}  // namespace xylem::detail
