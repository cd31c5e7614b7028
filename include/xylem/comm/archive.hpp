#pragma once

#include <cereal/archives/binary.hpp>
#include <cereal/types/map.hpp>
#include <cereal/types/optional.hpp>
#include <cereal/types/string.hpp>
#include <cereal/types/tuple.hpp>
#include <cereal/types/utility.hpp>
#include <cereal/types/variant.hpp>
#include <cereal/types/vector.hpp>

#include <cstring>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "xylem/model/metadata.hpp"
#include "xylem/support/error.hpp"

// How values of the model travel between ranks of one job and are kept in files: the same program on the same kind of machine.

namespace xylem {

/// What cereal's BinaryOutputArchive has written, read from memory. The bytes may come from a file that anyone has written: sizes
/// are held against what is left of them.
class ByteReader : public cereal::InputArchive<ByteReader, cereal::AllowEmptyClassElision> {
 public:
  /// The bytes must outlive it.
  explicit ByteReader(std::string_view bytes) : InputArchive(this), left_(bytes) {}

  /// The next `size` bytes. Throws DataError where fewer are left.
  void read(void* out, std::size_t size) {
    if (size > left_.size()) throw DataError("{} bytes are expected, and {} are left", size, left_.size());
    if (size == 0) return;
    std::memcpy(out, left_.data(), size);
    left_.remove_prefix(size);
  }

  /// A number of elements, each of which takes `bytes` at least.
  std::size_t read_count(std::size_t bytes) {
    cereal::size_type count = 0;
    read(&count, sizeof count);
    if (count > left_.size() / bytes) throw DataError("{} elements are expected, and {} bytes are left", count, left_.size());
    return static_cast<std::size_t>(count);
  }

 private:
  std::string_view left_;
};

}  // namespace xylem

namespace cereal {

namespace traits::detail {
template <>
struct get_output_from_input<xylem::ByteReader> {
  using type = BinaryOutputArchive;
};
}  // namespace traits::detail

template <class T>
requires std::is_arithmetic_v<T>
void CEREAL_LOAD_FUNCTION_NAME(xylem::ByteReader& archive, T& value) { archive.read(&value, sizeof value); }

template <class T>
void CEREAL_LOAD_FUNCTION_NAME(xylem::ByteReader& archive, BinaryData<T>& data) {
  archive.read(data.data, static_cast<std::size_t>(data.size));
}

template <class T>
void CEREAL_SERIALIZE_FUNCTION_NAME(xylem::ByteReader& archive, NameValuePair<T>& pair) {
  archive(pair.value);
}

template <class T>
void CEREAL_SERIALIZE_FUNCTION_NAME(xylem::ByteReader& archive, SizeTag<T>& tag) {
  tag.size = archive.read_count(1);
}

// One element after the other: a count alone makes no memory be asked for.
template <class T>
requires(!std::is_arithmetic_v<T>) void CEREAL_LOAD_FUNCTION_NAME(xylem::ByteReader& archive, std::vector<T>& values) {
  const std::size_t count = archive.read_count(1);
  values.clear();
  for (std::size_t i = 0; i < count; ++i) archive(values.emplace_back());
}

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
void serialize(Archive& archive, StorageSummary& value) {
  archive(value.stored_bytes, value.allocated_chunks, value.chunk_tree, value.sparse_chunks);
}

// Without `elements`, which datasets share.
template <class Archive>
void serialize(Archive& archive, DatasetInfo& value) {
  archive(value.ref.file, value.ref.path, value.dtype, value.null, value.shape, value.max_shape, value.layout, value.chunk,
          value.filters, value.raw_edge_chunks, value.fill_defined, value.fill, value.attributes, value.is_scale, value.scales,
          value.dim_labels, value.scale_name, value.netcdf_dim, value.netcdf_dims, value.storage);
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

/// A value as bytes.
template <class T>
std::string to_bytes(const T& value) {
  std::ostringstream stream;
  cereal::BinaryOutputArchive archive(stream);
  archive(value);
  return std::move(stream).str();
}

/// The value that to_bytes() of this program made the bytes of. Throws DataError for bytes that it has not made, and asks for no
/// more memory than some times their length. That the values make sense is for others to see to.
template <class T>
T from_bytes(std::string_view bytes) {
  T value;
  ByteReader archive(bytes);
  try {
    archive(value);
  } catch (const cereal::Exception& error) {
    throw DataError("{}", error.what());
  }
  return value;
}

}  // namespace xylem
