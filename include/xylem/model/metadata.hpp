#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "xylem/model/attribute.hpp"
#include "xylem/model/dtype.hpp"
#include "xylem/model/shape.hpp"

namespace xylem {

/// Where a dataset is: a file's path as the user gave it, and the dataset's absolute path in it ("/atm/temperature").
struct DatasetRef {
  std::string file;
  std::string path;

  /// For messages: "dataset '/atm/temperature' of 'file.h5'".
  [[nodiscard]] std::string describe() const;

  friend bool operator==(const DatasetRef&, const DatasetRef&) = default;
};

/// One filter of a dataset's pipeline, in the order in which HDF5 applies them when writing.
struct FilterInfo {
  std::int32_t id = 0;                    ///< HDF5's registered filter number (1 deflate, 2 shuffle, 3 fletcher32, ...)
  std::string name;                       ///< as the file has it, made printable; may be empty
  std::uint32_t flags = 0;                ///< HDF5's H5Z_FLAG_OPTIONAL and others
  std::vector<std::uint32_t> parameters;  ///< HDF5's cd_values, the first 64 of them at most
  friend bool operator==(const FilterInfo&, const FilterInfo&) = default;
};

/// How HDF5 stores elements: in the object's header, in one piece, in chunks, as parts of other datasets (H5D_VIRTUAL), or in one
/// piece in other files.
enum class Layout : std::uint8_t { compact, contiguous, chunked, virtual_dataset, external };

/// What a dataset occupies in its file.
struct StorageSummary {
  std::int64_t stored_bytes = 0;       ///< bytes of all elements as stored (compressed, where a filter compresses)
  std::int64_t allocated_chunks = 0;   ///< stored chunks; 0 or 1 unless chunked
  bool chunk_tree = false;             ///< a B-tree is the index of the chunks, which takes most memory of HDF5's kinds of index
  std::vector<Shape> sparse_chunks{};  ///< first elements of the stored chunks, in row-major order; only where so few of so many
                                       ///< chunks are stored that a visit to each would take too long
};

/// All that can be known of a dataset without reading it.
struct DatasetInfo {
  DatasetRef ref;
  DType dtype{};
  bool null = false;  ///< a null dataspace: no shape and no elements
  Shape shape{};
  Shape max_shape{};  ///< -1 for an unlimited extent
  Layout layout = Layout::contiguous;
  Shape chunk{};  ///< the stored chunk's extents; empty unless chunked
  std::vector<FilterInfo> filters{};
  bool raw_edge_chunks = false;   ///< chunks that overhang the shape are stored unfiltered (H5D_CHUNK_DONT_FILTER_PARTIAL_CHUNKS)
  bool fill_defined = true;       ///< false: HDF5 leaves what was never written undefined; xylem takes it for the fill value
  std::vector<std::byte> fill{};  ///< the fill value in the stored type and byte order; empty: zeros, or not numeric
  Attributes attributes{};        ///< without what dimension scales and netCDF-4 keep for themselves (CLASS, _Netcdf4Dimid, ...)

  // HDF5 dimension scales (https://docs.hdfgroup.org/hdf5/v1_14/group___h5_d_s.html)
  bool is_scale = false;  ///< CLASS = "DIMENSION_SCALE"
  std::vector<std::vector<std::string>>
      scales{};                           ///< per dimension, paths of attached scales; "" where one is not in the file's tree
  std::vector<std::string> dim_labels{};  ///< DIMENSION_LABELS, "" where unset
  std::string scale_name{};               ///< NAME of a scale
  // netCDF-4 numbers a file's dims, for scales cannot have scales
  // (https://docs.unidata.ucar.edu/netcdf-c/current/file_format_specifications.html)
  std::optional<std::int64_t> netcdf_dim{};  ///< _Netcdf4Dimid: of a scale, the number of its own dim
  std::vector<std::int64_t> netcdf_dims{};   ///< _Netcdf4Coordinates: the number of each dim

  // What a deeper scan finds while the file is open (ScanDepth); where it is not there, it is read when it is needed.
  std::optional<StorageSummary> storage{};        ///< what it occupies; nothing: not found out
  std::shared_ptr<const std::string> elements{};  ///< the bytes of all elements, as DatasetReader gives them, of small numeric
                                                  ///< datasets of one dim or none. Equal ones may be shared.

  /// How many dims it has; 0 for a scalar and a null dataspace.
  [[nodiscard]] std::size_t ndim() const noexcept { return shape.size(); }
};

/// How a name leads to its object, in HDF5's words.
enum class LinkKind : std::uint8_t { hard, soft, external };

/// A name that leads to an object that stands elsewhere: a soft or external link, or a hard link to an object that the tree
/// already shows under another path (its own ancestor in a cycle).
struct LinkInfo {
  LinkKind kind = LinkKind::soft;
  std::string target_file{};  ///< external links: the file, resolved against the linking file's folder
  std::string target{};       ///< the path of the object that is meant; for soft and hard links after following chains, absolute
  bool dangling = false;      ///< leads to nothing in this file (a soft link may still lead through an external one)
};

/// What a name in a file stands for.
enum class ObjectKind : std::uint8_t { group, dataset, named_type, link };

/// One object of a file's tree.
struct ObjectInfo {
  ObjectKind kind = ObjectKind::group;
  std::string name{};                          ///< its link name; empty for the root group
  std::int32_t parent = -1;                    ///< index of the group it is in; -1 for the root group
  Attributes attributes{};                     ///< of groups
  std::shared_ptr<const DatasetInfo> dataset;  ///< datasets only
  LinkInfo link{};                             ///< links only
};

/// A file's tree as one scan found it. `objects[0]` is the root group; a parent comes before its members, and members come in
/// alphabetical order (creation order where the file tracks it).
struct FileMetadata {
  std::string file{};         ///< the path that it was scanned by
  std::int64_t size = 0;      ///< bytes
  std::int64_t mtime_ns = 0;  ///< nanoseconds since the epoch
  std::vector<ObjectInfo> objects{};
  std::vector<std::string> warnings{};  ///< what could not be read, a line each, naming file and object
};

}  // namespace xylem
