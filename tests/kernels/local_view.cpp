#include "xylem/kernels/local_view.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

using namespace xylem;

namespace {

template <class T>
LocalArray numbered(ElementType type, Shape shape, Box place) {
  LocalArray array(type, std::move(shape), std::move(place));
  const std::span<std::byte> bytes = array.bytes();
  std::iota(reinterpret_cast<T*>(bytes.data()), reinterpret_cast<T*>(bytes.data() + bytes.size()), T{0});
  return array;
}

TEST(LocalView, IsTheArraysMemory) {
  const LocalArray array = numbered<float>(ElementType::float32, {10, 3}, {{4, 0}, {2, 3}});
  const auto view = local_view<const float**>(array);
  EXPECT_EQ(view.extent(0), 2u);
  EXPECT_EQ(view.extent(1), 3u);
  EXPECT_EQ(view.data(), array.elements<float>().data());
  EXPECT_EQ(view(1, 2), 5.0F);
  double sum = 0;
  using Host = Kokkos::DefaultHostExecutionSpace;
  Kokkos::parallel_reduce(
      Kokkos::RangePolicy<Host>(0, 6), [=](const int i, double& into) { into += view(i / 3, i % 3); }, sum);
  EXPECT_EQ(sum, 15);
}

TEST(LocalView, TakesEveryType) {
  EXPECT_EQ(local_view<const std::uint8_t*>(numbered<std::uint8_t>(ElementType::boolean, {2}, {{0}, {2}}))(1), 1);
  EXPECT_EQ(local_view<const std::uint16_t*>(numbered<std::uint16_t>(ElementType::float16, {2}, {{0}, {2}}))(1), 1);
  EXPECT_EQ(local_view<const std::int64_t*>(numbered<std::int64_t>(ElementType::int64, {2}, {{0}, {2}}))(1), 1);
  EXPECT_EQ(local_view<const double>(numbered<double>(ElementType::float64, {}, {}))(), 0);
  EXPECT_EQ(local_view<const double**>(numbered<double>(ElementType::float64, {0, 4}, {{0, 0}, {0, 4}})).extent(0), 0u);
}

TEST(LocalView, RefusesOtherTypesAndDims) {
  const LocalArray array = numbered<std::int32_t>(ElementType::int32, {4}, {{0}, {4}});
  EXPECT_THROW((void)local_view<const float*>(array), UsageError);
  EXPECT_THROW((void)local_view<const std::uint32_t*>(array), UsageError);
  EXPECT_THROW((void)local_view<const std::int64_t*>(array), UsageError);
  EXPECT_THROW((void)local_view<const std::int32_t**>(array), UsageError);
  EXPECT_THROW((void)local_view<const float*>(numbered<std::uint16_t>(ElementType::float16, {2}, {{0}, {2}})), UsageError);
}

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  const Kokkos::ScopeGuard kokkos(argc, argv);
  return RUN_ALL_TESTS();
}
