#include <algorithm>

#include "xylem/array/array.hpp"
#include "xylem/array/node.hpp"
#include "xylem/support/error.hpp"

#include "detail/build.hpp"

namespace xylem {
namespace {

// Bits of keys that a step tells apart: as many as let the counts of all results stay small, for each step reads the data once.
int bits_per_step(std::int64_t results, int key) {
  for (const int bits : {16, 8}) {
    constexpr std::int64_t much = std::int64_t{1} << 20;
    if (bits <= key && results <= much / (std::int64_t{8} << bits)) return bits;
  }
  return 4;
}

Array quantile_step(const std::vector<Array>& inputs, const ReductionNode& node) {
  const auto is_reduced = [&](const std::string& dim) { return std::ranges::find(node.dims, dim) != node.dims.end(); };
  ArrayNode made{.kind = ConstantNode{}};
  made.dtype = node.quantile.shift > 0 ? ElementType::uint64 : ElementType::float64;
  for (const Dim& dim : inputs[0].dims()) {
    if (!is_reduced(dim.name)) made.dims.push_back(dim);
    if (is_reduced(dim.name) && node.keepdims) made.dims.push_back({dim.name, 1});
  }
  made.coords = inputs[0].coords();
  std::erase_if(made.coords, [&](const Coordinate& coord) { return std::ranges::any_of(coord.dims, is_reduced); });
  if (node.quantile.shift == 0) {
    const char* method = node.quantile.q == 0.5 ? "median" : nullptr;  // CF has no other quantile
    made.attributes = detail::reduced_attributes(inputs[0], Reduction::quantile, method, node.dims);
    std::erase_if(made.coords, [](const Coordinate& coord) { return coord.name == "quantile"; });
    made.coords.push_back(detail::known_coordinate("quantile", {}, std::vector<double>{node.quantile.q}));
  }
  made.kind = node;
  std::get<ReductionNode>(made.kind).inputs = inputs;
  return detail::make_array(std::move(made));
}

}  // namespace

Array Array::quantile(double q, const DimNames& dims, const ReduceOptions& options) const {
  if (!(q >= 0 && q <= 1)) throw UsageError("the q of a quantile is {}; it is from 0 to 1", q);
  if (options.ddof || options.min_count != 0) throw UsageError("quantile() takes skipna and keepdims, and no other option");
  ReductionNode node{Reduction::quantile, {}, detail::expect_dims(this->dims(), dims.names())};
  if (dims.names().empty()) {
    for (const Dim& dim : this->dims()) node.dims.push_back(dim.name);
  }
  node.skipna = options.skipna;
  std::int64_t results = 1;
  for (const Dim& dim : this->dims()) {
    const bool reduced = std::ranges::find(node.dims, dim.name) != node.dims.end();
    if (!reduced) results = checked_product(results, dim.size).value_or(std::int64_t{1} << 62);
  }
  const int bits = key_bits(dtype()), each = bits_per_step(results, bits);
  std::vector<Array> inputs{*this};
  for (int shift = bits - each;; shift -= each) {
    node.quantile = {q, shift, each};
    node.keepdims = shift == 0 && options.keepdims;
    Array step = quantile_step(inputs, node);
    if (shift == 0) return step;
    inputs = {*this, std::move(step)};
  }
}

Array Array::quantile(const std::vector<double>& q, const DimNames& dims, const ReduceOptions& options) const {
  if (q.empty()) throw UsageError("quantile() needs at least one q");
  std::vector<Array> all;
  for (const double one : q) all.push_back(quantile(one, dims, options));
  return concat(all, "quantile");
}

Array Array::median(const DimNames& dims, const ReduceOptions& options) const {
  ArrayNode node = quantile(0.5, dims, options).node();
  std::erase_if(node.coords, [](const Coordinate& coord) { return coord.name == "quantile"; });
  return detail::make_array(std::move(node));
}

}  // namespace xylem
