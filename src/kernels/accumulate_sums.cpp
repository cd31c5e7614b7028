#include <algorithm>
#include <bit>
#include <cmath>

#include "detail/aggregate_state.hpp"

namespace xylem::detail {
namespace {

struct Parts {
  std::uint64_t mantissa;
  int exponent;
  bool negative;
};

Parts split(double x) {
  const auto bits = std::bit_cast<std::uint64_t>(x);
  const auto field = static_cast<int>(bits >> 52 & 0x7ff);
  const std::uint64_t fraction = bits & ((std::uint64_t{1} << 52) - 1);
  return {field == 0 ? fraction : fraction | std::uint64_t{1} << 52, std::max(field, 1) - 1075, bits >> 63 != 0};
}

double number(const OperandPiece& piece, int i) { return piece.doubles != nullptr ? piece.doubles[i] : double{piece.floats[i]}; }

// Where all products of two such numbers, and their errors, are doubles, and the halves of the numbers do not overflow.
bool is_safe(const OperandPiece& a, const OperandPiece& b) {
  return a.last + b.last >= -1074 && a.top + b.top <= 1020 && a.top <= 1000 && b.top <= 1000;
}

bool is_exact(const OperandPiece& a, const OperandPiece& b) { return a.top + b.top - a.last - b.last <= 53; }

// The rounded products of two pieces, or their errors.
OperandPiece products_of(const OperandPiece& a, const OperandPiece& b, bool errors, const double* values) {
  OperandPiece piece;
  piece.doubles = values;
  piece.top = a.top + b.top - (errors ? 53 : 0);
  piece.last = a.last + b.last;
  piece.least = errors ? piece.last : a.least + b.least;
  if (!errors) piece.last = std::max(piece.last, piece.least - 52);
  return piece;
}

}  // namespace

ExactSums::ExactSums(MemoryBudget& budget, std::int64_t outputs, std::vector<ElementType> types, std::vector<int> values)
    : budget_(&budget), outputs_(outputs), types_(std::move(types)), values_(std::move(values)) {
  budget.take((outputs + block - 1) / block * static_cast<std::int64_t>(sizeof(SumPlanes)));
  for (std::int64_t first = 0; first < outputs; first += block) {
    blocks_.emplace_back(budget, static_cast<int>(std::min<std::int64_t>(block, outputs - first)));
  }
}

void ExactSums::update(const Tile& tile) {
  std::vector<Operand*> factors;
  for (const int value : values_) factors.push_back(&tile.operands->get(value));
  if (std::ranges::any_of(factors, [](const Operand* factor) { return factor->infinite; })) add_specials(tile);
  add_terms(tile, factors);
}

// Infinite elements count as zero in the sums; what they, and their products with zeros, make of a sum is noted apart.
void ExactSums::add_specials(const Tile& tile) {
  if (!specials_) specials_.emplace(*budget_, outputs_, std::uint8_t{0});
  for_each_element(tile, [&](std::int64_t output, int i) {
    double product = 1;
    bool infinite = false;
    for (std::size_t f = 0; f < values_.size(); ++f) {
      const double x = element_as_double(types_[f], tile.values[static_cast<std::size_t>(values_[f])], i);
      if (std::isnan(x)) return;
      infinite = infinite || std::isinf(x);
      product *= x == 0 || std::isinf(x) ? x : std::copysign(1.0, x);
    }
    if (infinite) (*specials_)[output] |= std::isnan(product) ? undefined : product > 0 ? positive_infinity : negative_infinity;
  });
}

void ExactSums::add_terms(const Tile& tile, std::vector<Operand*>& factors) {
  const int n = tile.size();
  if (factors.size() == 1) {
    for (const OperandPiece& piece : factors[0]->pieces) {
      if (piece.zero) continue;
      const bool floats = piece.floats != nullptr;
      add_term(tile, {floats ? SumTerm::Kind::floats : SumTerm::Kind::doubles,
                      floats ? static_cast<const void*>(piece.floats) : piece.doubles, nullptr, piece.top, piece.last});
    }
    return;
  }
  std::vector<OperandPiece> products = factors[0]->pieces;
  if (factors.size() == 3) {
    // All pieces of the first two factors' products, before anything is added.
    constexpr std::size_t size = largest_tile;
    if (!scratch_) scratch_ = std::make_unique<double[]>(scratch_bytes / sizeof(double));
    double* next = scratch_.get();
    products.clear();
    for (OperandPiece& a : factors[0]->pieces) {
      for (OperandPiece& b : factors[1]->pieces) {
        if (a.zero || b.zero) continue;
        if (!is_safe(a, b)) return add_slowly(tile, factors);
        for (const bool errors : {false, true}) {
          if (errors && is_exact(a, b)) continue;
          term_values(
              {errors ? SumTerm::Kind::errors : SumTerm::Kind::products, Operands::doubles(a, n), Operands::doubles(b, n), 0, 0},
              n, next);
          products.push_back(products_of(a, b, errors, next));
          next += size;
        }
      }
    }
  }
  for (const OperandPiece& a : products) {
    for (const OperandPiece& b : factors.back()->pieces) {
      if (!a.zero && !b.zero && !is_safe(a, b) && !(a.floats != nullptr && b.floats != nullptr)) return add_slowly(tile, factors);
    }
  }
  for (OperandPiece& a : products) {
    for (OperandPiece& b : factors.back()->pieces) {
      if (a.zero || b.zero) continue;
      if (a.floats != nullptr && b.floats != nullptr) {
        add_term(tile, {SumTerm::Kind::float_products, a.floats, b.floats, a.top + b.top, a.last + b.last});
        continue;
      }
      for (const bool errors : {false, true}) {
        if (errors && is_exact(a, b)) continue;
        const OperandPiece range = products_of(a, b, errors, nullptr);
        add_term(tile, {errors ? SumTerm::Kind::errors : SumTerm::Kind::products, Operands::doubles(a, n),
                        Operands::doubles(b, n), range.top, range.last});
      }
    }
  }
}

void ExactSums::add_term(const Tile& tile, const SumTerm& term) {
  Levels levels;
  const auto one_by_one = [&](std::int64_t output, int offset, int n, int rows, int stride, bool columns) {
    for (int r = 0; r < rows; ++r) {
      for (int i = 0; i < n; ++i) {
        const std::int64_t to = columns ? output + i : output;
        planes_of(to).add(static_cast<int>(to % block), term_value(term, offset + r * stride + i));
      }
    }
  };
  for_each_part(
      tile,
      [&](std::int64_t output, int offset, int n) {
        SumPlanes& planes = planes_of(output);
        if (!planes.levels_for_one(term.top, term.last, levels)) return one_by_one(output, offset, n, 1, 0, false);
        const auto place = output % block;
        for (int l = 0; l < levels.count; ++l) levels.plane[l] += place;
        extract_run(term, offset, n, levels);
        planes.carry(static_cast<int>(place));
      },
      [&](std::int64_t output, int offset, int n, int rows, int stride) {
        while (n > 0) {
          const auto place = static_cast<int>(output % block);
          const int here = std::min(n, block - place);
          if (planes_of(output).levels_for(term.top, term.last, rows, levels)) {
            for (int l = 0; l < levels.count; ++l) levels.plane[l] += place;
            extract_columns(term, offset, here, rows, stride, levels);
          } else {
            one_by_one(output, offset, here, rows, stride, true);
          }
          output += here;
          offset += here;
          n -= here;
        }
      });
}

// Products of integers, for tiles with numbers so large or small that doubles do not hold the products.
void ExactSums::add_slowly(const Tile& tile, const std::vector<Operand*>& factors) {
  __extension__ using Wide = unsigned __int128;
  const auto add = [&](std::int64_t output, Parts a, Parts b, Parts c) {
    const bool negative = (a.negative != b.negative) != c.negative;
    const int exponent = a.exponent + b.exponent + c.exponent;
    const Wide product = static_cast<Wide>(a.mantissa) * b.mantissa;
    const Wide low = static_cast<Wide>(static_cast<std::uint64_t>(product)) * c.mantissa;
    const Wide high = static_cast<Wide>(static_cast<std::uint64_t>(product >> 64)) * c.mantissa;
    SumPlanes& planes = planes_of(output);
    const auto place = static_cast<int>(output % block);
    const Wide halves[] = {low, high};
    for (int h = 0; h < 2; ++h) {
      planes.add(place, static_cast<std::uint64_t>(halves[h]), exponent + 64 * h, negative);
      planes.add(place, static_cast<std::uint64_t>(halves[h] >> 64), exponent + 64 * h + 64, negative);
    }
  };
  const std::vector<OperandPiece> one(1);
  const Parts unit{1, 0, false};
  for (const OperandPiece& a : factors[0]->pieces) {
    for (const OperandPiece& b : factors[1]->pieces) {
      for (const OperandPiece& c : factors.size() == 3 ? factors[2]->pieces : one) {
        for_each_element(tile, [&](std::int64_t output, int i) {
          add(output, split(number(a, i)), split(number(b, i)), factors.size() == 3 ? split(number(c, i)) : unit);
        });
      }
    }
  }
}

void ExactSums::add_specials(const std::uint8_t* specials) {
  if (!specials_) specials_.emplace(*budget_, outputs_, std::uint8_t{0});
  for (std::int64_t i = 0; i < outputs_; ++i) (*specials_)[i] |= specials[i];
}

void ExactSums::combine(const AggregateState& other_state) {
  const auto& other = static_cast<const ExactSums&>(other_state);
  for (std::size_t b = 0; b < blocks_.size(); ++b) blocks_[b].add(other.blocks_[b]);
  if (other.specials_) add_specials(other.specials_->data());
}

void ExactSums::pack(Packer& packer) const {
  packer.put(std::uint8_t{specials_ ? std::uint8_t{1} : std::uint8_t{0}});
  if (specials_) packer.put(specials_->data(), outputs_);
  MemoryBudget unlimited(INT64_MAX);
  for (const SumPlanes& planes : blocks_) {
    const SumPlanes normal = planes.normal_form(unlimited);
    packer.put(std::int32_t{normal.planes()});
    if (normal.planes() > 0) packer.put(std::int32_t{normal.unit()});
    for (int i = 0; i < normal.planes(); ++i) packer.put(normal.plane(i), normal.outputs());
  }
}

void ExactSums::combine_packed(Unpacker& unpacker) {
  if (unpacker.get<std::uint8_t>() != 0) {
    std::vector<std::uint8_t> specials(static_cast<std::size_t>(outputs_));
    unpacker.get(specials.data(), outputs_);
    add_specials(specials.data());
  }
  for (SumPlanes& planes : blocks_) {
    const auto count = unpacker.get<std::int32_t>();
    const int unit = count > 0 ? unpacker.get<std::int32_t>() : 0;
    std::int64_t digits[block];
    for (int i = 0; i < count; ++i) {
      unpacker.get(digits, planes.outputs());
      planes.add_plane(unit + SumPlanes::digit_bits * i, digits);
    }
  }
}

void FastSums::update(const Tile& tile) {
  alignas(64) double values[largest_tile];
  for (std::size_t f = 0; f < values_.size(); ++f) {
    const void* x = tile.values[static_cast<std::size_t>(values_[f])];
    (f == 0 ? load_doubles : multiply_doubles)(types_[f], x, tile.size(), values);
  }
  for_each_part(
      tile, [&](std::int64_t output, int offset, int n) { numbers()[output] += sum_lanes(values + offset, n); },
      [&](std::int64_t output, int offset, int n, int rows, int stride) {
        add_columns(values + offset, n, rows, stride, numbers() + output);
      });
}

void FastSums::combine_numbers(const double* others, std::int64_t first, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) numbers()[first + i] += others[i];
}

}  // namespace xylem::detail
