#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "xylem/array/elementwise.hpp"
#include "xylem/plan/planner.hpp"

#include "array/fixture.hpp"

namespace xylem::test {

/// How a dataset is stored; no chunk: contiguous.
struct Stored {
  Shape chunk{};
  bool filtered = true;
  ElementType type = ElementType::float32;
  std::int64_t stored_bytes = -1;  ///< -1: as many as its elements take
};

/// Datasets that exist as metadata only, and plans over them.
class Sources {
 public:
  Array add(const std::string& name, const std::vector<Dim>& dims, const Stored& stored = {}) {
    auto info = std::make_shared<DatasetInfo>();
    info->ref = {"made.h5", "/" + name};
    info->dtype = dtype_of(stored.type);
    std::vector<std::string> names;
    for (const Dim& dim : dims) {
      info->shape.push_back(dim.size);
      names.push_back(dim.name);
    }
    if (!stored.chunk.empty()) {
      info->layout = Layout::chunked;
      info->chunk = stored.chunk;
      if (stored.filtered) info->filters.push_back({1, "deflate", 0, {4}});
    }
    StorageSummary& summary = storage_["/" + name];
    summary.allocated_chunks = stored.chunk.empty() ? 1 : ChunkGrid(info->shape, info->chunk).size();
    summary.stored_bytes = stored.stored_bytes >= 0 ? stored.stored_bytes : *num_elements(info->shape) * info->dtype.size;
    arrays_.insert_or_assign(name, source(info, {}, names));
    return arrays_.at(name);
  }

  [[nodiscard]] Array parse(const std::string& text) const {
    return parse_expression(text, {[this](const std::string& name) -> std::optional<Array> {
                              const auto found = arrays_.find(name);
                              return found == arrays_.end() ? std::nullopt : std::optional(found->second);
                            }});
  }

  [[nodiscard]] Plan plan(const std::vector<NamedArray>& arrays, const PlanOptions& options) const {
    std::vector<StorageSummary> storage;
    for (const auto& info : datasets_of(arrays)) storage.push_back(storage_.at(info->ref.path));
    return make_plan(arrays, storage, options);
  }
  [[nodiscard]] Plan plan_of(const std::vector<std::string>& expressions, const PlanOptions& options) const {
    std::vector<NamedArray> arrays;
    for (const std::string& text : expressions) arrays.push_back({"r" + std::to_string(arrays.size()), parse(text)});
    return plan(arrays, options);
  }
  static PlanOptions ample(int ranks = 1) {
    PlanOptions options;
    options.topology = {ranks};
    options.memory_limit = std::int64_t{1} << 34;
    return options;
  }
  [[nodiscard]] Plan plan_of(const std::vector<std::string>& expressions) const { return plan_of(expressions, ample()); }

 private:
  std::map<std::string, Array> arrays_;
  std::map<std::string, StorageSummary> storage_;
};

using Elements = std::map<std::string, std::set<Shape>>;  ///< by path: places

/// Runs run(place) for every place in a box.
template <class Run>
void for_each_place(const Box& box, Run run) {
  const ChunkGrid grid(box.count, Shape(box.count.size(), 1));
  for (std::int64_t i = 0; i < grid.size(); ++i) {
    Shape at = grid.coordinates(i);
    for (std::size_t d = 0; d < at.size(); ++d) at[d] += box.start[d];
    run(at);
  }
}

/// Which elements of datasets an array's elements are made of, found by following each of them.
class Needed {
 public:
  static Elements of(const std::vector<Array>& arrays) {
    Needed needed;
    for (const Array& array : arrays) {
      for_each_place({Shape(array.ndim(), 0), array.shape()}, [&](const Shape& at) { needed.follow(array, at); });
    }
    return needed.elements_;
  }

 private:
  static Shape by_name(const Array& input, const std::vector<Dim>& dims, const Shape& at) {
    Shape result;
    for (const Dim& dim : input.dims()) {
      result.push_back(at[static_cast<std::size_t>(std::ranges::find(dims, dim.name, &Dim::name) - dims.begin())]);
    }
    return result;
  }

  void follow(const Array& array, const Shape& at) {
    if (!seen_.emplace(&array.node(), at).second) return;
    const ArrayNode& node = array.node();
    if (const auto* source = std::get_if<SourceNode>(&node.kind)) {
      elements_[source->info->ref.path].insert(at);
    } else if (const auto* isel = std::get_if<IselNode>(&node.kind)) {
      Shape inner;
      std::size_t next = 0;
      for (const AxisSelection& axis : isel->axes) {
        if (const auto* position = std::get_if<std::int64_t>(&axis)) {
          inner.push_back(*position);
        } else if (const auto* stride = std::get_if<Stride>(&axis)) {
          inner.push_back(stride->start + stride->step * at[next++]);
        } else {
          inner.push_back(std::get<std::vector<std::int64_t>>(axis)[static_cast<std::size_t>(at[next++])]);
        }
      }
      follow(isel->input, inner);
    } else if (const auto* concat = std::get_if<ConcatNode>(&node.kind)) {
      const auto dim = static_cast<std::size_t>(std::ranges::find(node.dims, concat->dim, &Dim::name) - node.dims.begin());
      Shape inner = at;
      for (const Array& input : concat->inputs) {
        const std::int64_t extent = concat->is_new ? 1 : input.dims()[input.axis(concat->dim)].size;
        if (inner[dim] < extent) return follow(input, by_name(input, node.dims, inner));
        inner[dim] -= extent;
      }
    } else if (const auto* reduction = std::get_if<ReductionNode>(&node.kind)) {
      for (const Array& input : reduction->inputs) {
        Box box;
        for (const Dim& dim : input.dims()) {
          const auto outer = std::ranges::find(node.dims, dim.name, &Dim::name);
          const bool reduced = std::ranges::find(reduction->dims, dim.name) != reduction->dims.end();
          box.start.push_back(reduced ? 0 : at[static_cast<std::size_t>(outer - node.dims.begin())]);
          box.count.push_back(reduced ? dim.size : 1);
        }
        for_each_place(box, [&](const Shape& inner) { follow(input, inner); });
      }
    } else if (const auto* expand = std::get_if<ExpandDimsNode>(&node.kind)) {
      follow(expand->input, Shape(at.begin() + 1, at.end()));
    } else if (const auto* rename = std::get_if<RenameNode>(&node.kind)) {
      follow(rename->input, at);
    } else {
      for (const Array& input : inputs_of(node)) follow(input, by_name(input, node.dims, at));
    }
  }

  Elements elements_;
  std::set<std::pair<const ArrayNode*, Shape>> seen_;
};

/// The first elements of the chunks that a box meets.
inline std::set<Shape> chunks_in(const DatasetInfo& info, const Box& box) {
  std::set<Shape> chunks;
  for_each_place(box, [&](Shape at) {
    for (std::size_t d = 0; d < at.size(); ++d) at[d] -= at[d] % info.chunk[d];
    chunks.insert(at);
  });
  return chunks;
}

/// The boxes that a block reads of a dataset.
inline std::vector<Box> boxes_of(const BlockRead& read) {
  if (!read.needed) return {};
  return read.all ? std::vector<Box>{read.box} : read.parts;
}

/// Datasets of up to three dims, chunked anyhow, and expressions over them.
class RandomExpressions {
 public:
  explicit RandomExpressions(unsigned seed) : random_(seed) {
    for (const char* dim : {"x", "y", "z"}) dims_.push_back({dim, upto(1, 9)});
    const std::vector<std::vector<Dim>> shapes{dims_, dims_, {dims_[1]}, {dims_[0], dims_[2]}};
    for (std::size_t i = 0; i < shapes.size(); ++i) {
      Stored stored;
      stored.filtered = chance(70);
      if (!chance(15)) {
        for (const Dim& dim : shapes[i]) stored.chunk.push_back(upto(1, dim.size + 1));
      }
      leaves_.push_back(sources.add(std::string(1, static_cast<char>('a' + i)), shapes[i], stored));
    }
  }

  std::int64_t upto(std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(random_);
  }
  bool chance(int percent) { return upto(1, 100) <= percent; }

  /// Without reductions.
  Array plain(int depth) {
    if (depth == 0) return leaves_[static_cast<std::size_t>(upto(0, std::int64_t(leaves_.size()) - 1))];
    switch (upto(0, 5)) {
      case 0: return selected(plain(depth - 1));
      case 1: return plain(depth - 1).transpose();
      case 2: {
        const Array one = plain(depth - 1);
        if (one.ndim() == 0) return one;
        const std::string& dim = one.dims()[static_cast<std::size_t>(upto(0, std::int64_t(one.ndim()) - 1))].name;
        return concat({one, selected_along(one, dim)}, dim);
      }
      case 3: {
        const Array one = plain(depth - 1);
        if (one.ndim() == 0 || one.dims()[0].size < 2) return one;
        const std::string& dim = one.dims()[0].name;
        return one.isel(dim, Slice{1, std::nullopt, 1}) - one.isel(dim, Slice{std::nullopt, -1, 1});
      }
      default: return joined(plain(depth - 1), plain(depth - 1));
    }
  }
  Array reduced(const Array& of) {
    DimNames dims;
    std::vector<std::string> names;
    for (const Dim& dim : of.dims()) {
      if (chance(50)) names.push_back(dim.name);
    }
    ReduceOptions options;
    options.keepdims = chance(20);
    const Reduction all[] = {Reduction::mean, Reduction::std, Reduction::min, Reduction::argmax, Reduction::count};
    return of.reduce(all[upto(0, 4)], names, options);
  }
  /// The same values with other dims, or some of them twice.
  Array reshaped(const Array& of) {
    switch (upto(0, 5)) {
      case 0: return of.transpose();
      case 1: return of.find_axis("x") ? of.rename({{"x", "w"}}) : of;
      case 2: return of.find_axis("n") ? of : of.expand_dims("n");
      case 3: return of.find_axis("n") ? of.squeeze() : concat({of, of.transpose(), of}, "n");
      case 4: return of.ndim() == 0 ? of : concat({selected_along(of, of.dims()[0].name), of.transpose()}, of.dims()[0].name);
      default: return of.astype(ElementType::float16) * 2;
    }
  }
  /// Sums where dims agree; else one of them.
  Array joined(const Array& one, const Array& other) {
    for (const Dim& dim : one.dims()) {
      const auto axis = other.find_axis(dim.name);
      if (axis && other.dims()[*axis].size != dim.size) return one;
    }
    return one + other;
  }
  Array selected(const Array& of) {
    if (of.ndim() == 0) return of;
    const Dim dim = of.dims()[static_cast<std::size_t>(upto(0, std::int64_t(of.ndim()) - 1))];
    if (dim.size > 0 && chance(25)) return of.isel(dim.name, upto(0, dim.size - 1));
    return selected_along(of, dim.name);
  }

  Sources sources;

 private:
  Array selected_along(const Array& of, const std::string& name) {
    const std::int64_t size = of.dims()[of.axis(name)].size;
    if (size == 0) return of;
    if (chance(30)) {
      std::vector<std::int64_t> list;
      for (std::int64_t i = upto(1, 4); i > 0; --i) list.push_back(upto(0, size - 1));
      return of.isel(name, list);
    }
    const std::int64_t first = upto(0, size - 1), last = upto(first, size - 1);
    if (chance(30)) return of.isel(name, Slice{last, first == 0 ? std::nullopt : std::optional(first - 1), -upto(1, 3)});
    return of.isel(name, Slice{first, last + 1, upto(1, 3)});
  }

  std::mt19937 random_;
  std::vector<Dim> dims_;
  std::vector<Array> leaves_;
};

}  // namespace xylem::test
