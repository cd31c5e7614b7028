// Arrays made by functions and reductions of a program's own: dims, types, coords, and their values by the reference.
#include "xylem/array/custom.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "xylem/array/node.hpp"
#include "xylem/kernels/custom.hpp"

#include "array/fixture.hpp"

using namespace xylem;
using test::Memory;

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

Coordinate labels(const std::string& dim, std::vector<std::int64_t> values) {
  return {dim, {dim}, std::make_shared<const LabelValues>(std::move(values))};
}

std::vector<double> reals(const ReferenceArray& array) {
  std::vector<double> result;
  for (const Number& value : array.values) result.push_back(std::get<double>(value));
  return result;
}

// How many there are, and the sum of the products.
struct Products {
  struct State {
    double sum = 0;
    int count = 0;
  };
  State identity() const { return {}; }
  void update(State& state, double x, double y) const {
    state.sum += x * y;
    ++state.count;
  }
  void combine(State& state, const State& other) const {
    state.sum += other.sum;
    state.count += other.count;
  }
  double finalize(const State& state) const { return state.sum + 1000 * state.count; }
};

class CustomArrays : public testing::Test {
 protected:
  CustomArrays() {
    t_ = memory_.add("t", ElementType::float64, {{"time", 2}, {"x", 3}}, {1.0, 2.0, kNan, 4.0, 5.0, 6.0},
                     {labels("time", {10, 20}), labels("x", {1, 2, 3})}, {{"units", {.data = std::vector<std::string>{"K"}}}});
    w_ = memory_.add("w", ElementType::int16, {{"x", 3}}, {std::int64_t{1}, std::int64_t{2}, std::int64_t{3}},
                     {labels("x", {1, 2, 3})});
  }
  Memory memory_;
  std::optional<Array> t_;
  std::optional<Array> w_;
};

TEST_F(CustomArrays, FunctionsAreElementwise) {
  const auto function = custom_function("line", [](double a, float b) { return a * 2 + static_cast<double>(b); });
  const Array made = apply(function, {*t_, *w_});
  EXPECT_EQ(summary(made), "float64 (time: 2, x: 3)");
  EXPECT_EQ(made.coords().size(), 2u);
  EXPECT_TRUE(made.attributes().empty());
  const std::vector<double> values = reals(memory_.evaluate(made));
  EXPECT_EQ(values[0], 3);
  EXPECT_EQ(values[1], 6);
  EXPECT_TRUE(std::isnan(values[2]));
  EXPECT_EQ(values[5], 15);
  EXPECT_EQ(reals(memory_.evaluate(apply(function, {*w_, 0.5}))), (std::vector{2.5, 4.5, 6.5}));
}

TEST_F(CustomArrays, FunctionsHaveOneTypeAndTakeWhatConverts) {
  const auto truth = custom_function("both", [](std::int32_t a, std::uint8_t b) { return a > b; });
  EXPECT_EQ(apply(truth, {*w_, 2}).dtype(), ElementType::boolean);
  EXPECT_EQ(memory_.evaluate(apply(truth, {*w_, 2})).values[2], Number(std::uint64_t{1}));
  EXPECT_THROW((void)apply(truth, {*w_, 300}), UsageError);
  EXPECT_THROW((void)apply(truth, {*w_, 2.0}), UsageError);
  EXPECT_THROW((void)apply(truth, {*w_, *w_}), UsageError);
  EXPECT_THROW((void)apply(truth, {*t_, 2}), UsageError);
}

TEST_F(CustomArrays, ReductionsHaveDimsAndCoords) {
  const auto products = custom_reduction("products", Products{});
  const Array rows = reduce(products, {*t_, *w_}, "x");
  EXPECT_EQ(summary(rows), "float64 (time: 2)");
  ASSERT_EQ(rows.coords().size(), 1u);
  EXPECT_EQ(rows.coords()[0].name, "time");
  EXPECT_TRUE(rows.attributes().empty());
  EXPECT_EQ(reals(memory_.evaluate(rows)), (std::vector{2005.0, 3032.0}));
  EXPECT_EQ(summary(reduce(products, {*t_, *w_}, "time", {.keepdims = true})), "float64 (time: 1, x: 3)");
  EXPECT_EQ(reals(memory_.evaluate(reduce(products, {*t_, *w_}))), (std::vector{5037.0}));
  EXPECT_EQ(summary(reduce(products, {*t_, 1})), "float64 ()");
}

TEST_F(CustomArrays, ReductionsSeeMissingElementsWhereTheyAreTold) {
  const auto products = custom_reduction("products", Products{});
  EXPECT_TRUE(std::isnan(reals(memory_.evaluate(reduce(products, {*t_, *w_}, {}, {.skipna = false})))[0]));
  const Array nothing = t_->isel("x", Slice{0, 0});
  EXPECT_EQ(reals(memory_.evaluate(reduce(products, {nothing, 1}, "x"))), (std::vector{0.0, 0.0}));
}

TEST_F(CustomArrays, ReductionsRefuseWhatTheyDoNotTake) {
  const auto products = custom_reduction("products", Products{});
  EXPECT_THROW((void)reduce(products, {*t_}), UsageError);
  EXPECT_THROW((void)reduce(products, {1, 2}), UsageError);
  EXPECT_THROW((void)reduce(products, {*t_, *w_}, "y"), UsageError);
  EXPECT_THROW((void)reduce(products, {*t_, *w_}, {"x", "x"}), UsageError);
  EXPECT_THROW((void)reduce(products, {*t_, *w_}, {}, {.ddof = 1}), UsageError);
}

}  // namespace
