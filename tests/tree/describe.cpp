#include "xylem/tree/describe.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "in_memory.hpp"

using namespace xylem;
using namespace xylem::test;

namespace {

template <class T>
std::vector<std::byte> bytes_of(T value, bool swapped = false) {
  std::vector<std::byte> bytes(sizeof value);
  std::memcpy(bytes.data(), &value, sizeof value);
  if (swapped) std::reverse(bytes.begin(), bytes.end());
  return bytes;
}

// The text after `label` on its line.
std::string told(const std::string& text, const std::string& label) {
  const auto start = text.find("\n  " + label + "  ");
  if (start == std::string::npos) return "(none)";
  const auto from = text.find_first_not_of(' ', start + 3 + label.size());
  return text.substr(from, text.find('\n', from) - from);
}

std::string packed(std::string json) {
  json.erase(std::remove_if(json.begin(), json.end(), [](char c) { return c == ' ' || c == '\n'; }), json.end());
  return json;
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

class Describe : public testing::Test {
 protected:
  template <class Edit>
  std::string dataset(const Shape& shape, Edit&& edit, const std::optional<StorageSummary>& storage = {}) {
    const Container& container = add_dataset(root, "d" + std::to_string(count_++), shape, edit);
    json = packed(describe_dataset_json(container, storage));
    return describe_dataset(container, storage);
  }
  std::string fill(const DType& dtype, const std::vector<std::byte>& bytes) {
    return told(dataset({2},
                        [&](DatasetInfo& info) {
                          info.dtype = dtype;
                          info.fill = bytes;
                        }),
                "fill value");
  }

  FileTree file = make_file();
  Group& root = *file.root;
  std::string json;

 private:
  int count_ = 0;
};

TEST_F(Describe, ADatasetInFull) {
  add_dataset(root, "lat", {64});
  const Container& container = add_dataset(root, "t", {100, 64}, [](DatasetInfo& info) {
    info.dtype = {TypeClass::floating, 4, true};
    info.max_shape = {-1, 64};
    info.layout = Layout::chunked;
    info.chunk = {30, 64};
    info.filters = {{2, "shuffle", 0, {4}}, {1, "deflate", 0, {6}}, {3, "fletcher32", 0, {}}};
    info.fill = bytes_of(-999.0F, true);
    info.attributes = {{"dims", texts({"time", "lat"})},
                       {"coords__time", reals({0, 1, 0.01})},
                       {"coords_mode__time", text("arange")},
                       {"coordinates", text("lat elsewhere")}};
  });
  EXPECT_EQ(describe_dataset(container, StorageSummary{12800, 3, {}}), R"(Dataset '/t' of 'f.h5'
  dtype                float32, big-endian
  shape                (time: 100, lat: 64)
  max shape            (unlimited, 64)
  coords
    time               (time) arange [0.0, 1.0, 0.01]
    lat                (lat) from dataset '/lat'
  layout               chunked
  chunks               (30, 64)
  chunk grid           (4, 1): 4 chunks, 3 stored
  overhang             the last chunks reach beyond the shape by (20, 0)
  filters              shuffle (4), gzip (level 6), fletcher32
  fill value           -999.0
  elements             6400
  size                 25.0 KiB (25600 bytes)
  stored               12.5 KiB (12800 bytes)
  ratio                2
  attributes
    coordinates        "lat elsewhere"
    coords__time       [0.0, 1.0, 0.01]
    coords_mode__time  "arange"
    dims               ["time", "lat"]
  problems             dataset '/t' of 'f.h5' names a coordinate 'elsewhere', which is not there
)");
  json = packed(describe_dataset_json(container, StorageSummary{12800, 3, {}}));
  for (const std::string part :
       {R"({"file":"f.h5","path":"/t","kind":"dataset","dtype":"float32","shape":[100,64],"max_shape":[null,64],)",
        R"("filter_parameters":[{"id":2,"name":"shuffle","parameters":[4]},{"id":1,"name":"deflate","parameters":[6]},)",
        R"("big_endian":true,"itemsize":4)", R"("fill_value":-999.0,"fill_defined":true)",
        R"("chunk_grid":[4,1],"chunk_count":4,"overhang":[20,0],"elements":6400,"size":25600,)",
        R"("allocated_chunks":3,"stored":12800,"ratio":2.0,"problems":[)"}) {
    EXPECT_PRED2(contains, json, part);
  }
}

TEST_F(Describe, WithoutStorage) {
  const std::string text = dataset({3}, [](DatasetInfo&) {});
  EXPECT_EQ(told(text, "stored"), "(none)");
  EXPECT_EQ(told(text, "max shape"), "(none)");
  EXPECT_EQ(told(text, "coords"), "none");
  EXPECT_EQ(told(text, "attributes"), "none");
  EXPECT_EQ(told(text, "size"), "12 B");
  EXPECT_FALSE(contains(json, "\"stored\""));
}

TEST_F(Describe, NothingStoredHasNoRatio) {
  const std::string text = dataset(
      {3}, [](DatasetInfo&) {}, StorageSummary{});
  EXPECT_EQ(told(text, "stored"), "0 B");
  EXPECT_EQ(told(text, "ratio"), "(none)");
  EXPECT_PRED2(contains, json, "\"ratio\":null");
}

TEST_F(Describe, FillValues) {
  EXPECT_EQ(fill({TypeClass::floating, 4}, bytes_of(1e20F)), "1e+20");
  EXPECT_PRED2(contains, json, "\"fill_value\":1.0000000200408773e+20");
  EXPECT_EQ(fill({TypeClass::floating, 8}, bytes_of(0.1)), "0.1");
  EXPECT_EQ(fill({TypeClass::floating, 4}, bytes_of(1.0F)), "1.0");
  EXPECT_EQ(fill({TypeClass::floating, 8, true}, bytes_of(-2.5, true)), "-2.5");
  EXPECT_EQ(fill({TypeClass::floating, 4}, bytes_of(std::numeric_limits<float>::quiet_NaN())), "nan");
  EXPECT_EQ(fill({TypeClass::floating, 2}, bytes_of(std::uint16_t{0xC100})), "-2.5");
  EXPECT_EQ(fill({TypeClass::floating, 2}, bytes_of(std::uint16_t{0x0001})), "5.960464477539063e-08");
  EXPECT_EQ(fill({TypeClass::floating, 2}, bytes_of(std::uint16_t{0xFC00})), "-inf");
  EXPECT_EQ(fill({TypeClass::integer, 1}, bytes_of(std::int8_t{-128})), "-128");
  EXPECT_EQ(fill({TypeClass::integer, 2, true}, bytes_of(std::int16_t{-32767}, true)), "-32767");
  EXPECT_EQ(fill({TypeClass::integer, 4}, bytes_of(std::int32_t{-7})), "-7");
  EXPECT_EQ(fill({TypeClass::integer, 8}, bytes_of(std::int64_t{-1} << 62)), "-4611686018427387904");
  EXPECT_EQ(fill({TypeClass::uinteger, 1}, bytes_of(std::uint8_t{200})), "200");
  EXPECT_EQ(fill({TypeClass::uinteger, 8}, bytes_of(~std::uint64_t{0})), "18446744073709551615");
  EXPECT_EQ(fill({TypeClass::boolean, 1}, bytes_of(std::uint8_t{1})), "true");
  EXPECT_EQ(fill({TypeClass::floating, 4}, {}), "0 (default)");
  EXPECT_EQ(fill({TypeClass::string, 4}, {}), "(none)");
  const std::string undefined = dataset({1}, [](DatasetInfo& info) { info.fill_defined = false; });
  EXPECT_EQ(told(undefined, "fill value"), "undefined: what was never written reads as zeros");
  EXPECT_PRED2(contains, json, "\"fill_value\":null,\"fill_defined\":false");
}

TEST_F(Describe, Types) {
  const auto type = [&](const DType& dtype) {
    return told(dataset({1}, [&](DatasetInfo& info) { info.dtype = dtype; }), "dtype");
  };
  EXPECT_EQ(type({TypeClass::uinteger, 1}), "uint8");
  EXPECT_EQ(type({TypeClass::integer, 2, true, true, true, "enum {A, B}"}), "int16, big-endian, enum {A, B}");
  EXPECT_EQ(type({TypeClass::integer, 4, false, false, false, "12 of 32 bits used"}), "int32, 12 of 32 bits used");
  EXPECT_EQ(type({TypeClass::compound, 12, false, true, false, "{a: int32}"}), "compound, 12 bytes, {a: int32}");
}

TEST_F(Describe, ShapesThatDoNotFit) {
  constexpr std::int64_t huge = std::int64_t{1} << 40;
  const std::string text = dataset({huge, huge}, [](DatasetInfo& info) {
    info.layout = Layout::chunked;
    info.chunk = {1, 1};
  });
  EXPECT_EQ(told(text, "elements"), "more than 63 bits can count");
  EXPECT_EQ(told(text, "size"), "more bytes than 63 bits can count");
  EXPECT_EQ(told(text, "chunk grid"), "(none)");
  EXPECT_NE(told(text, "problems"), "(none)");
  EXPECT_PRED2(contains, json, "\"elements\":null,\"size\":null");
  const std::string bytes = dataset({std::int64_t{1} << 62}, [](DatasetInfo&) {});
  EXPECT_EQ(told(bytes, "elements"), "4611686018427387904");
  EXPECT_EQ(told(bytes, "size"), "more bytes than 63 bits can count");
}

TEST_F(Describe, NullAndScalar) {
  EXPECT_EQ(told(dataset({}, [](DatasetInfo& info) { info.null = true; }), "shape"), "null: no elements");
  EXPECT_PRED2(contains, json, "\"shape\":null");
  EXPECT_PRED2(contains, json, "\"elements\":0");
  EXPECT_EQ(told(dataset({}, [](DatasetInfo&) {}), "shape"), "scalar");
  EXPECT_PRED2(contains, json, "\"elements\":1");
}

TEST_F(Describe, ZeroSizeChunks) {
  const std::string text = dataset({0, 5}, [](DatasetInfo& info) {
    info.layout = Layout::chunked;
    info.chunk = {2, 5};
  });
  EXPECT_EQ(told(text, "chunk grid"), "(0, 1): 0 chunks");
  EXPECT_EQ(told(text, "overhang"), "none");
}

TEST_F(Describe, WrongLabelsAreAProblem) {
  const std::string text = dataset({2}, [](DatasetInfo& info) { info.attributes = {{"dims", test::text("x")}}; });
  EXPECT_EQ(told(text, "shape"), "(dim_0: 2)");
  EXPECT_PRED2(contains, told(text, "problems"), "bare string");
}

TEST_F(Describe, LongAndHostileAttributes) {
  const std::string text = dataset({2}, [](DatasetInfo& info) {
    info.attributes = {{"a\x1b", test::text("b\x1b\n")},
                       {"long", test::text(std::string(5000, 'x'))},
                       {"many", integers(std::vector<std::int64_t>(40, 7))}};
  });
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_LT(text.size(), 2000u);
  EXPECT_PRED2(contains, text, "... (24 more)");
  EXPECT_PRED2(contains, json, std::string(5000, 'x'));
}

TEST_F(Describe, GroupsAndLinks) {
  Group& group = add_group(root, "g", {{"kind", text("mobile")}});
  add_group(group, "inner");
  add_dataset(group, "a", {1});
  add_dataset(group, "b", {1});
  group.add(std::make_unique<Link>("l", LinkInfo{LinkKind::soft, "", "/gone", true}));
  EXPECT_EQ(describe_group(group),
            "Group '/g' of 'f.h5'\n"
            "  members     1 group, 2 datasets, 1 link\n"
            "  attributes\n"
            "    kind      \"mobile\"\n");
  EXPECT_EQ(packed(describe_group_json(group)),
            R"({"file":"f.h5","path":"/g","kind":"group","members":["inner","a","b","l"],"attributes":{"kind":"mobile"}})");
  EXPECT_EQ(describe_group(*dynamic_cast<const Group*>(group.member("inner"))),
            "Group '/g/inner' of 'f.h5'\n"
            "  members     none\n"
            "  attributes  none\n");
  Tree tree;
  const auto& link = dynamic_cast<const Link&>(*group.member("l"));
  EXPECT_EQ(describe_link(tree, file, link),
            "Link '/g/l' of 'f.h5'\n"
            "  kind    soft\n"
            "  target  /gone\n"
            "  state   dangling: nothing is there\n");
  EXPECT_EQ(packed(describe_link_json(tree, file, link)),
            R"({"file":"f.h5","path":"/g/l","kind":"link","link":"soft","target":"/gone","dangling":true})");
}

}  // namespace
