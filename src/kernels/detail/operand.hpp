#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "xylem/kernels/accumulate.hpp"

#include "detail/keys.hpp"

/// Tiles of values, and what sums need to know of them.
namespace xylem::detail {

/// The elements of a tile at most (Evaluator::max_tile).
constexpr int largest_tile = max_tile_elements;

/// Finite numbers that a float or a double holds, for every element of a tile.
struct OperandPiece {
  const float* floats = nullptr;    ///< one of the two at least
  const double* doubles = nullptr;  ///< doubles() makes them of floats
  double* scratch = nullptr;        ///< where
  int top = 0;                      ///< they are below 2^top in magnitude
  int least = 0;                    ///< and zero or at least 2^least
  int last = 0;                     ///< and multiples of 2^last
  bool zero = false;                ///< all are
};

/// What a scan finds for each of the outputs, side by side, that a tile's elements go into: numbers of the type KeyOf (keys.hpp).
struct OutputScan {
  int outputs = 0;                 ///< 0: nothing is known
  const void* least = nullptr;     ///< keys of the least elements that are not missing; null where they were not asked for
  const void* greatest = nullptr;  ///< likewise
  const void* present = nullptr;   ///< how many elements are not missing; null where all are finite
};

/// One value of a program over a tile. Its elements are the sum of up to two pieces, where missing and infinite ones are zero.
struct Operand {
  ElementType type{};
  const void* elements = nullptr;
  int n = 0;
  bool missing = false;   ///< some
  bool infinite = false;  ///< some
  OutputScan scan{};      ///< of floats
  std::vector<OperandPiece> pieces{};
};

class Operands;

/// A tile of values and how its elements go into results.
struct Tile {
  int rows = 0;
  int cols = 0;
  std::span<const void* const> values{};
  TileMap output{};
  TileMap position{};
  Operands* operands = nullptr;

  [[nodiscard]] int size() const { return rows * cols; }
};

/// The operands of a tile, each scanned once however many aggregates ask for it.
class Operands {
 public:
  /// For values of these types; only those are scanned that are asked for.
  explicit Operands(const std::vector<ElementType>& types);
  /// Says that the least and greatest elements of tiles of this value will be asked for.
  void want_extremes(int value) { slots_[static_cast<std::size_t>(value)].wants_extremes = true; }
  void reset(const Tile& tile);
  Operand& get(int value);
  /// Frees what scans take.
  void rest() noexcept {
    for (Slot& slot : slots_) {
      slot.ready = false;
      slot.scratch.reset();
    }
  }

  /// The piece's numbers as doubles.
  static const double* doubles(OperandPiece& piece, int n);

  /// Bytes for one value: pieces, and what is found of outputs.
  static constexpr std::int64_t scratch_bytes = 3 * largest_tile * static_cast<std::int64_t>(sizeof(double));

 private:
  struct Slot {
    bool ready = false;
    bool wants_extremes = false;
    Operand operand{};
    std::unique_ptr<double[]> scratch{};
  };
  void scan(Slot& slot) const;
  template <class V>
  void scan_reals(Slot& slot) const;

  std::vector<Slot> slots_;
  std::span<const void* const> values_{};
  int n_ = 0;
  int outputs_ = 0;  // side by side, of which something is found
};

/// Bits of the magnitudes of a tile's floats.
struct Magnitudes {
  std::uint64_t largest = 0;
  std::uint64_t least = 0;   ///< of those that are not zero, less one: a zero counts as huge
  std::int64_t min_key = 0;  ///< when asked for
  std::int64_t max_key = 0;
};
void scan_run(const float* x, int n, bool extremes, Magnitudes& result);
void scan_run(const double* x, int n, bool extremes, Magnitudes& result);
/// The same of rows of n elements, with the extremes of each column.
void scan_columns(const float* x, int n, int rows, std::int32_t* least, std::int32_t* greatest, Magnitudes& result);
void scan_columns(const double* x, int n, int rows, std::int64_t* least, std::int64_t* greatest, Magnitudes& result);
/// For tiles that are not all finite: copies with zeros for all that is not, finds the magnitudes of the others, and of each
/// column the extremes (unless `least` is null) and the number of what is not missing. Returns whether infinities occur.
bool repair_columns(const float* x, int n, int rows, float* out, std::int32_t* least, std::int32_t* greatest,
                    std::int32_t* present, Magnitudes& result);
bool repair_columns(const double* x, int n, int rows, double* out, std::int64_t* least, std::int64_t* greatest,
                    std::int64_t* present, Magnitudes& result);
/// Integers as doubles, those of 64 bits in two pieces: the upper and lower 32 bits.
void integers_to_doubles(ElementType type, const void* x, int n, double* out, double* lower);
/// All bits of the magnitudes, or of something larger.
std::uint64_t scan_integers(ElementType type, const void* x, int n);
void widen_floats(const float* x, int n, double* out);

/// Element i as a double.
double element_as_double(ElementType type, const void* x, int i);

/// Calls run(output, offset, n) for every run of elements offset .. offset + n - 1 that go into one output, or
/// columns(output, offset, n, rows, stride) where elements offset + r * stride + c go into output + c.
template <class Run, class Columns>
void for_each_part(const Tile& tile, Run run, Columns columns) {
  const TileMap& to = tile.output;
  if (to.row == 0 && to.col == 0) return run(to.first, 0, tile.size());
  if (to.col == 1 && to.row == 0) return columns(to.first, 0, tile.cols, tile.rows, tile.cols);
  for (int r = 0; r < tile.rows; ++r) {
    const std::int64_t first = to.first + r * to.row;
    if (to.col == 0) {
      run(first, r * tile.cols, tile.cols);
    } else if (to.col == 1) {
      columns(first, r * tile.cols, tile.cols, 1, tile.cols);
    } else {
      for (int c = 0; c < tile.cols; ++c) run(first + c * to.col, r * tile.cols + c, 1);
    }
  }
}

/// Calls each(output, element) for every element.
template <class Each>
void for_each_element(const Tile& tile, Each each) {
  for (int r = 0; r < tile.rows; ++r) {
    const std::int64_t first = tile.output.first + r * tile.output.row;
    for (int c = 0; c < tile.cols; ++c) each(first + c * tile.output.col, r * tile.cols + c);
  }
}

}  // namespace xylem::detail
