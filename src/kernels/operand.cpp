#include "detail/operand.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "detail/native.hpp"

namespace xylem::detail {
namespace {

// With more columns tiles have few rows, and little is found of each.
constexpr int most_columns = largest_tile / 4;
static_assert(3 * most_columns <= largest_tile);

// The exponents of finite numbers with magnitudes of these bits.
void set_range(OperandPiece& piece, const Magnitudes& found, int fraction_bits, int bias) {
  const auto exponent = [&](std::uint64_t bits) {
    const auto field = static_cast<int>(bits >> fraction_bits);
    return std::max(field, 1) - bias;
  };
  piece.zero = found.largest == 0;
  piece.top = exponent(found.largest) + 1;
  const std::uint64_t least = found.least + 1;
  piece.last = exponent(least) - fraction_bits;
  const bool subnormal = least >> fraction_bits == 0;
  piece.least = subnormal ? piece.last + std::bit_width(least) - 1 : exponent(least);
}

void split_integers(Operand& operand, double* scratch) {
  const int size = element_size(operand.type);
  const int bits = operand.type == ElementType::boolean ? 1
                   : size <= 2                          ? 8 * size
                               : std::bit_width(scan_integers(operand.type, operand.elements, operand.n));
  double* lower = scratch + largest_tile;
  const bool split = bits > 53;
  integers_to_doubles(operand.type, operand.elements, operand.n, scratch, split ? lower : nullptr);
  OperandPiece piece;
  piece.doubles = scratch;
  piece.top = bits;
  piece.zero = bits == 0;
  if (split) {
    piece.least = piece.last = 32;
    operand.pieces.push_back(piece);
    piece.doubles = lower;
    piece.top = 32;
    piece.least = piece.last = 0;
  }
  operand.pieces.push_back(piece);
}

}  // namespace

Operands::Operands(const std::vector<ElementType>& types) : slots_(types.size()) {
  for (std::size_t i = 0; i < types.size(); ++i) slots_[i].operand.type = types[i];
}

void Operands::reset(const Tile& tile) {
  values_ = tile.values;
  n_ = tile.size();
  const bool one = tile.output.row == 0 && tile.output.col == 0;
  const bool columns = tile.output.row == 0 && tile.output.col == 1 && tile.cols <= most_columns;
  outputs_ = one ? 1 : columns ? tile.cols : 0;
  for (Slot& slot : slots_) slot.ready = false;
}

Operand& Operands::get(int value) {
  Slot& slot = slots_[static_cast<std::size_t>(value)];
  if (!slot.ready) {
    slot.operand.elements = values_[static_cast<std::size_t>(value)];
    slot.operand.n = n_;
    scan(slot);
    slot.ready = true;
  }
  return slot.operand;
}

template <class V>
void Operands::scan_reals(Slot& slot) const {
  using Key = KeyOf<V>;
  constexpr bool single = sizeof(V) == 4;
  constexpr int fraction_bits = single ? 23 : 52;
  constexpr int bias = single ? 127 : 1023;
  constexpr auto infinity = static_cast<std::uint64_t>(2 * bias + 1) << fraction_bits;
  Operand& operand = slot.operand;
  double* scratch = slot.scratch.get();
  auto* least = reinterpret_cast<Key*>(scratch + 2 * largest_tile);
  Key *greatest = least + most_columns, *present = greatest + most_columns;
  const auto* x = static_cast<const V*>(operand.elements);
  const int columns = std::max(1, outputs_), rows = n_ / columns;
  const bool extremes = outputs_ > 0 && slot.wants_extremes;
  Magnitudes found;
  if (extremes && columns > 1) {
    scan_columns(x, columns, rows, least, greatest, found);
  } else {
    scan_run(x, n_, extremes, found);
    *least = static_cast<Key>(found.min_key);
    *greatest = static_cast<Key>(found.max_key);
  }
  if (found.largest >= infinity) {
    V* finite = reinterpret_cast<V*>(scratch);
    operand.missing = found.largest > infinity;
    operand.infinite = repair_columns(x, columns, rows, finite, extremes ? least : nullptr, greatest, present, found);
    operand.scan.present = present;
    x = finite;
  }
  operand.scan.outputs = outputs_;
  if (extremes) {
    operand.scan.least = least;
    operand.scan.greatest = greatest;
  }
  OperandPiece piece;
  if constexpr (single) {
    piece.floats = x;
  } else {
    piece.doubles = x;
  }
  piece.scratch = scratch + largest_tile;
  set_range(piece, found, fraction_bits, bias);
  operand.pieces.push_back(piece);
}

void Operands::scan(Slot& slot) const {
  if (!slot.scratch) slot.scratch = std::make_unique<double[]>(static_cast<std::size_t>(scratch_bytes) / sizeof(double));
  Operand& operand = slot.operand;
  operand.missing = operand.infinite = false;
  operand.scan = {};
  operand.pieces.clear();
  if (operand.type == ElementType::float64) {
    scan_reals<double>(slot);
  } else if (is_floating(operand.type)) {
    scan_reals<float>(slot);
  } else {
    split_integers(operand, slot.scratch.get());
  }
}

const double* Operands::doubles(OperandPiece& piece, int n) {
  if (piece.doubles == nullptr) {
    widen_floats(piece.floats, n, piece.scratch);
    piece.doubles = piece.scratch;
  }
  return piece.doubles;
}

double element_as_double(ElementType type, const void* x, int i) {
  return with_native(type, [&](auto zero) { return static_cast<double>(static_cast<const decltype(zero)*>(x)[i]); });
}

}  // namespace xylem::detail
