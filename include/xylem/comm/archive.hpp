#pragma once

#include <cereal/archives/binary.hpp>
#include <cereal/types/map.hpp>
#include <cereal/types/optional.hpp>
#include <cereal/types/string.hpp>
#include <cereal/types/tuple.hpp>
#include <cereal/types/utility.hpp>
#include <cereal/types/variant.hpp>
#include <cereal/types/vector.hpp>

#include <memory>
#include <sstream>
#include <string>
#include <utility>

#include "xylem/model/metadata.hpp"

// How values of the model travel between ranks of one job: the same program on the same kind of machine.

namespace cereal {

template <class Archive>
void serialize(Archive&, std::monostate&) {}

}  // namespace cereal

namespace xylem {

template <class Archive>
void serialize(Archive& archive, DType& value) {
  archive(value.type_class, value.size, value.big_endian, value.standard, value.enumeration, value.detail);
}

template <class Archive>
void serialize(Archive& archive, AttributeValue& value) {
  archive(value.dtype, value.shape, value.null, value.data);
}

template <class Archive>
void serialize(Archive& archive, FilterInfo& value) {
  archive(value.id, value.name, value.flags, value.parameters);
}

template <class Archive>
void serialize(Archive& archive, DatasetInfo& value) {
  archive(value.ref.file, value.ref.path, value.dtype, value.null, value.shape, value.max_shape, value.layout, value.chunk,
          value.filters, value.raw_edge_chunks, value.fill_defined, value.fill, value.attributes, value.is_scale, value.scales,
          value.dim_labels, value.scale_name, value.netcdf_dim, value.netcdf_dims);
}

template <class Archive>
void serialize(Archive& archive, StorageSummary& value) {
  archive(value.stored_bytes, value.allocated_chunks, value.sparse_chunks);
}

template <class Archive>
void serialize(Archive& archive, LinkInfo& value) {
  archive(value.kind, value.target_file, value.target, value.dangling);
}

template <class Archive>
void save(Archive& archive, const ObjectInfo& value) {
  archive(value.kind, value.name, value.parent, value.attributes, value.link, value.dataset != nullptr);
  if (value.dataset) archive(*value.dataset);
}

template <class Archive>
void load(Archive& archive, ObjectInfo& value) {
  bool has_dataset = false;
  archive(value.kind, value.name, value.parent, value.attributes, value.link, has_dataset);
  if (!has_dataset) return;
  const auto dataset = std::make_shared<DatasetInfo>();
  archive(*dataset);
  value.dataset = dataset;
}

template <class Archive>
void serialize(Archive& archive, FileMetadata& value) {
  archive(value.file, value.size, value.mtime_ns, value.objects, value.warnings);
}

/// A value as bytes, and back. from_bytes takes only what to_bytes of the same program made.
template <class T>
std::string to_bytes(const T& value) {
  std::ostringstream stream;
  cereal::BinaryOutputArchive archive(stream);
  archive(value);
  return std::move(stream).str();
}

template <class T>
T from_bytes(std::string bytes) {
  T value;
  std::istringstream stream(std::move(bytes));
  cereal::BinaryInputArchive archive(stream);
  archive(value);
  return value;
}

}  // namespace xylem
