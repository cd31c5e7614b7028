#include "xylem/model/aggregate.hpp"

#include <algorithm>

#include "xylem/support/error.hpp"

namespace xylem {
namespace {

// Bits between the greatest and the last of a type's numbers.
int places(ElementType type, Spread spread) {
  // Of usual numbers a few: planes are wide, and their number is the same for 2^4 as for what Spread says.
  constexpr int usual_factor = 4, wide_factor = 96;
  const int factor = spread == Spread::usual ? usual_factor : wide_factor;
  if (type == ElementType::float64) return spread == Spread::any ? 2098 : 53 + factor;
  if (type == ElementType::float32) return spread == Spread::any ? 277 : 24 + factor;
  if (type == ElementType::float16) return spread == Spread::usual ? 11 + factor : 40;
  return 8 * element_size(type);
}

// Planes of the sums of products of such values. Those of usual numbers are as SumPlanes places them (kernels/sum_planes.cpp).
std::int64_t sum_planes(const std::vector<int>& values, const Program& program, Spread spread) {
  int bits = 0;
  for (const int value : values) bits += places(program.values.at(static_cast<std::size_t>(value)).type, spread);
  const auto digits = [](int n) { return std::max(0, (n + sum_digit_bits - 1) / sum_digit_bits); };
  if (spread == Spread::usual) return digits(bits - (sum_digit_bits - 1)) + 1;
  // Room for carries, and for the planes' ends to lie anywhere.
  return spread == Spread::wide ? digits(bits + 24) + 1 : digits(bits + 64) + 3;
}

// Of one output.
std::int64_t state_bytes(const Aggregate& aggregate, const Program& program, SumMode mode, Spread spread) {
  const auto type_of = [&](int value) { return program.values.at(static_cast<std::size_t>(value)).type; };
  const ElementType type = type_of(aggregate.values[0]);
  switch (aggregate.kind) {
    case AggregateKind::min:
    case AggregateKind::max: return type == ElementType::float16 ? 4 : element_size(type);
    case AggregateKind::argmin:
    case AggregateKind::argmax: return 16;
    case AggregateKind::any:
    case AggregateKind::all: return 1;
    case AggregateKind::product: return product_bytes;
    case AggregateKind::count:
    case AggregateKind::first_missing: return 8;
    case AggregateKind::ranks: return ranks_bytes(aggregate.bits);
    case AggregateKind::custom: return aggregate.custom->state_bytes();
    case AggregateKind::sum: break;
  }
  const bool floats = std::ranges::any_of(aggregate.values, [&](int value) { return is_floating(type_of(value)); });
  if (floats && mode == SumMode::fast) return 8;
  constexpr std::int64_t infinities = 1;
  return 8 * sum_planes(aggregate.values, program, spread) + (floats && spread != Spread::usual ? infinities : 0);
}

}  // namespace

std::int64_t aggregate_memory(const Program& program, const std::vector<Aggregate>& aggregates, std::int64_t outputs,
                              SumMode mode, Spread spread) {
  const std::int64_t blocks = (outputs + sum_block_outputs - 1) / sum_block_outputs;
  const std::int64_t counts = (outputs + count_block_outputs - 1) / count_block_outputs;
  std::int64_t each = 0, fixed = 0;
  bool sums = false;
  for (const Aggregate& aggregate : aggregates) {
    each += state_bytes(aggregate, program, mode, spread);
    if (aggregate.kind == AggregateKind::count) fixed += 8 * counts;
    if (aggregate.kind != AggregateKind::sum) continue;
    sums = true;
    fixed += blocks * (sum_block_bytes + sum_plane_bytes * sum_planes(aggregate.values, program, spread));
  }
  // Of usual values too, some blocks of outputs have sums that reach into one plane more.
  const std::int64_t spilled = spread == Spread::usual && sums ? each * outputs / 16 : 0;
  return each * outputs + fixed + spilled;
}

std::int64_t update_memory(const std::vector<Aggregate>& aggregates) {
  constexpr std::int64_t tile_bytes = max_tile_elements * static_cast<std::int64_t>(sizeof(double));
  std::int64_t bytes = 0;
  std::vector<int> used;
  for (const Aggregate& aggregate : aggregates) {
    used.insert(used.end(), aggregate.values.begin(), aggregate.values.end());
    if (aggregate.values.size() == 3) bytes += triple_doubles * tile_bytes;
  }
  std::ranges::sort(used);
  return bytes + (std::unique(used.begin(), used.end()) - used.begin()) * update_doubles * tile_bytes;
}

std::vector<Aggregate> aggregates_of(Reduction reduction, bool weighted, bool skipna, const std::vector<int>& paired,
                                     const std::vector<int>& original, const QuantileStep& quantile) {
  using Kind = AggregateKind;
  const int x = paired.front();
  const int y = paired.back();
  const Aggregate count{Kind::count, {x}};
  if (weighted) {
    std::vector<Aggregate> result{
        {Kind::count, {original.front()}}, {Kind::count, {original.back()}}, {Kind::sum, {y}}, {Kind::sum, {y, x}}};
    if (reduction == Reduction::var || reduction == Reduction::std) result.push_back({Kind::sum, {y, x, x}});
    return result;
  }
  const auto extreme_position = [&](Kind kind) {
    std::vector<Aggregate> result{{kind, {x}}};
    if (!skipna) result.push_back({Kind::first_missing, {x}});
    return result;
  };
  switch (reduction) {
    case Reduction::sum:
    case Reduction::mean: return {count, {Kind::sum, {x}}};
    case Reduction::var:
    case Reduction::std: return {count, {Kind::sum, {x}}, {Kind::sum, {x, x}}};
    case Reduction::prod: return {count, {Kind::product, {x}}};
    case Reduction::min: return {count, {Kind::min, {x}}};
    case Reduction::max: return {count, {Kind::max, {x}}};
    case Reduction::argmin: return extreme_position(Kind::argmin);
    case Reduction::argmax: return extreme_position(Kind::argmax);
    case Reduction::count: return {count};
    case Reduction::any: return {{Kind::any, {x}}};
    case Reduction::all: return {{Kind::all, {x}}};
    case Reduction::quantile: return {{Kind::ranks, original, quantile.shift, quantile.bits}};
    case Reduction::dot: return {count, {Kind::sum, {x, y}}};
    case Reduction::custom: throw InternalError("a reduction of a program's own has one aggregate, which its caller makes");
    case Reduction::cov:
    case Reduction::corr: break;
  }
  std::vector<Aggregate> result{count, {Kind::sum, {x}}, {Kind::sum, {y}}, {Kind::sum, {x, y}}};
  if (reduction == Reduction::corr) {
    result.push_back({Kind::sum, {x, x}});
    result.push_back({Kind::sum, {y, y}});
  }
  return result;
}

}  // namespace xylem
