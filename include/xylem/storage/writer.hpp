#pragma once

#include <hdf5.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "xylem/model/shape.hpp"
#include "xylem/storage/hdf5.hpp"

namespace xylem::h5 {

struct WriteTarget;

/// How a dataset is to be created.
struct DatasetSpec {
  hid_t type = H5I_INVALID_HID;       ///< the stored type
  Shape shape{};                      ///< empty for a scalar
  bool unlimited = false;             ///< the first dimension may grow; needs chunks
  Shape chunk{};                      ///< empty: contiguous
  int deflate = 0;                    ///< 1 to 9: shuffle and deflate at this level; needs chunks
  bool reserve = false;               ///< its elements have their place in the file from the start (offset()); contiguous only
  const void* fill = nullptr;         ///< one element of `type`, in the native form of `fill_type`
  hid_t fill_type = H5I_INVALID_HID;  ///< looked at where `fill` is not null
};

/// A new HDF5 file that appears under its name whole or not at all. It is written by this rank alone (HDF5's serial driver) under
/// a hidden name in the same folder, and renamed by commit(); without that, the destructor removes it. Others may write to the
/// places of reserved datasets and placed chunks in the hidden file before commit(). No times are kept, so that
/// the same calls give the same bytes; the order of creation is, as netCDF-4 asks. Objects are named by absolute paths.
/// Whatever fails throws ResourceError naming the file and the system's reason.
class FileWriter {
 public:
  /// `from_existing`: begins with a copy of the file that has this name, to which more is added; it must hold HDF5.
  explicit FileWriter(std::string path, bool from_existing = false);
  ~FileWriter();
  FileWriter(const FileWriter&) = delete;
  FileWriter& operator=(const FileWriter&) = delete;

  /// Creates an empty group; the group that it is in must be there.
  void create_group(const std::string& path);

  /// Creates a dataset, in a group that must be there, and returns it open. Where nothing is written to it, it reads as its fill
  /// value, or zero.
  [[nodiscard]] Dataset create_dataset(const std::string& path, const DatasetSpec& spec);

  /// Writes the elements of `box` (all of a scalar or of the dataset, with an empty box) from `data`, row-major in `memory_type`.
  void write(const Dataset& dataset, const Box& box, hid_t memory_type, const void* data);

  /// Gives a chunk of a chunked dataset, by its first element, room for `size` stored bytes, and returns their place: bytes from
  /// the file's start. Others write them there; each chunk once.
  [[nodiscard]] std::int64_t place_chunk(const Dataset& dataset, const Shape& first, std::int64_t size);

  /// The place of the first element of a reserved dataset that has elements, in bytes from the file's start.
  [[nodiscard]] std::int64_t offset(const Dataset& dataset) const;

  /// Attributes of the object at `path`, in place of any of the same name; text is UTF-8 of variable length. One number is a
  /// scalar, a span an array of one dimension.
  void attribute(const std::string& path, const std::string& name, const std::string& text);
  void attribute(const std::string& path, const std::string& name, const std::vector<std::string>& texts);  ///< an array
  void attribute(const std::string& path, const std::string& name, std::int64_t number);                    ///< a scalar
  void attribute(const std::string& path, const std::string& name, double number);                          ///< a scalar
  void attribute(const std::string& path, const std::string& name, std::span<const std::int64_t> numbers);  ///< an array
  void attribute(const std::string& path, const std::string& name, std::span<const double> numbers);        ///< an array
  /// Text as netCDF's characters (NC_CHAR): of fixed length, which all readers know; UTF-8.
  void characters(const std::string& path, const std::string& name, const std::string& text);
  /// An array of one element of any type, as netCDF writes `_FillValue`.
  void attribute(const std::string& path, const std::string& name, hid_t type, hid_t memory_type, const void* element);

  /// Makes the dataset at `path`, of one dimension, a dimension scale of this name; none given: its last component.
  /// Source: HDF5 Dimension Scale Specification, https://docs.hdfgroup.org/hdf5/v1_14/_h5_d_s__u_g.html
  void make_scale(const std::string& path, const std::string& name = {});
  /// Attaches to each dimension of the dataset at `path` one scale of the same file, slowest dimension first; once a dataset.
  void attach_scales(const std::string& path, const std::vector<std::string>& scales);

  /// Completes all that HDF5 writes, and closes the file for it.
  void close();
  /// The name until commit().
  [[nodiscard]] const std::string& hidden_path() const noexcept { return temporary_; }
  /// Completes the file and gives it its name, over any file that has it.
  void commit();

 private:
  struct Use {
    std::string path;  ///< of a dataset that the scale is attached to
    int dimension;
  };

  void write_attribute(const std::string& path, const std::string& name, hid_t type, hid_t memory_type,
                       std::span<const hsize_t> shape, const void* data);
  void copy_existing();
  void write_scale_uses(const std::string& scale, const std::vector<Use>& uses);
  [[nodiscard]] hobj_ref_t reference(const std::string& path) const;
  template <class Result>
  Result check(Result result) const;
  [[noreturn]] void fail(const std::string& reason) const;
  void discard();

  std::string path_;
  std::string temporary_;
  std::unique_ptr<WriteTarget> target_;
  File file_;
  std::map<std::string, std::vector<Use>> uses_;  ///< by scale
  std::vector<std::byte> placeholder_;            ///< what HDF5 is given for the bytes of chunks
};

}  // namespace xylem::h5
