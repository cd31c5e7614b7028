#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "xylem/model/cf.hpp"
#include "xylem/model/dtype.hpp"

/// The inner kernels of statistics: each reduces one tile, a run of elements that fits in the L1 cache, to a few integers that
/// are exact, or says that it cannot.
namespace xylem::detail {

enum class Source : std::uint8_t { boolean, int8, int16, int32, int64, uint8, uint16, uint32, uint64, float16, float32, float64 };

/// Values that mean "missing", and bounds outside which values are missing too.
template <class T>
struct Mask {
  std::vector<T> missing{};
  bool bounded = false;
  T min{};
  T max{};
  [[nodiscard]] bool empty() const { return missing.empty() && !bounded; }
};

/// The tiles' widest sums are bounded for this many elements (see the kernels).
constexpr int max_tile = 4096;

/// How the stored elements of a dataset become values, and how they are reduced.
struct TilePlan {
  /// By stored and resulting type: integers; float16 and float32; integers to doubles; all other floats.
  enum class Kernel : std::uint8_t { integers, floats, scaled, doubles };

  Source source{};    ///< after `signedness`
  int size = 0;       ///< bytes per element
  bool swap = false;  ///< stored in the other byte order
  Kernel kernel{};
  int tile = 0;  ///< elements per tile

  Mask<std::int64_t> integers{};  ///< of packed integers, for all that is masked; for uint64 the same bits
  Mask<double> reals{};           ///< of packed floats
  Mask<double> unpacked{};        ///< of values from packed floats
  bool scaled = false;
  double scale_factor = 1;
  double add_offset = 0;
  int last_bit = 0;  ///< scaled integers: all values are multiples of 2^last_bit

  /// For a numeric type; throws UsageError for others.
  TilePlan(const DType& stored, const CfDecoding& decoding);
};

/// units * 2^exponent
struct Term {
  std::int64_t units;
  std::int32_t exponent;
};

constexpr int max_terms = 13;

/// What a tile adds to the accumulator.
struct TileResult {
  bool exact;  ///< false: the terms are not set, and the tile must be added by the general path
  std::int32_t count;
  std::int32_t positive_infinities;
  std::int32_t negative_infinities;
  std::uint64_t min_key;  ///< key_of(...) of the least and greatest value; only when count > 0
  std::uint64_t max_key;
  std::int32_t sum_terms;
  std::int32_t square_terms;
  Term sum[max_terms];
  Term squares[max_terms];
};

/// Reduces n elements, at most plan.tile, at `raw`.
void reduce_tile(const TilePlan& plan, const std::byte* raw, int n, TileResult& result);

/// The same by kernel.
void reduce_integers(const TilePlan& plan, const std::byte* raw, int n, TileResult& result);
bool reduce_scaled(const TilePlan& plan, const std::byte* raw, int n,
                   TileResult& result);  ///< false: decode, then reduce_doubles
void reduce_floats(float* x, int n, TileResult& result);
void reduce_doubles(double* x, int n, TileResult& result);

/// Adds the exact sums of x and x*x over n finite numbers that are below 2^top in magnitude and multiples of 2^last to the
/// result; result.exact becomes false when top and last lie too far apart.
void extract_floats(const float* x, int n, int top, int last, TileResult& result);
void extract_doubles(const double* x, int n, int top, int last, TileResult& result);

/// The values of n elements at `raw`, missing ones as NaN. Floats only for types that they hold and plans that do not scale;
/// integers, which become their native type, only for plans without masks.
void decode_floats(const TilePlan& plan, const std::byte* raw, int n, float* x);
void decode_doubles(const TilePlan& plan, const std::byte* raw, int n, double* x);
void decode_integers(const TilePlan& plan, const std::byte* raw, int n, void* x);

/// Unsigned integers in the order of the values they stand for.
constexpr std::uint64_t sign_bit = std::uint64_t{1} << 63;
inline std::uint64_t key_of(std::int64_t value) { return static_cast<std::uint64_t>(value) ^ sign_bit; }
inline std::uint64_t key_of(std::uint64_t value) { return value; }
inline std::uint64_t key_of(double value) {
  const auto bits = std::bit_cast<std::uint64_t>(value);
  return bits & sign_bit ? ~bits : bits | sign_bit;
}
inline double double_of_key(std::uint64_t key) { return std::bit_cast<double>(key & sign_bit ? key & ~sign_bit : ~key); }

}  // namespace xylem::detail
