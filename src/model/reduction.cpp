#include "xylem/model/reduction.hpp"

#include <array>

namespace xylem {
namespace {

// clang-format off
constexpr std::array kReductions{
    //                                         inputs skipna ddof   min_count weights attributes
    ReductionInfo{Reduction::sum,    "sum",    1,     true,  false, true,     true,   true},
    ReductionInfo{Reduction::prod,   "prod",   1,     true,  false, true,     false,  false},
    ReductionInfo{Reduction::mean,   "mean",   1,     true,  false, false,    true,   true},
    ReductionInfo{Reduction::var,    "var",    1,     true,  true,  false,    true,   false},
    ReductionInfo{Reduction::std,    "std",    1,     true,  true,  false,    true,   true},
    ReductionInfo{Reduction::min,    "min",    1,     true,  false, false,    false,  true},
    ReductionInfo{Reduction::max,    "max",    1,     true,  false, false,    false,  true},
    ReductionInfo{Reduction::argmin, "argmin", 1,     true,  false, false,    false,  false},
    ReductionInfo{Reduction::argmax, "argmax", 1,     true,  false, false,    false,  false},
    ReductionInfo{Reduction::count,  "count",  1,     false, false, false,    false,  false},
    ReductionInfo{Reduction::any,    "any",    1,     false, false, false,    false,  false},
    ReductionInfo{Reduction::all,    "all",    1,     false, false, false,    false,  false},
    ReductionInfo{Reduction::cov,    "cov",    2,     false, true,  false,    false,  false},
    ReductionInfo{Reduction::corr,   "corr",   2,     false, false, false,    false,  false},
    ReductionInfo{Reduction::dot,    "dot",    2,     false, false, false,    false,  false},
    ReductionInfo{Reduction::quantile, "quantile", 1, true,  false, false,    false,  true},
};
// clang-format on

}  // namespace

std::span<const ReductionInfo> reductions() noexcept { return kReductions; }

const ReductionInfo& reduction_info(Reduction reduction) noexcept { return kReductions[static_cast<std::size_t>(reduction)]; }

std::optional<Reduction> find_reduction(std::string_view name) noexcept {
  for (const ReductionInfo& info : kReductions) {
    if (name == info.name) return info.reduction;
  }
  return std::nullopt;
}

int key_bits(ElementType type) noexcept {
  return type == ElementType::float16 ? 32 : 8 * element_size(type);  // computed in as float32
}

ElementType reduction_type(Reduction reduction, ElementType type, bool weighted, bool maybe_nothing) {
  switch (reduction) {
    case Reduction::argmin:
    case Reduction::argmax:
    case Reduction::count: return ElementType::int64;
    case Reduction::any:
    case Reduction::all: return ElementType::boolean;
    case Reduction::min:
    case Reduction::max: return maybe_nothing && !is_floating(type) ? ElementType::float64 : type;
    case Reduction::sum:
    case Reduction::prod:
    case Reduction::dot:
      if (weighted || maybe_nothing || is_floating(type)) return ElementType::float64;
      return is_unsigned_integer(type) ? ElementType::uint64 : ElementType::int64;
    default: return ElementType::float64;
  }
}

}  // namespace xylem
