#include "xylem/storage/writer.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

#include "xylem/support/contract.hpp"
#include "xylem/support/error.hpp"
#include "xylem/support/text.hpp"

#include "detail/extents.hpp"
#include "detail/write_driver.hpp"

namespace xylem::h5 {
namespace {

// The properties that files, groups and datasets share.
PropertyList creation_properties(hid_t kind) {
  PropertyList properties(H5Pcreate(kind));
  H5Pset_obj_track_times(properties.get(), false);
  H5Pset_attr_creation_order(properties.get(), H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED);
  if (kind != H5P_DATASET_CREATE) H5Pset_link_creation_order(properties.get(), H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED);
  return properties;
}

Dataspace make_space(std::span<const hsize_t> shape, const hsize_t* max_shape = nullptr) {
  if (shape.empty()) return Dataspace(H5Screate(H5S_SCALAR));
  return Dataspace(H5Screate_simple(static_cast<int>(shape.size()), shape.data(), max_shape));
}

Datatype text_type() {
  Datatype type(H5Tcopy(H5T_C_S1));
  H5Tset_size(type.get(), H5T_VARIABLE);
  H5Tset_cset(type.get(), H5T_CSET_UTF8);
  return type;
}

Datatype fixed_text_type(std::string_view text) {
  Datatype type(H5Tcopy(H5T_C_S1));
  H5Tset_size(type.get(), text.size() + 1);
  return type;
}

std::string hidden_name(const std::string& path) {
  const std::filesystem::path full(path);
  return (full.parent_path() / ("." + full.filename().string() + ".part")).string();
}

}  // namespace

template <class Result>
Result FileWriter::check(Result result) const {
  if (target_->error != 0) fail(std::strerror(target_->error));
  if (result < 0) fail("HDF5: " + last_error());
  return result;
}

void FileWriter::fail(const std::string& reason) const {
  throw ResourceError("cannot write '{}' ({}); nothing of it is kept", printable(path_), reason);
}

FileWriter::FileWriter(std::string path, bool from_existing)
    : path_(std::move(path)), temporary_(hidden_name(path_)), target_(std::make_unique<WriteTarget>()) {
  target_->descriptor = open(temporary_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (target_->descriptor < 0) fail(std::strerror(errno));
  try {
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
    if (from_existing) copy_existing();
    const PropertyList creation = creation_properties(H5P_FILE_CREATE);
    const PropertyList access(H5Pcreate(H5P_FILE_ACCESS));
    H5Pset_fclose_degree(access.get(), H5F_CLOSE_STRONG);
    check(set_write_driver(access.get(), *target_));
    file_ = File(from_existing ? H5Fopen(temporary_.c_str(), H5F_ACC_RDWR, access.get())
                               : H5Fcreate(temporary_.c_str(), H5F_ACC_TRUNC, creation.get(), access.get()));
    check(file_.get());
  } catch (...) {
    discard();
    throw;
  }
}

void FileWriter::copy_existing() {
  std::error_code error;
  std::filesystem::copy_file(path_, temporary_, std::filesystem::copy_options::overwrite_existing, error);
  if (error) fail(error.message());
}

FileWriter::~FileWriter() { discard(); }

void FileWriter::discard() {
  file_ = File();
  if (target_->descriptor < 0) return;
  ::close(std::exchange(target_->descriptor, -1));
  std::remove(temporary_.c_str());
}

void FileWriter::create_group(const std::string& path) {
  const PropertyList creation = creation_properties(H5P_GROUP_CREATE);
  const Group group(check(H5Gcreate2(file_.get(), path.c_str(), H5P_DEFAULT, creation.get(), H5P_DEFAULT)));
}

Dataset FileWriter::create_dataset(const std::string& path, const DatasetSpec& spec) {
  const PropertyList creation = creation_properties(H5P_DATASET_CREATE);
  if (!spec.chunk.empty()) {
    check(H5Pset_chunk(creation.get(), static_cast<int>(spec.chunk.size()), to_hsize(spec.chunk).data()));
    if (spec.deflate > 0) {
      check(H5Pset_shuffle(creation.get()));
      check(H5Pset_deflate(creation.get(), static_cast<unsigned>(spec.deflate)));
    }
  }
  if (spec.reserve) {
    check(H5Pset_alloc_time(creation.get(), H5D_ALLOC_TIME_EARLY));
    check(H5Pset_fill_time(creation.get(), H5D_FILL_TIME_NEVER));
  }
  if (spec.fill != nullptr) check(H5Pset_fill_value(creation.get(), spec.fill_type, spec.fill));
  // Whole chunks are written, each once: a cache would only copy them.
  const PropertyList access(H5Pcreate(H5P_DATASET_ACCESS));
  check(H5Pset_chunk_cache(access.get(), 0, 0, 0));

  const std::vector<hsize_t> shape = to_hsize(spec.shape);
  std::vector<hsize_t> max_shape = shape;
  if (spec.unlimited) max_shape.at(0) = H5S_UNLIMITED;
  const Dataspace space = make_space(shape, max_shape.data());
  return Dataset(check(H5Dcreate2(file_.get(), path.c_str(), spec.type, space.get(), H5P_DEFAULT, creation.get(), access.get())));
}

void FileWriter::write(const Dataset& dataset, const Box& box, hid_t memory_type, const void* data) {
  if (box.start.empty()) {
    check(H5Dwrite(dataset.get(), memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data));
    return;
  }
  const std::vector<hsize_t> start = to_hsize(box.start), count = to_hsize(box.count);
  const Dataspace there(check(H5Dget_space(dataset.get())));
  check(H5Sselect_hyperslab(there.get(), H5S_SELECT_SET, start.data(), nullptr, count.data(), nullptr));
  const Dataspace here = make_space(count);
  check(H5Dwrite(dataset.get(), memory_type, here.get(), there.get(), H5P_DEFAULT, data));
}

std::int64_t FileWriter::place_chunk(const Dataset& dataset, const Shape& first, std::int64_t size) {
  // HDF5 gives the chunk its place, enters it in the dataset's index, and hands its bytes to the driver, which only notes where.
  if (placeholder_.size() < static_cast<std::size_t>(size)) placeholder_.resize(static_cast<std::size_t>(size));
  target_->defers_elements = true;
  target_->deferred = -1;
  const herr_t written =
      H5Dwrite_chunk(dataset.get(), H5P_DEFAULT, 0, to_hsize(first).data(), static_cast<std::size_t>(size), placeholder_.data());
  target_->defers_elements = false;
  check(written);
  XYLEM_EXPECT(target_->deferred >= 0, "HDF5 writes a chunk at once");
  return target_->deferred;
}

std::int64_t FileWriter::offset(const Dataset& dataset) const {
  const haddr_t address = H5Dget_offset(dataset.get());
  XYLEM_EXPECT(address != HADDR_UNDEF, "only reserved elements have a place");
  return static_cast<std::int64_t>(address);
}

void FileWriter::write_attribute(const std::string& path, const std::string& name, hid_t type, hid_t memory_type,
                                 std::span<const hsize_t> shape, const void* data) {
  const Object object(check(H5Oopen(file_.get(), path.c_str(), H5P_DEFAULT)));
  if (check(H5Aexists(object.get(), name.c_str())) > 0) check(H5Adelete(object.get(), name.c_str()));
  const Dataspace space = make_space(shape);
  const Attribute attribute(check(H5Acreate2(object.get(), name.c_str(), type, space.get(), H5P_DEFAULT, H5P_DEFAULT)));
  check(H5Awrite(attribute.get(), memory_type, data));
}

void FileWriter::attribute(const std::string& path, const std::string& name, const std::string& text) {
  const Datatype type = text_type();
  const char* data = text.c_str();
  write_attribute(path, name, type.get(), type.get(), {}, &data);
}

void FileWriter::characters(const std::string& path, const std::string& name, const std::string& text) {
  if (text.empty()) return attribute(path, name, text);  // no type has length 0
  Datatype type(H5Tcopy(H5T_C_S1));
  H5Tset_size(type.get(), text.size());
  H5Tset_cset(type.get(), H5T_CSET_UTF8);
  write_attribute(path, name, type.get(), type.get(), {}, text.data());
}

void FileWriter::attribute(const std::string& path, const std::string& name, const std::vector<std::string>& texts) {
  const Datatype type = text_type();
  std::vector<const char*> data;
  for (const std::string& text : texts) data.push_back(text.c_str());
  write_attribute(path, name, type.get(), type.get(), std::array<hsize_t, 1>{data.size()}, data.data());
}

void FileWriter::attribute(const std::string& path, const std::string& name, std::int64_t number) {
  write_attribute(path, name, H5T_STD_I64LE, H5T_NATIVE_INT64, {}, &number);
}

void FileWriter::attribute(const std::string& path, const std::string& name, double number) {
  write_attribute(path, name, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, {}, &number);
}

void FileWriter::attribute(const std::string& path, const std::string& name, std::span<const std::int64_t> numbers) {
  write_attribute(path, name, H5T_STD_I64LE, H5T_NATIVE_INT64, std::array<hsize_t, 1>{numbers.size()}, numbers.data());
}

void FileWriter::attribute(const std::string& path, const std::string& name, std::span<const double> numbers) {
  write_attribute(path, name, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, std::array<hsize_t, 1>{numbers.size()}, numbers.data());
}

void FileWriter::attribute(const std::string& path, const std::string& name, hid_t type, hid_t memory_type, const void* element) {
  write_attribute(path, name, type, memory_type, std::array<hsize_t, 1>{1}, element);
}

void FileWriter::make_scale(const std::string& path, const std::string& name) {
  const std::string own = path.substr(path.rfind('/') + 1);
  for (const auto& [key, value] :
       {std::pair<const char*, std::string>{"CLASS", "DIMENSION_SCALE"}, {"NAME", name.empty() ? own : name}}) {
    const Datatype type = fixed_text_type(value);
    write_attribute(path, key, type.get(), type.get(), {}, value.c_str());
  }
}

hobj_ref_t FileWriter::reference(const std::string& path) const {
  hobj_ref_t result{};
  check(H5Rcreate(&result, file_.get(), path.c_str(), H5R_OBJECT, H5I_INVALID_HID));
  return result;
}

void FileWriter::attach_scales(const std::string& path, const std::vector<std::string>& scales) {
  std::vector<hobj_ref_t> references;
  for (const std::string& scale : scales) {
    uses_[scale].push_back({path, static_cast<int>(references.size())});
    references.push_back(reference(scale));
  }
  std::vector<hvl_t> lists;
  for (hobj_ref_t& item : references) lists.push_back({1, &item});
  const Datatype type(H5Tvlen_create(H5T_STD_REF_OBJ));
  write_attribute(path, "DIMENSION_LIST", type.get(), type.get(), std::array<hsize_t, 1>{lists.size()}, lists.data());
}

// REFERENCE_LIST: where a scale is attached, as (dataset, dimension).
void FileWriter::write_scale_uses(const std::string& scale, const std::vector<Use>& uses) {
  struct Entry {
    hobj_ref_t dataset;
    std::int32_t dimension;
    std::int32_t padding;  // written as zeros, not as what memory holds
  };
  const Datatype type(H5Tcreate(H5T_COMPOUND, sizeof(Entry)));
  H5Tinsert(type.get(), "dataset", offsetof(Entry, dataset), H5T_STD_REF_OBJ);
  H5Tinsert(type.get(), "dimension", offsetof(Entry, dimension), H5T_STD_I32LE);
  std::vector<Entry> entries;
  const Object object(check(H5Oopen(file_.get(), scale.c_str(), H5P_DEFAULT)));
  if (check(H5Aexists(object.get(), "REFERENCE_LIST")) > 0) {
    const Attribute before(check(H5Aopen(object.get(), "REFERENCE_LIST", H5P_DEFAULT)));
    const Dataspace space(check(H5Aget_space(before.get())));
    entries.resize(static_cast<std::size_t>(check(H5Sget_simple_extent_npoints(space.get()))));
    check(H5Aread(before.get(), type.get(), entries.data()));
  }
  for (const Use& use : uses) entries.push_back({reference(use.path), use.dimension, 0});
  write_attribute(scale, "REFERENCE_LIST", type.get(), type.get(), std::array<hsize_t, 1>{entries.size()}, entries.data());
}

void FileWriter::close() {
  XYLEM_EXPECT(file_, "a file is closed once");
  for (const auto& [scale, uses] : uses_) write_scale_uses(scale, uses);
  check(H5Fclose(file_.release()));
  // The sooner it is known that there is no space, the better; not all file systems can tell.
  const off_t size = lseek(target_->descriptor, 0, SEEK_END);
  if (size > 0 && fallocate(target_->descriptor, 0, 0, size) != 0 && errno == ENOSPC) fail(std::strerror(errno));
}

void FileWriter::commit() {
  XYLEM_EXPECT(target_->descriptor >= 0, "a file is committed once");
  if (file_) close();
  // Some file systems tell only now that there is no space.
  if (fsync(target_->descriptor) != 0 || std::rename(temporary_.c_str(), path_.c_str()) != 0) fail(std::strerror(errno));
  ::close(std::exchange(target_->descriptor, -1));
}

}  // namespace xylem::h5
