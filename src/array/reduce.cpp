#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "xylem/array/array.hpp"
#include "xylem/array/node.hpp"
#include "xylem/support/error.hpp"
#include "xylem/support/text.hpp"

#include "detail/build.hpp"

namespace xylem {
namespace {

void expect_options(const ReductionInfo& info, const ReduceOptions& options, bool weighted) {
  const auto refuse = [&](const char* option) {
    throw UsageError("{}{}() does not take {}", weighted ? "a weighted " : "", info.name, option);
  };
  if (weighted && !info.takes_weights) throw UsageError("{}() does not take weights", info.name);
  if (!options.skipna && !info.takes_skipna) refuse("skipna");
  if (options.ddof && (!info.takes_ddof || weighted)) refuse("ddof");
  if (options.min_count != 0 && (!info.takes_min_count || weighted)) refuse("min_count");
  if (options.ddof && *options.ddof < 0) throw UsageError("ddof is {}; it is 0 or greater", *options.ddof);
  if (options.min_count < 0) throw UsageError("min_count is {}; it is 0 or greater", options.min_count);
}

// The elements that go into one result; as many as there can be when they are more.
std::int64_t reduced_size(const std::vector<Dim>& dims, const std::vector<std::string>& reduced) {
  Shape extents;
  for (const Dim& dim : dims) {
    if (std::ranges::find(reduced, dim.name) != reduced.end()) extents.push_back(dim.size);
  }
  return num_elements(extents).value_or(std::numeric_limits<std::int64_t>::max());
}

// CF's words for what reductions do (CF-1.11, appendix E); others have none.
const char* cell_method(Reduction reduction) {
  switch (reduction) {
    case Reduction::sum: return "sum";
    case Reduction::mean: return "mean";
    case Reduction::var: return "variance";
    case Reduction::std: return "standard_deviation";
    case Reduction::min: return "minimum";
    case Reduction::max: return "maximum";
    default: return nullptr;
  }
}

Array make_reduction(const std::vector<Array>& inputs, const DimNames& names, const ReduceOptions& options, Reduction reduction,
                     bool weighted) {
  if (reduction == Reduction::quantile) throw UsageError("a quantile needs its q: call quantile(q, dims)");
  const ReductionInfo& info = reduction_info(reduction);
  const std::size_t data = inputs.size() - (weighted ? 1 : 0);
  if (data != static_cast<std::size_t>(info.inputs)) {
    throw UsageError("{}() reduces {}, not {}", info.name, plural(static_cast<std::size_t>(info.inputs), "array"), data);
  }
  expect_options(info, options, weighted);
  const std::vector<Dim> dims = detail::broadcast_dims(inputs);
  std::vector<std::string> reduced = detail::expect_dims(dims, names.names());
  if (names.names().empty()) {
    for (const Dim& dim : dims) reduced.push_back(dim.name);
  }
  const auto is_reduced = [&](const std::string& dim) { return std::ranges::find(reduced, dim) != reduced.end(); };

  ArrayNode node{.kind = ConstantNode{}};
  ElementType type = inputs[0].dtype();
  for (const Array& input : inputs) type = promote(type, input.dtype());
  const std::int64_t size = reduced_size(dims, reduced);
  const bool extreme = reduction == Reduction::min || reduction == Reduction::max;
  node.dtype = reduction_type(reduction, type, weighted, size < options.min_count || (extreme && size == 0));
  for (const Dim& dim : dims) {
    if (!is_reduced(dim.name)) node.dims.push_back(dim);
    if (is_reduced(dim.name) && options.keepdims) node.dims.push_back({dim.name, 1});
  }
  node.coords = detail::merge_coords(inputs);
  std::erase_if(node.coords, [&](const Coordinate& coord) { return std::ranges::any_of(coord.dims, is_reduced); });
  node.attributes = detail::reduced_attributes(inputs[0], reduction, cell_method(reduction), reduced);
  node.kind = ReductionNode{reduction,         inputs,          std::move(reduced),
                            weighted,          options.skipna,  options.ddof.value_or(reduction == Reduction::cov ? 1 : 0),
                            options.min_count, options.keepdims};
  return detail::make_array(std::move(node));
}

}  // namespace

namespace detail {
namespace {

// The unit of squares, in UDUNITS' grammar: "K2", "(m s-1)2"; nothing for points in time, scales with a zero of their own (degC)
// and what is no plain unit.
std::string squared_unit(const std::string& unit) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto is_plain = [&](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || std::string_view(" .*/^-+()").find(c) != std::string_view::npos;
  };
  const std::string lower = lower_ascii(unit);
  for (const char* word : {"since", "deg", "cels", "fahr"}) {
    if (lower.find(word) != std::string::npos) return {};
  }
  if (unit.empty() || unit == "1" || !std::ranges::all_of(unit, is_plain)) return unit == "1" ? unit : std::string();
  return std::ranges::all_of(unit, is_letter) ? unit + "2" : "(" + unit + ")2";
}

}  // namespace

Attributes reduced_attributes(const Array& array, Reduction reduction, const char* cell_method,
                              const std::vector<std::string>& reduced) {
  const auto text_of = [&](const char* name) {
    const auto found = array.attributes().find(name);
    return found == array.attributes().end() ? std::string() : found->second.as_string().value_or("");
  };
  Attributes kept;
  if (reduction_info(reduction).keeps_attributes) kept = array.attributes();
  kept.erase("cell_methods");
  const bool is_distance = reduction == Reduction::sum || reduction == Reduction::std;
  if (is_distance && text_of("units").find(" since ") != std::string::npos) {
    for (const char* name : {"units", "calendar", "standard_name", "axis"}) kept.erase(name);
  }
  if (reduction == Reduction::var) {
    const std::string unit = squared_unit(text_of("units"));
    if (!unit.empty()) kept["units"] = {.data = std::vector<std::string>{unit}};
  }
  if (cell_method != nullptr && !reduced.empty()) {
    std::string text = text_of("cell_methods");
    for (const std::string& dim : reduced) text += (text.empty() ? "" : " ") + dim + ":";
    kept["cell_methods"] = {.data = std::vector<std::string>{text + " " + cell_method}};
  }
  return kept;
}

}  // namespace detail

Array Array::reduce(Reduction reduction, const DimNames& dims, const ReduceOptions& options) const {
  return make_reduction({*this}, dims, options, reduction, false);
}
Array Array::sum(const DimNames& dims, const ReduceOptions& options) const { return reduce(Reduction::sum, dims, options); }
Array Array::prod(const DimNames& dims, const ReduceOptions& options) const { return reduce(Reduction::prod, dims, options); }
Array Array::mean(const DimNames& dims, const ReduceOptions& options) const { return reduce(Reduction::mean, dims, options); }
Array Array::var(const DimNames& dims, const ReduceOptions& options) const { return reduce(Reduction::var, dims, options); }
Array Array::std(const DimNames& dims, const ReduceOptions& options) const { return reduce(Reduction::std, dims, options); }
Array Array::min(const DimNames& dims, const ReduceOptions& options) const { return reduce(Reduction::min, dims, options); }
Array Array::max(const DimNames& dims, const ReduceOptions& options) const { return reduce(Reduction::max, dims, options); }
Array Array::argmin(const DimNames& dims, const ReduceOptions& options) const { return reduce(Reduction::argmin, dims, options); }
Array Array::argmax(const DimNames& dims, const ReduceOptions& options) const { return reduce(Reduction::argmax, dims, options); }
Array Array::count(const DimNames& dims, const ReduceOptions& options) const { return reduce(Reduction::count, dims, options); }
Array Array::any(const DimNames& dims, const ReduceOptions& options) const { return reduce(Reduction::any, dims, options); }
Array Array::all(const DimNames& dims, const ReduceOptions& options) const { return reduce(Reduction::all, dims, options); }
Weighted Array::weighted(Array weights) const { return {*this, std::move(weights)}; }

Array Weighted::reduce(Reduction reduction, const DimNames& dims, const ReduceOptions& options) const {
  for (const Dim& dim : weights.dims()) {
    if (!data.find_axis(dim.name)) {
      throw UsageError("the weights run along '{}', which the weighted array does not ({})", printable(dim.name),
                       detail::format_dims(data.dims()));
    }
  }
  return make_reduction({data, weights}, dims, options, reduction, true);
}
Array Weighted::sum(const DimNames& dims, const ReduceOptions& options) const { return reduce(Reduction::sum, dims, options); }
Array Weighted::mean(const DimNames& dims, const ReduceOptions& options) const { return reduce(Reduction::mean, dims, options); }
Array Weighted::var(const DimNames& dims, const ReduceOptions& options) const { return reduce(Reduction::var, dims, options); }
Array Weighted::std(const DimNames& dims, const ReduceOptions& options) const { return reduce(Reduction::std, dims, options); }

Array reduce(Reduction reduction, const Array& a, const Array& b, const DimNames& dims, const ReduceOptions& options) {
  return make_reduction({a, b}, dims, options, reduction, false);
}
Array cov(const Array& a, const Array& b, const DimNames& dims, const ReduceOptions& options) {
  return reduce(Reduction::cov, a, b, dims, options);
}
Array corr(const Array& a, const Array& b, const DimNames& dims, const ReduceOptions& options) {
  return reduce(Reduction::corr, a, b, dims, options);
}
Array dot(const Array& a, const Array& b, const DimNames& dims, const ReduceOptions& options) {
  return reduce(Reduction::dot, a, b, dims, options);
}

}  // namespace xylem
