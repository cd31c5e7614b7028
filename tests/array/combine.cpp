// Groups and parameter sweeps as one array; what dantro itself makes of a sweep is in sweep.txt
// (tests/dantro/make_sweep_golden.py).
#include "xylem/array/combine.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <sstream>

#include "fixture.hpp"
#include "tree/in_memory.hpp"

using namespace xylem;
using test::Memory;
using test::message_of;

namespace {

// A group whose members have datasets, and their values as arrays in memory.
class Members : public testing::Test {
 protected:
  Container& add(const std::string& member, const std::vector<std::int64_t>& values, Attributes attributes = {},
                 std::vector<std::int64_t> x = {}) {
    Group& group = test::add_group(*file_.root, member, std::move(attributes));
    Container& container = test::add_dataset(group, "t", {std::ssize(values)});
    if (x.empty()) {
      for (std::size_t i = 0; i < values.size(); ++i) x.push_back(static_cast<std::int64_t>(i));
    }
    memory_.add(container.path(), ElementType::int64, {{"x", std::ssize(values)}}, {values.begin(), values.end()},
                {test::known("x", x)});
    return container;
  }

  std::function<Array(const Container&)> array_of() {
    return [this](const Container& container) { return *memory_.names().find(container.path()); };
  }

  std::vector<double> values(const Array& array) {
    std::vector<double> result;
    for (const Number& number : memory_.evaluate(array).values) {
      result.push_back(std::visit([](auto value) { return static_cast<double>(value); }, number));
    }
    return result;
  }

  FileTree file_ = test::make_file();
  Memory memory_;
};

LabelValues labels_of(const Array& array, const std::string& dim) { return *array.find_coord(dim)->values; }

void expect_equal(const std::vector<double>& found, const std::vector<double>& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_TRUE(found[i] == expected[i] || (std::isnan(found[i]) && std::isnan(expected[i]))) << i << ": " << found[i];
  }
}

}  // namespace

TEST_F(Members, LabelsComeFromNames) {
  add("3", {1, 2});
  add("7", {3, 4});
  add("5", {5, 6});
  GroupCombineOptions options{"t", {.dim = "time"}};
  const Array all = combine_group(*file_.root, options, array_of());
  EXPECT_EQ(summary(all), "int64 (time: 3, x: 2)");
  EXPECT_EQ(labels_of(all, "time"), LabelValues(std::vector<std::int64_t>{3, 7, 5}));
  expect_equal(values(all), {1, 2, 3, 4, 5, 6});
  expect_equal(values(all.sel({{"time", Labelled(Label(std::int64_t{7}))}, {"x", Labelled(Label(std::int64_t{1}))}})), {4});
  options.combine.method = CombineMethod::merge;
  options.combine.all_labels = LabelValues(std::vector<std::int64_t>{3, 4, 5, 6, 7});
  const double nan = std::nan("");
  const Array merged = combine_group(*file_.root, options, array_of());
  EXPECT_EQ(merged.dtype(), ElementType::float64);
  expect_equal(values(merged), {1, 2, nan, nan, 5, 6, nan, nan, 3, 4});
  options.combine.all_labels = LabelValues(std::vector<std::int64_t>{3, 4});
  EXPECT_NE(message_of([&] { return combine_group(*file_.root, options, array_of()); }).find("2, has not"), std::string::npos);
}

TEST_F(Members, NamesAreIntegersElseFloatsElseText) {
  EXPECT_EQ(labels_of_names({"003", "+4", "-5"}), LabelValues(std::vector<std::int64_t>{3, 4, -5}));
  EXPECT_EQ(labels_of_names({"3", "4.5"}), LabelValues(std::vector<double>{3, 4.5}));
  EXPECT_EQ(labels_of_names({"3", "b"}), LabelValues(std::vector<std::string>{"3", "b"}));
  EXPECT_EQ(labels_of_names({"a12b", "a9"}, "[0-9]+"), LabelValues(std::vector<std::int64_t>{12, 9}));
  EXPECT_EQ(labels_of_names({"99999999999999999999"}), LabelValues(std::vector<double>{1e20}));
  EXPECT_EQ(labels_of_names({"", "1"}), LabelValues(std::vector<std::string>{"", "1"}));
}

TEST_F(Members, LabelsComeFromAttributes) {
  add("a", {1, 2}, {{"level", test::scalar(test::reals({0.5}))}});
  add("b", {3, 4}, {{"level", test::integers({2})}});
  GroupCombineOptions options;  // GCC 16 takes a part of it for uninitialized where it is an aggregate's initializer
  options.field = "t";
  options.combine.dim = "level";
  options.labels_from = LabelSource::parse("attr:level");
  EXPECT_EQ(labels_of(combine_group(*file_.root, options, array_of()), "level"), LabelValues(std::vector<double>{0.5, 2}));
  add("c", {5, 6}, {{"level", test::integers({2, 3})}});
  EXPECT_NE(message_of([&] { return combine_group(*file_.root, options, array_of()); }).find("[2, 3]"), std::string::npos);
}

TEST_F(Members, AMemberWithoutTheFieldIsNamed) {
  add("1", {1, 2});
  test::add_group(*file_.root, "2");
  GroupCombineOptions options{"t", {.dim = "time"}};
  EXPECT_NE(message_of([&] { return combine_group(*file_.root, options, array_of()); }).find("'/2'"), std::string::npos);
  options.combine.method = CombineMethod::merge;
  std::vector<std::string> notes;
  EXPECT_EQ(summary(combine_group(*file_.root, options, array_of(), &notes)), "int64 (time: 1, x: 2)");
  EXPECT_EQ(notes.size(), 1u);
}

TEST_F(Members, JoinsAreThoseOfSets) {
  add("0", {1, 2, 3}, {}, {4, 2, 8});
  add("1", {5, 6, 7}, {}, {8, 5, 4});
  GroupCombineOptions options{"t", {.dim = "time", .join = Join::inner}};
  const Array inner = combine_group(*file_.root, options, array_of());
  EXPECT_EQ(labels_of(inner, "x"), LabelValues(std::vector<std::int64_t>{4, 8}));
  expect_equal(values(inner), {1, 3, 7, 5});
  options.combine.join = Join::outer;
  const Array outer = combine_group(*file_.root, options, array_of());
  const double nan = std::nan("");
  EXPECT_EQ(labels_of(outer, "x"), LabelValues(std::vector<std::int64_t>{2, 4, 5, 8}));
  expect_equal(values(outer), {2, 1, nan, 3, nan, 7, 6, 5});
  options.combine.join = Join::exact;
  const std::string message = message_of([&] { return combine_group(*file_.root, options, array_of()); });
  EXPECT_NE(message.find("index 0: 4 in dataset '/0/t' of 'f.h5' and 8 in dataset '/1/t' of 'f.h5'"), std::string::npos)
      << message;
}

// As dantro has it.
TEST_F(Members, ASweepIsWhatDantroMakesOfIt) {
  std::ifstream golden(ARRAY_TEST_FOLDER "/sweep.txt");
  ParameterSpace space;
  std::vector<std::vector<std::int64_t>> states;
  std::set<std::int64_t> missing;
  int checked = 0;
  std::string method;
  for (std::string line; std::getline(golden, line);) {
    std::istringstream words(line);
    std::string kind, name;
    words >> kind;
    if (kind == "dim") {
      words >> name;
      std::vector<double> numbers;
      for (double number = 0; words >> number;) numbers.push_back(number);
      space.dims.push_back({name, numbers});
    } else if (kind == "state") {
      states.emplace_back();
      for (std::int64_t number = 0; words >> number;) states.back().push_back(number);
    } else if (kind == "missing") {
      for (std::int64_t number = 0; words >> number;) missing.insert(number);
    } else if (kind == "concat" || kind == "merge") {
      method = kind;
    } else if (kind == "values") {
      std::vector<double> expected;
      for (std::string word; words >> word;) expected.push_back(word == "nan" ? std::nan("") : std::stod(word));
      file_ = test::make_file();
      memory_ = {};
      for (const auto& state : states) {
        if (!missing.contains(state[0]))
          add((state[0] < 10 ? "0" : "") + std::to_string(state[0]), {state.begin() + 1, state.end()});
      }
      const StateCombineOptions options{"t", method == "merge" ? CombineMethod::merge : CombineMethod::concat};
      const Array all = combine_states(*file_.root, space, options, array_of());
      EXPECT_EQ(summary(all), method == "merge" ? "float64 (a: 3, b: 2, x: 3)" : "int64 (a: 3, b: 2, x: 3)");
      EXPECT_EQ(labels_of(all, "a"), LabelValues(std::vector<double>{1, 2, 5}));
      expect_equal(values(all), expected);
      ++checked;
    }
  }
  EXPECT_EQ(checked, 2);
  // States 5 and 10 are missing here.
  StateCombineOptions options{"t"};
  EXPECT_NE(message_of([&] { return combine_states(*file_.root, space, options, array_of()); }).find("state 5"),
            std::string::npos);
  options.subspace = {{"a", {1, 0}}, {"b", {0}}};
  const Array part = combine_states(*file_.root, space, options, array_of());
  EXPECT_EQ(labels_of(part, "a"), LabelValues(std::vector<double>{2, 1}));
  expect_equal(values(part), {70, 71, 72, 40, 41, 42});
  options.subspace = {{"c", {0}}};
  EXPECT_NE(message_of([&] { return combine_states(*file_.root, space, options, array_of()); }).find("'c'"), std::string::npos);
  options.subspace = {{"a", {3}}};
  EXPECT_NE(message_of([&] { return combine_states(*file_.root, space, options, array_of()); }).find("position 3"),
            std::string::npos);
  EXPECT_NE(message_of([&] { return combine_states(*file_.root, {}, {}, array_of()); }).find("without dims"), std::string::npos);
}
