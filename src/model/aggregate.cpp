#include "xylem/model/aggregate.hpp"

namespace xylem {

std::vector<Aggregate> aggregates_of(Reduction reduction, bool weighted, bool skipna, const std::vector<int>& paired,
                                     const std::vector<int>& original) {
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
    case Reduction::dot: return {count, {Kind::sum, {x, y}}};
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
