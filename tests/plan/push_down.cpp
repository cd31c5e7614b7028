// Arrays with their selections pushed down have the same elements, and the same again when they are pushed anew.
#include "detail/push_down.hpp"

#include <cmath>

#include "xylem/array/reference.hpp"

#include "plan/plans.hpp"

namespace xylem::test {
namespace {

// Small whole numbers that differ between places.
std::vector<Number> made_up(const SourceNode& node) {
  std::vector<Number> values;
  const std::int64_t seed = static_cast<std::int64_t>(node.info->ref.path.back());
  for (std::int64_t i = 0; i < *num_elements(node.info->shape); ++i) {
    values.emplace_back(i % 11 == 5 ? std::nan("") : static_cast<double>((i * 37 + seed * 7) % 101));
  }
  return values;
}

bool same(const Number& a, const Number& b) {
  if (a.index() != b.index()) return false;
  const auto* real = std::get_if<double>(&a);
  return a == b || (real != nullptr && std::isnan(*real) && std::isnan(std::get<double>(b)));
}

class PushedArrays : public ::testing::TestWithParam<unsigned> {};

TEST_P(PushedArrays, HaveTheSameElements) {
  RandomExpressions random(GetParam() + 5000);
  for (int i = 0; i < 25; ++i) {
    Array array = random.reduced(random.plain(2));
    if (random.chance(50)) array = random.reduced(random.joined(random.plain(1), array));
    for (std::int64_t more = random.upto(1, 5); more > 0; --more) {
      array = random.chance(50) ? random.reshaped(array) : random.selected(array);
    }
    if (*num_elements(array.shape()) > 3000) continue;
    const Array pushed = detail::push_selections(array);
    EXPECT_EQ(pushed.dims(), array.dims());
    EXPECT_EQ(pushed.dtype(), array.dtype());
    const ReferenceArray expected = evaluate_reference(array, made_up), found = evaluate_reference(pushed, made_up);
    EXPECT_TRUE(std::ranges::equal(found.values, expected.values, same)) << "seed " << GetParam() << " case " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, PushedArrays, ::testing::Range(1U, 21U));

}  // namespace
}  // namespace xylem::test
