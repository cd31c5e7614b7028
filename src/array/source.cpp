#include "xylem/array/source.hpp"

#include <algorithm>
#include <set>

#include "xylem/model/program.hpp"
#include "xylem/support/contract.hpp"
#include "xylem/support/error.hpp"
#include "xylem/support/text.hpp"

#include "detail/build.hpp"

namespace xylem {
namespace {

// What describes the values, whatever they were stored as.
Attributes kept_attributes(const DatasetInfo& info) {
  Attributes kept;
  for (const char* name : {"units", "calendar", "long_name", "standard_name", "axis", "positive", "cell_methods"}) {
    const auto found = info.attributes.find(name);
    if (found != info.attributes.end()) kept.insert(*found);
  }
  return kept;
}

std::string place(const DatasetInfo& info) { return printable(info.ref.path) + " of " + printable(info.ref.file); }

std::size_t extent(const std::vector<Dim>& dims, const std::string& name) {
  const auto found = std::ranges::find(dims, name, &Dim::name);
  XYLEM_EXPECT(found != dims.end(), "coords run along dims of their array");
  return static_cast<std::size_t>(found->size);
}

void expect_fitting(const std::vector<Dim>& dims, const Coordinate& coord) {
  XYLEM_EXPECT((coord.values != nullptr) != coord.lazy.has_value(), "a coord has values, or an array to read them from");
  if (coord.values) {
    XYLEM_EXPECT(coord.dims.size() <= 1, "known values run along one dim at most");
    const std::size_t expected = coord.dims.empty() ? 1 : extent(dims, coord.dims[0]);
    if (size_of(*coord.values) != expected) {
      throw UsageError("the coord '{}' has {} values, and {} are needed", printable(coord.name), size_of(*coord.values),
                       expected);
    }
    return;
  }
  for (const Dim& dim : coord.lazy->dims()) {
    if (extent(dims, dim.name) != static_cast<std::size_t>(dim.size)) {
      throw UsageError("the coord '{}' has {} elements along '{}', and {} are needed", printable(coord.name), dim.size,
                       printable(dim.name), extent(dims, dim.name));
    }
  }
}

// Unsigned values beyond int64 become doubles.
std::shared_ptr<const LabelValues> as_labels(const AttributeValue::Data& data) {
  if (const auto* strings = std::get_if<std::vector<std::string>>(&data)) return std::make_shared<const LabelValues>(*strings);
  if (const auto* reals = std::get_if<std::vector<double>>(&data)) return std::make_shared<const LabelValues>(*reals);
  const AttributeValue value{.data = data};
  if (auto integers = value.as_integers()) return std::make_shared<const LabelValues>(std::move(*integers));
  if (auto reals = value.as_doubles()) return std::make_shared<const LabelValues>(std::move(*reals));
  return nullptr;
}

const Container* find_dataset(const Container& from, const std::string& path) {
  const Group* root = from.parent();
  while (root != nullptr && root->parent() != nullptr) root = root->parent();
  return root == nullptr ? nullptr : dynamic_cast<const Container*>(root->find(path));
}

// A coordinate that a dataset holds; nothing where it is not there or can neither be known nor computed with.
std::optional<Coordinate> dataset_coordinate(const Container& container, const Coord& coord, const CoordinateReader& reader) {
  const Container* dataset = find_dataset(container, coord.path);
  if (dataset == nullptr) return std::nullopt;
  const DatasetInfo& info = dataset->info();
  if (info.ndim() != coord.dims.size()) return std::nullopt;
  if (reader && coord.dims.size() <= 1) {
    if (auto values = reader(info))
      return Coordinate{coord.name, coord.dims, std::move(values), std::nullopt, kept_attributes(info)};
  }
  if (info.null || !info.dtype.is_numeric()) return std::nullopt;
  std::vector<std::string> ignored;
  return Coordinate{coord.name, coord.dims, nullptr,
                    source(dataset->proxy().shared_info(), cf_decoding(info, ignored), coord.dims), kept_attributes(info)};
}

}  // namespace

Array source(std::shared_ptr<const DatasetInfo> info, CfDecoding decoding, const std::vector<std::string>& dims,
             std::vector<Coordinate> coords) {
  if (info->null || !info->dtype.is_numeric()) {
    throw UsageError("{} is {}; arrays are of booleans, integers and floats (16, 32 or 64 bits)", place(*info),
                     info->null ? "null" : info->dtype.name());
  }
  if (dims.size() != info->ndim()) {
    throw UsageError("{} has {}, and {} names were given", place(*info), plural(info->ndim(), "dim"), dims.size());
  }
  ArrayNode node{.kind = ConstantNode{}};
  for (std::size_t i = 0; i < dims.size(); ++i) {
    if (std::ranges::find(node.dims, dims[i], &Dim::name) != node.dims.end()) {
      throw UsageError("{} has two dims '{}'", place(*info), printable(dims[i]));
    }
    node.dims.push_back({dims[i], info->shape[i]});
  }
  node.dtype = decoded_type(info->dtype, decoding);
  for (const Coordinate& coord : coords) expect_fitting(node.dims, coord);
  node.coords = std::move(coords);
  node.attributes = kept_attributes(*info);
  node.kind = SourceNode{std::move(info), std::move(decoding)};
  return detail::make_array(std::move(node));
}

Array lazy(const Container& container, const Labels& labels, const CfDecoding& decoding, const CoordinateReader& reader) {
  std::vector<Coordinate> coords;
  for (const Coord& coord : labels.coords) {
    if (coord.mode == CoordMode::dataset || coord.mode == CoordMode::linked) {
      if (auto found = dataset_coordinate(container, coord, reader)) coords.push_back(std::move(*found));
    } else if (auto values = as_labels(coord.values())) {
      coords.push_back({coord.name, coord.dims, std::move(values), std::nullopt});
    }
  }
  return source(container.proxy().shared_info(), decoding, labels.dims, std::move(coords));
}

Array coordinate(const std::string& dim, LabelValues values) {
  if (std::holds_alternative<std::vector<std::string>>(values)) {
    throw UsageError("'{}' holds strings, which cannot be computed with", printable(dim));
  }
  Coordinate coord = detail::known_coordinate(dim, {dim}, std::move(values));
  ArrayNode node{.kind = CoordinateNode{coord.values}};
  node.dims = {{dim, static_cast<std::int64_t>(size_of(*coord.values))}};
  node.dtype = std::holds_alternative<std::vector<std::int64_t>>(*coord.values) ? ElementType::int64 : ElementType::float64;
  node.coords.push_back(std::move(coord));
  return detail::make_array(std::move(node));
}

Array assign_coord(const Array& array, const std::string& dim, LabelValues values, Attributes attributes) {
  Coordinate coord = detail::known_coordinate(dim, {dim}, std::move(values));
  coord.attributes = std::move(attributes);
  static_cast<void>(array.axis(dim));
  expect_fitting(array.dims(), coord);
  ArrayNode node = detail::derive(array, RenameNode{array});
  std::erase_if(node.coords, [&](const Coordinate& other) { return other.name == dim; });
  node.coords.insert(node.coords.begin(), std::move(coord));
  return detail::make_array(std::move(node));
}

}  // namespace xylem
