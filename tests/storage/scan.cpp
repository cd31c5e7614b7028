#include "xylem/storage/scan.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "files.hpp"

using namespace xylem;
using test::create_dataset;
using test::create_file;
using test::create_group;

namespace {

// "/a/b" of each object, in the order of the scan.
std::vector<std::string> paths(const FileMetadata& metadata) {
  std::vector<std::string> result;
  for (const ObjectInfo& object : metadata.objects) {
    const bool below_root = object.parent > 0;
    result.push_back((below_root ? result[static_cast<std::size_t>(object.parent)] : "") + "/" + object.name);
  }
  return result;
}

const ObjectInfo& object_at(const FileMetadata& metadata, const std::string& path) {
  const auto all = paths(metadata);
  const auto found = std::find(all.begin(), all.end(), path);
  if (found == all.end()) throw std::runtime_error("nothing at " + path);
  return metadata.objects[static_cast<std::size_t>(found - all.begin())];
}

const LinkInfo& link_at(const FileMetadata& metadata, const std::string& path) {
  const ObjectInfo& object = object_at(metadata, path);
  EXPECT_EQ(object.kind, ObjectKind::link) << path;
  return object.link;
}

std::int64_t count_kind(const FileMetadata& metadata, ObjectKind kind) {
  return std::count_if(metadata.objects.begin(), metadata.objects.end(),
                       [&](const ObjectInfo& object) { return object.kind == kind; });
}

class ScanTest : public testing::Test {
 protected:
  template <class Write>
  FileMetadata scan(Write&& write, const std::string& name = "file.h5") {
    {
      const h5::File file = create_file(folder_.file(name));
      write(file.get());
    }
    return scan_file(folder_.file(name));
  }

  test::TemporaryFolder folder_;
};

template <class T>
void write_attribute(hid_t object, const char* name, hid_t stored, hid_t memory, const std::vector<hsize_t>& shape,
                     const T* values) {
  const h5::Dataspace space(shape.empty() ? H5Screate(H5S_SCALAR)
                                          : H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr));
  const h5::Attribute attribute(H5Acreate2(object, name, stored, space.get(), H5P_DEFAULT, H5P_DEFAULT));
  ASSERT_GE(H5Awrite(attribute.get(), memory, values), 0);
}

}  // namespace

TEST_F(ScanTest, AnEmptyFileIsARootGroup) {
  const auto metadata = scan([](hid_t) {});
  ASSERT_EQ(metadata.objects.size(), 1u);
  EXPECT_EQ(metadata.objects[0].kind, ObjectKind::group);
  EXPECT_EQ(metadata.objects[0].parent, -1);
  EXPECT_EQ(metadata.file, folder_.file("file.h5"));
  EXPECT_EQ(metadata.size, static_cast<std::int64_t>(std::filesystem::file_size(folder_.file("file.h5"))));
  EXPECT_GT(metadata.mtime_ns, 0);
}

TEST_F(ScanTest, MembersComeInAlphabeticalOrder) {
  const auto metadata = scan([](hid_t file) {
    for (const char* name : {"zebra", "apple", "mango"}) create_dataset(file, name);
  });
  EXPECT_EQ(paths(metadata), (std::vector<std::string>{"/", "/apple", "/mango", "/zebra"}));
}

TEST_F(ScanTest, OrInOrderOfCreationWhereThatIsTracked) {
  const auto metadata = scan([](hid_t file) {
    const h5::PropertyList properties(H5Pcreate(H5P_GROUP_CREATE));
    H5Pset_link_creation_order(properties.get(), H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED);
    const h5::Group group(H5Gcreate2(file, "g", H5P_DEFAULT, properties.get(), H5P_DEFAULT));
    for (const char* name : {"zebra", "apple", "mango"}) create_dataset(group.get(), name);
  });
  EXPECT_EQ(paths(metadata), (std::vector<std::string>{"/", "/g", "/g/zebra", "/g/apple", "/g/mango"}));
}

TEST_F(ScanTest, AnObjectWithSeveralNamesAppearsOnceUnderItsShallowest) {
  const auto metadata = scan([](hid_t file) {
    const auto outer = create_group(file, "a");
    const auto inner = create_group(outer.get(), "b");
    create_dataset(inner.get(), "x");
    H5Lcreate_hard(inner.get(), "x", inner.get(), "again", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_hard(inner.get(), "x", file, "shallow", H5P_DEFAULT, H5P_DEFAULT);
  });
  EXPECT_EQ(count_kind(metadata, ObjectKind::dataset), 1);
  EXPECT_EQ(object_at(metadata, "/shallow").dataset->ref.path, "/shallow");
  for (const char* path : {"/a/b/x", "/a/b/again"}) {
    EXPECT_EQ(link_at(metadata, path).kind, LinkKind::hard);
    EXPECT_EQ(link_at(metadata, path).target, "/shallow");
    EXPECT_FALSE(link_at(metadata, path).dangling);
  }
}

TEST_F(ScanTest, CyclesOfHardLinksEnd) {
  const auto metadata = scan([](hid_t file) {
    const auto a = create_group(file, "a");
    const auto b = create_group(a.get(), "b");
    H5Lcreate_hard(file, "a", b.get(), "up", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_hard(file, "/", b.get(), "root", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_hard(a.get(), "b", b.get(), "self", H5P_DEFAULT, H5P_DEFAULT);
  });
  EXPECT_EQ(count_kind(metadata, ObjectKind::group), 3);
  EXPECT_EQ(link_at(metadata, "/a/b/up").target, "/a");
  EXPECT_EQ(link_at(metadata, "/a/b/root").target, "/");
  EXPECT_EQ(link_at(metadata, "/a/b/self").target, "/a/b");
}

TEST_F(ScanTest, SoftLinksAreFollowedThroughChains) {
  const auto metadata = scan([](hid_t file) {
    const auto group = create_group(file, "g");
    create_dataset(group.get(), "x");
    const auto soft = [&](hid_t where, const char* name, const char* target) {
      H5Lcreate_soft(target, where, name, H5P_DEFAULT, H5P_DEFAULT);
    };
    soft(file, "absolute", "/g/x");
    soft(group.get(), "relative", "x");
    soft(file, "chain", "/absolute");
    soft(file, "through", "/to_group/x");
    soft(file, "to_group", "/g");
    soft(file, "dangling", "/g/none");
    soft(group.get(), "relative_dangling", "none");
    soft(file, "loop", "/pool");
    soft(file, "pool", "/loop");
    soft(file, "own", "/own");
  });
  for (const char* path : {"/absolute", "/g/relative", "/chain", "/through"}) {
    EXPECT_EQ(link_at(metadata, path).kind, LinkKind::soft);
    EXPECT_EQ(link_at(metadata, path).target, "/g/x") << path;
    EXPECT_FALSE(link_at(metadata, path).dangling);
  }
  EXPECT_EQ(link_at(metadata, "/to_group").target, "/g");
  // What is not in this file is left to the tree, which knows the others; a relative target becomes absolute.
  EXPECT_EQ(link_at(metadata, "/dangling").target, "/g/none");
  for (const char* path : {"/dangling", "/loop", "/pool", "/own"}) EXPECT_TRUE(link_at(metadata, path).dangling) << path;
  EXPECT_EQ(link_at(metadata, "/g/relative_dangling").target, "/g/none");
  EXPECT_EQ(link_at(metadata, "/loop").target, "/pool");
  EXPECT_EQ(link_at(metadata, "/pool").target, "/loop");
  EXPECT_EQ(link_at(metadata, "/own").target, "/own");
}

TEST_F(ScanTest, ExternalLinksAreNotFollowed) {
  (void)scan([](hid_t file) { create_dataset(file, "x"); }, "other.h5");
  const auto metadata = scan([](hid_t file) {
    H5Lcreate_external("other.h5", "/x", file, "external", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_external("sub/../other.h5", "x", file, "detour", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_external("/absolute/none.h5", "/a/b", file, "absent", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_soft("/external", file, "soft_to_external", H5P_DEFAULT, H5P_DEFAULT);
  });
  for (const char* path : {"/external", "/detour"}) {
    EXPECT_EQ(link_at(metadata, path).kind, LinkKind::external);
    EXPECT_EQ(link_at(metadata, path).target_file, folder_.file("other.h5"));
    EXPECT_EQ(link_at(metadata, path).target, "/x");
  }
  EXPECT_EQ(link_at(metadata, "/absent").target_file, "/absolute/none.h5");
  EXPECT_EQ(link_at(metadata, "/soft_to_external").target, "/external");
}

TEST_F(ScanTest, GroupsNestedTooDeepAreLeftOutWithAWarning) {
  const auto metadata = scan([](hid_t file) {
    h5::Group group = create_group(file, "g");
    for (int i = 0; i < 1100; ++i) group = create_group(group.get(), "g");
  });
  EXPECT_EQ(metadata.objects.size(), 1001u);
  ASSERT_EQ(metadata.warnings.size(), 1u);
  EXPECT_NE(metadata.warnings[0].find(folder_.file("file.h5")), std::string::npos);
}

TEST_F(ScanTest, StorageOfADataset) {
  const auto metadata = scan([](hid_t file) {
    const hsize_t shape[] = {10, 20}, max_shape[] = {H5S_UNLIMITED, 25}, chunk[] = {4, 8};
    const h5::Dataspace space(H5Screate_simple(2, shape, max_shape));
    const h5::PropertyList properties(H5Pcreate(H5P_DATASET_CREATE));
    H5Pset_chunk(properties.get(), 2, chunk);
    H5Pset_shuffle(properties.get());
    H5Pset_deflate(properties.get(), 5);
    const std::int32_t fill = -9;
    H5Pset_fill_value(properties.get(), H5T_NATIVE_INT32, &fill);
    const h5::Dataset dataset(H5Dcreate2(file, "x", H5T_STD_I16BE, space.get(), H5P_DEFAULT, properties.get(), H5P_DEFAULT));
  });
  const DatasetInfo& info = *object_at(metadata, "/x").dataset;
  EXPECT_EQ(info.dtype.name(), "int16");
  EXPECT_TRUE(info.dtype.big_endian);
  EXPECT_EQ(info.shape, (Shape{10, 20}));
  EXPECT_EQ(info.max_shape, (Shape{-1, 25}));
  EXPECT_EQ(info.layout, Layout::chunked);
  EXPECT_EQ(info.chunk, (Shape{4, 8}));
  ASSERT_EQ(info.filters.size(), 2u);
  EXPECT_EQ(info.filters[0].id, H5Z_FILTER_SHUFFLE);
  EXPECT_EQ(info.filters[1].id, H5Z_FILTER_DEFLATE);
  EXPECT_EQ(info.filters[1].parameters, std::vector<std::uint32_t>{5});
  EXPECT_EQ(info.fill, (std::vector<std::byte>{std::byte{0xff}, std::byte{0xf7}}));  // -9, big-endian
}

TEST_F(ScanTest, AttributesOfEveryType) {
  const auto metadata = scan([](hid_t file) {
    const auto group = create_group(file, "g");
    const hid_t g = group.get();
    const std::int8_t small[] = {-1, 2, 3};
    const std::uint64_t large = std::numeric_limits<std::uint64_t>::max();
    const float real[] = {0.5f, -1.5f, 2.5f, NAN};
    const double precise = 0.1;
    write_attribute(g, "int8", H5T_STD_I8LE, H5T_NATIVE_INT8, {3}, small);
    write_attribute(g, "big_endian", H5T_STD_I32BE, H5T_NATIVE_INT8, {3}, small);
    write_attribute(g, "uint64", H5T_STD_U64LE, H5T_NATIVE_UINT64, {}, &large);
    write_attribute(g, "float32", H5T_IEEE_F32BE, H5T_NATIVE_FLOAT, {2, 2}, real);
    write_attribute(g, "float64", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, {}, &precise);

    const h5::Datatype fixed(H5Tcopy(H5T_C_S1));
    H5Tset_size(fixed.get(), 6);
    write_attribute(g, "fixed", fixed.get(), fixed.get(), {2}, "kelvinm\0\0\0\0\0");
    const h5::Datatype spaces(H5Tcopy(H5T_C_S1));
    H5Tset_size(spaces.get(), 6);
    H5Tset_strpad(spaces.get(), H5T_STR_SPACEPAD);
    write_attribute(g, "space_padded", spaces.get(), spaces.get(), {}, "m s-1 ");
    const h5::Datatype variable(H5Tcopy(H5T_C_S1));
    H5Tset_size(variable.get(), H5T_VARIABLE);
    H5Tset_cset(variable.get(), H5T_CSET_UTF8);
    const char* texts[] = {"°C", "", "long enough to be no small string"};
    write_attribute(g, "variable", variable.get(), variable.get(), {3}, texts);

    const h5::Datatype boolean(H5Tenum_create(H5T_STD_I8LE));
    std::int8_t value = 0;
    H5Tenum_insert(boolean.get(), "FALSE", &value);
    value = 1;
    H5Tenum_insert(boolean.get(), "TRUE", &value);
    write_attribute(g, "bool", boolean.get(), boolean.get(), {}, &value);
    const h5::Datatype colours(H5Tenum_create(H5T_STD_U16BE));
    const std::uint8_t stored[] = {0x01, 0x02};  // 258, big-endian
    H5Tenum_insert(colours.get(), "GREEN", stored);
    write_attribute(g, "enum", colours.get(), colours.get(), {}, stored);

    // Twelve bits, four bits up; HDF5's native type for them would have two bytes.
    const h5::Datatype padded(H5Tcopy(H5T_STD_U32BE));
    H5Tset_precision(padded.get(), 12);
    H5Tset_offset(padded.get(), 4);
    const h5::Datatype shades(H5Tenum_create(padded.get()));
    const std::uint8_t shade[] = {0, 0, 0xab, 0xc0};
    H5Tenum_insert(shades.get(), "GREY", shade);
    write_attribute(g, "padded_enum", shades.get(), shades.get(), {}, shade);
    const h5::Datatype numbers(H5Tenum_create(H5T_STD_U64LE)), negatives(H5Tenum_create(H5T_STD_I16BE));
    H5Tenum_insert(numbers.get(), "LARGE", &large);
    write_attribute(g, "large_enum", numbers.get(), numbers.get(), {}, &large);
    const std::uint8_t minus_two[] = {0xff, 0xfe};
    H5Tenum_insert(negatives.get(), "MINUS_TWO", minus_two);
    write_attribute(g, "negative_enum", negatives.get(), negatives.get(), {}, minus_two);
    write_attribute(g, "bits", H5T_STD_B16BE, H5T_STD_B16BE, {}, stored);

    for (const auto& [name, type] :
         {std::pair{"no_int", H5T_STD_I16BE}, std::pair{"no_uint", H5T_STD_U64LE}, std::pair{"no_float", H5T_IEEE_F32LE},
          std::pair{"no_bool", boolean.get()}, std::pair{"no_fixed", fixed.get()}, std::pair{"no_variable", variable.get()},
          std::pair{"no_enum", colours.get()}}) {
      const hsize_t shape[] = {1ULL << 40, 0};
      const h5::Dataspace nothing(H5Screate_simple(2, shape, nullptr));
      const h5::Attribute attribute(H5Acreate2(g, name, type, nothing.get(), H5P_DEFAULT, H5P_DEFAULT));
      ASSERT_TRUE(attribute) << name;
    }

    const h5::Dataspace null(H5Screate(H5S_NULL));
    const h5::Attribute empty(H5Acreate2(g, "null", H5T_STD_I32LE, null.get(), H5P_DEFAULT, H5P_DEFAULT));
    const h5::Datatype compound(H5Tcreate(H5T_COMPOUND, 8));
    H5Tinsert(compound.get(), "a", 0, H5T_NATIVE_INT32);
    H5Tinsert(compound.get(), "b", 4, H5T_NATIVE_FLOAT);
    write_attribute(g, "compound", compound.get(), compound.get(), {3}, std::vector<char>(24).data());
    const h5::Datatype list(H5Tvlen_create(H5T_NATIVE_INT32));
    hvl_t lists[] = {{0, nullptr}};
    write_attribute(g, "vlen", list.get(), list.get(), {1}, lists);
    hobj_ref_t reference = 0;
    H5Rcreate(&reference, file, "/g", H5R_OBJECT, -1);
    write_attribute(g, "reference", H5T_STD_REF_OBJ, H5T_STD_REF_OBJ, {}, &reference);
  });
  const Attributes& attributes = object_at(metadata, "/g").attributes;
  const auto at = [&](const char* name) { return attributes.at(name); };
  EXPECT_EQ(at("int8").as_integers(), (std::vector<std::int64_t>{-1, 2, 3}));
  EXPECT_EQ(at("int8").shape, Shape{3});
  EXPECT_EQ(at("int8").dtype.name(), "int8");
  EXPECT_EQ(at("big_endian").as_integers(), (std::vector<std::int64_t>{-1, 2, 3}));
  EXPECT_EQ(at("uint64").data, AttributeValue::Data(std::vector<std::uint64_t>{std::numeric_limits<std::uint64_t>::max()}));
  EXPECT_EQ(at("uint64").shape, Shape{});
  EXPECT_EQ(at("float32").shape, (Shape{2, 2}));
  EXPECT_EQ(at("float32").as_doubles().value()[1], -1.5);
  EXPECT_TRUE(std::isnan(at("float32").as_doubles().value()[3]));
  EXPECT_EQ(at("float64").as_doubles().value()[0], 0.1);
  EXPECT_EQ(at("fixed").as_strings(), (std::vector<std::string>{"kelvin", "m"}));
  EXPECT_EQ(at("space_padded").as_string(), "m s-1");
  EXPECT_EQ(at("variable").as_strings(), (std::vector<std::string>{"°C", "", "long enough to be no small string"}));
  EXPECT_EQ(at("bool").dtype.name(), "bool");
  EXPECT_EQ(at("bool").as_integers(), std::vector<std::int64_t>{1});
  EXPECT_EQ(at("enum").as_integers(), std::vector<std::int64_t>{258});
  EXPECT_EQ(at("padded_enum").as_integers(), std::vector<std::int64_t>{0xabc});
  EXPECT_EQ(at("large_enum").data, at("uint64").data);
  EXPECT_EQ(at("negative_enum").data, AttributeValue::Data(std::vector<std::int64_t>{-2}));
  EXPECT_EQ(at("bits").data, AttributeValue::Data(std::vector<std::uint64_t>{258}));
  for (const auto& [name, data] : std::map<const char*, AttributeValue::Data>{{"no_int", std::vector<std::int64_t>{}},
                                                                              {"no_uint", std::vector<std::uint64_t>{}},
                                                                              {"no_float", std::vector<double>{}},
                                                                              {"no_bool", std::vector<std::int64_t>{}},
                                                                              {"no_fixed", std::vector<std::string>{}},
                                                                              {"no_variable", std::vector<std::string>{}},
                                                                              {"no_enum", std::vector<std::uint64_t>{}}}) {
    EXPECT_EQ(at(name).data, data) << name;
    EXPECT_EQ(at(name).shape, (Shape{std::int64_t{1} << 40, 0})) << name;
    EXPECT_FALSE(at(name).null) << name;
  }
  EXPECT_TRUE(at("null").null);
  for (const char* name : {"compound", "vlen", "reference"}) EXPECT_EQ(at(name).size(), 0u) << name;
  EXPECT_EQ(at("compound").dtype.name(), "compound");
  EXPECT_EQ(attributes.size(), 25u);
}

TEST_F(ScanTest, AnElementOfMoreThanTwoGigabytesHasNoSizeHere) {
  const auto metadata = scan([](hid_t file) {
    const h5::Datatype type(H5Tcopy(H5T_C_S1));
    H5Tset_size(type.get(), (std::size_t{1} << 31) + 8);
    const h5::Dataspace space(H5Screate(H5S_SCALAR));
    const h5::Dataset dataset(H5Dcreate2(file, "x", type.get(), space.get(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    ASSERT_TRUE(dataset);
  });
  const DType& dtype = object_at(metadata, "/x").dataset->dtype;
  EXPECT_EQ(dtype.type_class, TypeClass::unsupported);
  EXPECT_EQ(dtype.detail, "elements of 2147483656 bytes");
}

// As the HDF5 Dimension Scale Specification lays them down (https://docs.hdfgroup.org/hdf5/v1_14/_h5_d_s__u_g.html).
TEST_F(ScanTest, DimensionScales) {
  const auto metadata = scan([](hid_t file) {
    const auto text = [](hid_t object, const char* name, const std::string& value) {
      const h5::Datatype type(H5Tcopy(H5T_C_S1));
      H5Tset_size(type.get(), value.size() + 1);
      write_attribute(object, name, type.get(), type.get(), {}, value.c_str());
    };
    const auto group = create_group(file, "coords");
    std::vector<hobj_ref_t> references;
    for (const char* path : {"/coords/time", "/coords/level", "/y"}) {
      const auto scale = create_dataset(file, path, {references.size() < 2 ? hsize_t{3} : hsize_t{5}});
      text(scale.get(), "CLASS", "DIMENSION_SCALE");
      text(scale.get(), "NAME", references.size() == 1 ? "a level" : "");
      H5Rcreate(&references.emplace_back(), file, path, H5R_OBJECT, -1);
    }
    const auto data = create_dataset(file, "data", {3, 5, 2});
    const h5::Datatype list(H5Tvlen_create(H5T_STD_REF_OBJ));
    hvl_t lists[] = {{2, references.data()}, {1, &references[2]}, {0, nullptr}};
    write_attribute(data.get(), "DIMENSION_LIST", list.get(), list.get(), {3}, lists);
    const h5::Datatype label(H5Tcopy(H5T_C_S1));
    H5Tset_size(label.get(), H5T_VARIABLE);
    const char* labels[] = {"", "", "pair"};
    write_attribute(data.get(), "DIMENSION_LABELS", label.get(), label.get(), {3}, labels);
  });
  const DatasetInfo& data = *object_at(metadata, "/data").dataset;
  EXPECT_FALSE(data.is_scale);
  EXPECT_EQ(data.scales, (std::vector<std::vector<std::string>>{{"/coords/time", "/coords/level"}, {"/y"}, {}}));
  EXPECT_EQ(data.dim_labels, (std::vector<std::string>{"", "", "pair"}));
  EXPECT_TRUE(data.attributes.empty()) << "HDF5's own bookkeeping is not shown";
  EXPECT_TRUE(object_at(metadata, "/coords/time").dataset->is_scale);
  EXPECT_EQ(object_at(metadata, "/coords/level").dataset->scale_name, "a level");
}

TEST_F(ScanTest, NamedTypesAndStrangeNamesAreKept) {
  const auto metadata = scan([](hid_t file) {
    const h5::Datatype type(H5Tcopy(H5T_NATIVE_INT));
    H5Tcommit2(file, "type", type.get(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    create_dataset(file, "with space");
    create_dataset(file, "new\nline");
    create_dataset(file, "größe");
    create_dataset(file, ". .");
  });
  EXPECT_EQ(object_at(metadata, "/type").kind, ObjectKind::named_type);
  for (const char* path : {"/with space", "/new\nline", "/größe", "/. ."})
    EXPECT_EQ(object_at(metadata, path).dataset->ref.path, path);
}
