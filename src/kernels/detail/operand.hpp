#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "xylem/kernels/accumulate.hpp"

/// Tiles of values, and what sums need to know of them.
namespace xylem::detail {

/// The elements of a tile at most (Evaluator::max_tile).
constexpr int largest_tile = max_tile_elements;

/// Finite numbers that a float or a double holds, for every element of a tile.
struct Piece {
  const float* floats = nullptr;    ///< one of the two at least
  const double* doubles = nullptr;  ///< doubles() makes them of floats
  double* scratch = nullptr;        ///< where
  int top = 0;                      ///< they are below 2^top in magnitude
  int least = 0;                    ///< and zero or at least 2^least
  int last = 0;                     ///< and multiples of 2^last
  bool zero = false;                ///< all are
};

/// One value of a program over a tile. Its elements are the sum of up to two pieces, where missing and infinite ones are zero.
struct Operand {
  ElementType type{};
  const void* elements = nullptr;
  int n = 0;
  bool missing = false;                                             ///< some
  bool infinite = false;                                            ///< some
  std::optional<std::pair<std::int64_t, std::int64_t>> extremes{};  ///< keys of the least and greatest (keys.hpp), where known
  std::vector<Piece> pieces{};
};

/// The operands of a tile, each scanned once however many aggregates ask for it.
class Operands {
 public:
  /// For values of these types; only those are scanned that are asked for.
  explicit Operands(const std::vector<ElementType>& types);
  /// Says that the least and greatest elements of tiles of this value will be asked for.
  void want_extremes(int value) { slots_[static_cast<std::size_t>(value)].wants_extremes = true; }
  /// A new tile. Extremes are found, of finite floats, when the tile goes into one output.
  void reset(std::span<const void* const> values, int n, bool one_output);
  Operand& get(int value);
  /// Frees what scans take.
  void rest() noexcept {
    for (Slot& slot : slots_) {
      slot.ready = false;
      slot.scratch.reset();
    }
  }

  /// The piece's numbers as doubles.
  static const double* doubles(Piece& piece, int n);

  /// Bytes for one value.
  static constexpr std::int64_t scratch_bytes = 3 * largest_tile * static_cast<std::int64_t>(sizeof(double));

 private:
  struct Slot {
    bool ready = false;
    bool wants_extremes = false;
    Operand operand{};
    std::unique_ptr<double[]> scratch{};
  };
  void scan(Slot& slot) const;

  std::vector<Slot> slots_;
  std::span<const void* const> values_{};
  int n_ = 0;
  bool one_output_ = false;
};

/// Bits of the magnitudes of a tile's floats.
struct Magnitudes {
  std::uint64_t largest = 0;
  std::uint64_t least = 0;   ///< of those that are not zero, less one: a zero counts as huge
  std::int64_t min_key = 0;  ///< when asked for
  std::int64_t max_key = 0;
};
void scan_floats(const float* x, int n, bool extremes, Magnitudes& result);
void scan_doubles(const double* x, int n, bool extremes, Magnitudes& result);
/// Copies with zeros for all that is not finite; returns whether NaN occurs.
bool finite_floats(const float* x, int n, float* out);
bool finite_doubles(const double* x, int n, double* out);
/// Integers as doubles, those of 64 bits in two pieces: the upper and lower 32 bits.
void integers_to_doubles(ElementType type, const void* x, int n, double* out, double* lower);
/// All bits of the magnitudes, or of something larger.
std::uint64_t scan_integers(ElementType type, const void* x, int n);
void widen_floats(const float* x, int n, double* out);

/// Element i as a double.
double element_as_double(ElementType type, const void* x, int i);

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
