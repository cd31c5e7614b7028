#include <fmt/format.h>
#include <fmt/ranges.h>

#include <limits>
#include <type_traits>

#include "detail/result_file.hpp"

namespace xylem::detail {
namespace {

hid_t stored_type(ElementType type) {
  switch (type) {
    case ElementType::boolean:
    case ElementType::int8: return H5T_NATIVE_INT8;
    case ElementType::int16: return H5T_NATIVE_INT16;
    case ElementType::int32: return H5T_NATIVE_INT32;
    case ElementType::int64: return H5T_NATIVE_INT64;
    case ElementType::uint8: return H5T_NATIVE_UINT8;
    case ElementType::uint16: return H5T_NATIVE_UINT16;
    case ElementType::uint32: return H5T_NATIVE_UINT32;
    case ElementType::uint64: return H5T_NATIVE_UINT64;
    case ElementType::float16:
    case ElementType::float32: return H5T_NATIVE_FLOAT;
    case ElementType::float64: break;
  }
  return H5T_NATIVE_DOUBLE;
}

// Attributes of values without a form here (compounds, ...) and of none are passed over.
void write_attributes(h5::FileWriter& file, const std::string& path, const Attributes& attributes) {
  for (const auto& [name, value] : attributes) {
    if (value.size() == 0) continue;
    const bool single = value.shape.empty() && value.size() == 1;
    if (const auto text = value.as_string(); text && single) {
      file.characters(path, name, *text);
    } else if (const auto texts = value.as_strings()) {
      file.attribute(path, name, *texts);
    } else if (const auto integers = value.is_integral() ? value.as_integers() : std::nullopt) {
      single ? file.attribute(path, name, integers->front()) : file.attribute(path, name, *integers);
    } else if (const auto reals = value.as_doubles()) {
      single ? file.attribute(path, name, reals->front()) : file.attribute(path, name, *reals);
    }
  }
}

void write_coord(h5::FileWriter& file, const ResultCoord& coord) {
  h5::DatasetSpec spec;
  const std::string path = "/" + coord.name;
  if (!coord.dims.empty()) spec.shape = {static_cast<std::int64_t>(size_of(coord.values))};
  std::visit(
      [&](const auto& values) {
        using T = typename std::decay_t<decltype(values)>::value_type;
        if constexpr (std::is_same_v<T, std::string>) {
          const h5::Datatype text(H5Tcopy(H5T_C_S1));
          H5Tset_size(text.get(), H5T_VARIABLE);
          H5Tset_cset(text.get(), H5T_CSET_UTF8);
          std::vector<const char*> pointers;
          for (const std::string& value : values) pointers.push_back(value.c_str());
          spec.type = text.get();
          file.write(file.create_dataset(path, spec), {}, text.get(), pointers.data());
        } else {
          spec.type = std::is_same_v<T, double> ? H5T_NATIVE_DOUBLE : H5T_NATIVE_INT64;
          file.write(file.create_dataset(path, spec), {}, spec.type, values.data());
        }
      },
      coord.values);
  if (coord.is_index()) file.make_scale(path);
  write_attributes(file, path, coord.attributes);
}

void write_dim(h5::FileWriter& file, const FileDim& dim) {
  if (dim.exists) return;
  if (dim.labels != nullptr) return write_coord(file, *dim.labels);
  // A place that is never filled: netCDF-4 knows by the scale's name that it has the extent only.
  const h5::Dataset place = file.create_dataset("/" + dim.name, {.type = H5T_IEEE_F32BE, .shape = {dim.size}});
  file.make_scale("/" + dim.name, fmt::format("This is a netCDF dimension but not a netCDF variable.{:10}", dim.size));
}

// HDF5 keeps attributes of at most 64 KiB where netCDF looks for them. Cut between characters of UTF-8.
std::string cut(std::string text) {
  constexpr std::size_t most = 60'000;
  if (text.size() <= most) return text;
  std::size_t end = most;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80) --end;
  return text.substr(0, end) + "\n... (cut)";
}

std::vector<std::string> paths(const std::vector<std::string>& names) {
  std::vector<std::string> result;
  for (const std::string& name : names) result.push_back("/" + name);
  return result;
}

ResultDataset write_variable(h5::FileWriter& file, const ResultVariable& variable, const std::vector<std::string>& coordinates,
                             const Shape& chunk, int deflate) {
  constexpr float float_nan = std::numeric_limits<float>::quiet_NaN();
  constexpr double double_nan = std::numeric_limits<double>::quiet_NaN();
  const std::string path = "/" + variable.name;
  h5::DatasetSpec spec{.type = stored_type(variable.dtype), .shape = variable.shape, .chunk = chunk, .deflate = deflate};
  spec.reserve = chunk.empty();
  if (is_floating(variable.dtype)) {
    spec.fill = variable.dtype == ElementType::float64 ? static_cast<const void*>(&double_nan) : &float_nan;
    spec.fill_type = spec.type;
  }
  h5::Dataset dataset = file.create_dataset(path, spec);
  if (!variable.dims.empty()) file.attach_scales(path, paths(variable.dims));
  if (spec.fill != nullptr) file.attribute(path, "_FillValue", spec.type, spec.type, spec.fill);
  Attributes attributes = variable.attributes;
  for (const char* own : {"_FillValue", "coordinates", "dtype"}) attributes.erase(own);
  write_attributes(file, path, attributes);
  if (variable.dtype == ElementType::boolean) file.characters(path, "dtype", "bool");
  if (!coordinates.empty()) file.characters(path, "coordinates", fmt::format("{}", fmt::join(coordinates, " ")));
  if (!chunk.empty()) return {0, std::move(dataset)};
  return {num_elements(variable.shape) == 0 ? 0 : file.offset(dataset), {}};
}

}  // namespace

int stored_size(ElementType type) noexcept { return type == ElementType::float16 ? 4 : element_size(type); }

std::vector<ResultDataset> write_metadata(h5::FileWriter& file, const FileLayout& layout,
                                          const std::vector<ResultVariable>& variables,
                                          const std::map<std::string, std::string>& file_attributes,
                                          const std::vector<Shape>& chunks, int deflate) {
  for (const auto& [name, text] : file_attributes) file.characters("/", name, cut(text));
  for (const FileDim& dim : layout.dims) write_dim(file, dim);
  for (const ResultCoord* coord : layout.coords) {
    write_coord(file, *coord);
    if (!coord->dims.empty()) file.attach_scales("/" + coord->name, paths(coord->dims));
  }
  std::vector<ResultDataset> datasets;
  for (std::size_t i = 0; i < variables.size(); ++i)
    datasets.push_back(write_variable(file, variables[i], layout.coordinates[i], chunks[i], deflate));
  return datasets;
}

}  // namespace xylem::detail
