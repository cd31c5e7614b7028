#include "xylem/exec/coordinates.hpp"

#include <gtest/gtest.h>
#include <hdf5.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <map>

#include "xylem/storage/scan.hpp"
#include "xylem/storage/strings.hpp"
#include "xylem/storage/writer.hpp"
#include "xylem/support/error.hpp"

#include "mpi_world.hpp"

using namespace xylem;
using test::world;

namespace fs = std::filesystem;

namespace {

using Integers = std::vector<std::int64_t>;
using Reals = std::vector<double>;
using Strings = std::vector<std::string>;

h5::Datatype text(std::size_t size, H5T_str_t padding) {
  h5::Datatype type(H5Tcopy(H5T_C_S1));
  H5Tset_size(type.get(), size);
  if (size != H5T_VARIABLE) H5Tset_strpad(type.get(), padding);
  return type;
}

h5::Datatype half() {
  h5::Datatype type(H5Tcopy(H5T_IEEE_F32LE));
  H5Tset_fields(type.get(), 15, 10, 5, 0, 10);
  H5Tset_size(type.get(), 2);
  H5Tset_ebias(type.get(), 15);
  return type;
}

template <class T>
void add(h5::FileWriter& file, const std::string& path, hid_t stored, hid_t memory, const std::vector<T>& values,
         bool scalar = false) {
  const Shape shape = scalar ? Shape{} : Shape{static_cast<std::int64_t>(values.size())};
  file.write(file.create_dataset(path, {.type = stored, .shape = shape}), {}, memory, values.data());
}

Strings many() {
  Strings result;
  for (int i = 0; i < 10'000; ++i) result.push_back(std::to_string(i));
  return result;
}

void write_file(const std::string& path) {
  h5::FileWriter file(path);
  add(file, "/big_endian", H5T_STD_I16BE, H5T_NATIVE_INT64, Integers{-2, 300});
  add(file, "/bytes", H5T_STD_U8LE, H5T_NATIVE_INT64, Integers{0, 255});
  add(file, "/huge", H5T_STD_U64LE, H5T_NATIVE_UINT64, std::vector<std::uint64_t>{1, ~std::uint64_t{0}});
  add(file, "/float", H5T_IEEE_F32BE, H5T_NATIVE_DOUBLE, Reals{0.1F, -1e30F});
  add(file, "/half", half().get(), H5T_NATIVE_DOUBLE, Reals{0.5, -3});
  add(file, "/scalar", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, Reals{2.5}, true);
  add(file, "/none", H5T_STD_I32LE, H5T_NATIVE_INT64, Integers{});
  add(file, "/packed", H5T_STD_I16LE, H5T_NATIVE_INT64, Integers{-99, 7, 1000});
  file.attribute("/packed", "scale_factor", 0.1);
  file.attribute("/packed", "add_offset", 5.0);
  file.attribute("/packed", "_FillValue", std::int64_t{-99});
  add(file, "/gaps", H5T_STD_I32LE, H5T_NATIVE_INT64, Integers{4, -1, 6, 70});
  file.attribute("/gaps", "missing_value", std::int64_t{-1});
  file.attribute("/gaps", "valid_max", std::int64_t{50});
  add(file, "/unsigned", H5T_STD_I8LE, H5T_NATIVE_INT64, Integers{-1, 3});
  file.attribute("/unsigned", "_Unsigned", std::string("true"));
  const h5::Datatype padded = text(4, H5T_STR_SPACEPAD), full = text(3, H5T_STR_NULLPAD),
                     any = text(H5T_VARIABLE, H5T_STR_NULLTERM);
  file.write(file.create_dataset("/padded", {.type = padded.get(), .shape = {2}}), {}, padded.get(), "a b     ");
  file.write(file.create_dataset("/full", {.type = full.get(), .shape = {2}}), {}, full.get(), "abcd\0\0");
  add(file, "/any", any.get(), any.get(), std::vector<const char*>{"", "süd", "a long one that is stored elsewhere"});
  const Strings numbers = many();
  std::vector<const char*> pointers;
  for (const std::string& number : numbers) pointers.push_back(number.c_str());
  add(file, "/many", any.get(), any.get(), pointers);
  add(file, "/word", any.get(), any.get(), std::vector<const char*>{"one"}, true);
  // Never written: no matter how large, these take no room in the file.
  static_cast<void>(file.create_dataset("/table", {.type = H5T_STD_I32LE, .shape = {2, 2}}));
  static_cast<void>(file.create_dataset("/large", {.type = H5T_STD_I8LE, .shape = {(max_coordinate_bytes >> 3) + 1}}));
  static_cast<void>(file.create_dataset("/most", {.type = H5T_STD_I8LE, .shape = {max_coordinate_bytes >> 3}}));
  static_cast<void>(file.create_dataset("/large_text", {.type = padded.get(), .shape = {(max_coordinate_bytes >> 2) + 1}}));
  file.commit();
}

class Coordinates : public testing::Test {
 protected:
  void SetUp() override {
    root_ = (fs::temp_directory_path() / "xylem-coordinates-XXXXXX").string();
    if (world().rank() == 0) {
      if (mkdtemp(root_.data()) == nullptr) root_.clear();
      for (const char* name : {"/a.h5", "/b.h5", "/c.h5"}) write_file(root_ + name);
    }
    root_ = world().broadcast(root_, 0);
    ASSERT_FALSE(root_.empty());
    std::vector<std::string> warnings;
    for (const char* name : {"/a.h5", "/b.h5", "/c.h5"}) {
      for (const ObjectInfo& object : scan_file(root_ + name).objects) {
        if (!object.dataset) continue;
        datasets_.push_back(object.dataset);
        decodings_.push_back(object.dataset->dtype.is_numeric() ? cf_decoding(*object.dataset, warnings) : CfDecoding{});
      }
    }
    EXPECT_TRUE(warnings.empty());
  }
  void TearDown() override {
    MPI_Barrier(world().handle());
    if (world().rank() == 0) fs::remove_all(root_);
  }

  std::string root_;
  std::vector<std::shared_ptr<const DatasetInfo>> datasets_;
  std::vector<CfDecoding> decodings_;
};

TEST_F(Coordinates, AreWhatIsStored) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::map<std::string, LabelValues> expected{{"/big_endian", Integers{-2, 300}},
                                                    {"/bytes", Integers{0, 255}},
                                                    {"/huge", Reals{1, 0x1p64}},
                                                    {"/float", Reals{0.1F, -1e30F}},
                                                    {"/half", Reals{0.5, -3}},
                                                    {"/scalar", Reals{2.5}},
                                                    {"/none", Integers{}},
                                                    {"/packed", Reals{nan, 7 * 0.1 + 5, 1000 * 0.1 + 5}},
                                                    {"/gaps", Reals{4, nan, 6, nan}},
                                                    {"/unsigned", Integers{255, 3}},
                                                    {"/padded", Strings{"a b", ""}},
                                                    {"/full", Strings{"abc", "d"}},
                                                    {"/any", Strings{"", "süd", "a long one that is stored elsewhere"}},
                                                    {"/many", many()},
                                                    {"/word", Strings{"one"}},
                                                    {"/most", Integers(static_cast<std::size_t>(max_coordinate_bytes >> 3), 0)}};
  const auto found = read_coordinates(world(), datasets_, decodings_);
  ASSERT_EQ(found.size(), datasets_.size());
  std::size_t known = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const std::string& path = datasets_[i]->ref.path;
    ASSERT_EQ(found[i] != nullptr, expected.contains(path)) << path;
    if (!found[i]) continue;
    ++known;
    const LabelValues& values = expected.at(path);
    EXPECT_EQ(found[i]->index(), values.index()) << path;
    EXPECT_EQ(size_of(*found[i]), size_of(values)) << path;
    EXPECT_FALSE(first_difference(*found[i], values)) << path;
  }
  EXPECT_EQ(known, 3 * expected.size());
}

TEST_F(Coordinates, NameTheFileThatIsGone) {
  MPI_Barrier(world().handle());
  if (world().rank() == 0) fs::remove(root_ + "/b.h5");
  MPI_Barrier(world().handle());
  try {
    static_cast<void>(read_coordinates(world(), datasets_, decodings_));
    FAIL();
  } catch (const Error& error) {
    EXPECT_TRUE(error.agreed());
    EXPECT_NE(std::string(error.what()).find("/b.h5"), std::string::npos) << error.what();
  }
}

TEST_F(Coordinates, StringsOfNoMoreThanTheLimit) {
  FilePool files;
  const auto any = *std::ranges::find(datasets_, std::string("/any"), [](const auto& info) { return info->ref.path; });
  EXPECT_TRUE(read_strings(files, *any, 1000));
  EXPECT_FALSE(read_strings(files, *any, 30));
  DatasetInfo changed = *any;
  changed.shape = {4};
  EXPECT_THROW(static_cast<void>(read_strings(files, changed, 1000)), DataError);
}

}  // namespace
