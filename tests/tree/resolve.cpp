#include "xylem/tree/resolve.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>

#include "xylem/support/error.hpp"
#include "xylem/support/memory.hpp"
#include "xylem/tree/data_manager.hpp"
#include "xylem/tree/labels.hpp"

#include "mpi_world.hpp"
#include "storage/files.hpp"
#include "tree/in_memory.hpp"

using namespace xylem;
using test::world;

namespace {

template <class E, class F>
std::string message_of(F&& f) {
  try {
    f();
  } catch (const E& error) {
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return {};
}

TEST(Partition, DealsEveryChunkToOneRank) {
  std::mt19937 random(1);
  const auto pick = [&](std::int64_t low, std::int64_t high) { return std::uniform_int_distribution(low, high)(random); };
  for (int trial = 0; trial < 2000; ++trial) {
    const auto ndim = static_cast<std::size_t>(pick(1, 4));
    Shape shape, chunk;
    for (std::size_t d = 0; d < ndim; ++d) {
      shape.push_back(pick(0, 9));
      chunk.push_back(pick(1, 5));
    }
    if (trial % 5 == 0) chunk.clear();
    const int ranks = static_cast<int>(pick(1, 12));
    std::vector<int> seen(static_cast<std::size_t>(*num_elements(shape)), 0);
    std::vector<std::int64_t> sizes;
    for (int rank = 0; rank < ranks; ++rank) {
      const Box box = partition(shape, chunk, rank, ranks);
      for (std::size_t d = 0; d < ndim; ++d) {
        ASSERT_GE(box.start[d], 0);
        ASSERT_GE(box.count[d], 0);
        ASSERT_LE(box.start[d] + box.count[d], shape[d]);
        const std::int64_t tile = chunk.empty() ? 1 : chunk[d], end = box.start[d] + box.count[d];
        EXPECT_TRUE(box.start[d] % tile == 0 || box.start[d] == shape[d]);
        EXPECT_TRUE(end % tile == 0 || end == shape[d]);
      }
      for (std::size_t i = 0; i < seen.size(); ++i) {
        std::size_t rest = i;
        bool inside = true;
        for (std::size_t d = ndim; d-- > 0;) {
          const auto extent = static_cast<std::size_t>(shape[d]);
          const auto index = static_cast<std::int64_t>(rest % extent);
          rest /= extent;
          inside = inside && index >= box.start[d] && index < box.start[d] + box.count[d];
        }
        seen[i] += inside ? 1 : 0;
      }
    }
    EXPECT_TRUE(std::ranges::all_of(seen, [](int count) { return count == 1; })) << format_shape(shape) << format_shape(chunk);
  }
}

TEST(Partition, KeepsHugeShapesInBounds) {
  const std::int64_t huge = std::numeric_limits<std::int64_t>::max() / 2;
  std::int64_t end = 0;
  for (int rank = 0; rank < 5; ++rank) {
    const Box box = partition({huge}, {huge / 3}, rank, 5);
    EXPECT_EQ(box.start[0], std::min(end, huge));
    end = box.start[0] + box.count[0];
  }
  EXPECT_EQ(end, huge);
}

class Resolve : public testing::Test {
 protected:
  void SetUp() override {
    path_ = world().broadcast(folder_.file(""), 0);
    if (world().rank() == 0) {
      const h5::File file = test::create_file(path_ + "f.h5");
      test::create_dataset(file.get(), "x", {6, 5});
      test::create_dataset(file.get(), "empty", {0, 5});
      const h5::Dataspace scalar(H5Screate(H5S_SCALAR));
      const h5::Datatype pair(H5Tcreate(H5T_COMPOUND, 4));
      H5Tinsert(pair.get(), "a", 0, H5T_STD_I32LE);
      (void)h5::Dataset(H5Dcreate2(file.get(), "pair", pair.get(), scalar.get(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
      const h5::Datatype text(H5Tcopy(H5T_C_S1));
      H5Tset_size(text.get(), 3);
      const hsize_t count = 2;
      const h5::Dataspace two(H5Screate_simple(1, &count, nullptr));
      const h5::Dataset names(H5Dcreate2(file.get(), "names", text.get(), two.get(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
      H5Dwrite(names.get(), text.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, "ab\0cde");
    }
    world().agree([] {});
    manager_.emplace(world(), path_);
    manager_->load("d", {.loader = "hdf5_proxy", .glob_str = "f.h5"});
  }
  void TearDown() override {
    world().agree([] {});
  }

  test::TemporaryFolder folder_;
  std::string path_;
  std::optional<DataManager> manager_;
};

TEST_F(Resolve, AnswersTheSameBeforeAndAfter) {
  Container& x = manager_->container("d/x");
  const Shape shape = x.shape();
  const DType dtype = x.dtype();
  const std::vector<std::string> dims = labels(x).dims;
  EXPECT_TRUE(x.is_proxy());
  EXPECT_NE(manager_->tree().find("proxy (hdf5), float64, (dim_0: 6, dim_1: 5)"), std::string::npos) << manager_->tree();
  EXPECT_NE(message_of<UsageError>([&] { (void)x.data(); }).find("resolve it first"), std::string::npos);
  resolve(world(), x, {.retain = true});
  EXPECT_FALSE(x.is_proxy());
  EXPECT_FALSE(x.is_chunked());
  EXPECT_EQ(x.shape(), shape);
  EXPECT_EQ(x.dtype(), dtype);
  EXPECT_EQ(x.ndim(), 2u);
  EXPECT_EQ(labels(x).dims, dims);
  EXPECT_NE(manager_->tree().find("x      <Container, float64, (dim_0: 6, dim_1: 5)"), std::string::npos) << manager_->tree();
  std::int64_t count = x.data().place().size();
  world().all_reduce_sum({&count, 1});
  EXPECT_EQ(count, 30);
  const auto elements = x.data().elements<double>();
  for (std::size_t i = 0; i < elements.size(); ++i) {
    EXPECT_EQ(elements[i],
              static_cast<double>(i) + static_cast<double>(x.data().place().start[0] * 5 + x.data().place().start[1]));
    if (x.data().place().count[1] != 5) break;
  }
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(elements.data()) % 64, 0u);
  EXPECT_THROW((void)x.data().elements<float>(), UsageError);
  resolve(world(), x, {.as = ResolveAs::chunked});  // it is resolved already
  EXPECT_FALSE(x.is_chunked());

  x.reinstate();
  EXPECT_TRUE(x.is_proxy());
  EXPECT_EQ(x.shape(), shape);
  EXPECT_EQ(x.dtype(), dtype);
  EXPECT_NE(manager_->tree().find("proxy (hdf5), float64, (dim_0: 6, dim_1: 5)"), std::string::npos);
  resolve(world(), x, {.placement = Placement::replicated, .dtype = ElementType::int16});
  EXPECT_EQ(x.dtype().name(), "int16");
  EXPECT_NE(manager_->tree().find("<Container, int16, (dim_0: 6"), std::string::npos) << manager_->tree();
  ASSERT_TRUE(x.data().is_whole());
  std::vector<std::int16_t> all(30);
  std::iota(all.begin(), all.end(), std::int16_t{0});
  EXPECT_TRUE(std::ranges::equal(x.data().elements<std::int16_t>(), all));
}

TEST_F(Resolve, ReinstatesOnlyWhatWasRetained) {
  Container& x = manager_->container("d/x");
  EXPECT_NO_THROW(x.reinstate());  // it is a proxy still
  resolve(world(), x);
  EXPECT_FALSE(x.retains_proxy());
  EXPECT_NE(message_of<UsageError>([&] { x.reinstate(); }).find("none was retained"), std::string::npos);
  for (const auto action : {ReinstateFailAction::warn, ReinstateFailAction::log_warning, ReinstateFailAction::log_debug}) {
    testing::internal::CaptureStderr();
    x.reinstate(action);
    const std::string text = testing::internal::GetCapturedStderr();
    const bool heard = action != ReinstateFailAction::log_debug && world().rank() == 0;
    EXPECT_EQ(text.find("none was retained") != std::string::npos, heard) << text;
    EXPECT_FALSE(x.is_proxy());
  }
}

TEST_F(Resolve, AsChunkedHoldsNothing) {
  DataManager data(world(), path_);
  data.load("d", {.loader = "hdf5_as_dask", .glob_str = "f.h5"});
  Container& x = data.container("d/x");
  EXPECT_NE(data.tree().find("proxy (hdf5, chunked), float64"), std::string::npos) << data.tree();
  resolve(world(), x, {.retain = true});
  EXPECT_TRUE(x.is_chunked());
  EXPECT_EQ(data.tree().find("x      <Container, proxy"), std::string::npos) << data.tree();
  EXPECT_NE(message_of<UsageError>([&] { (void)x.data(); }).find("lazy()"), std::string::npos);
  x.reinstate();
  resolve(world(), x, {.dtype = ElementType::float32});  // a type means data, as in dantro
  EXPECT_FALSE(x.is_chunked());
  EXPECT_EQ(x.dtype().name(), "float32");
}

TEST_F(Resolve, StringsAreOnEveryRank) {
  Container& names = manager_->container("d/names");
  EXPECT_THROW((void)names.texts(), UsageError);
  EXPECT_THROW(resolve(world(), names, {.dtype = ElementType::int8}), UsageError);
  resolve(world(), names, {.retain = true});
  EXPECT_EQ(names.texts(), (std::vector<std::string>{"ab", "cde"}));
  EXPECT_EQ(names.dtype().name(), "string");
  EXPECT_THROW((void)names.data(), UsageError);
  EXPECT_FALSE(names.is_chunked());
  names.reinstate();
  EXPECT_TRUE(names.is_proxy());
}

TEST_F(Resolve, RefusesWhatHasNoNumbers) {
  const std::vector<Container*> both{&manager_->container("d/x"), &manager_->container("d/pair")};
  EXPECT_NE(message_of<UsageError>([&] { resolve(world(), both); }).find("of type compound"), std::string::npos);
  EXPECT_TRUE(both[0]->is_proxy());
  EXPECT_THROW(resolve(world(), *both[0], {.as = ResolveAs::chunked, .dtype = ElementType::int8}), UsageError);
  Container& empty = manager_->container("d/empty");
  resolve(world(), empty, {.placement = Placement::replicated});
  EXPECT_EQ(empty.data().bytes().size(), 0u);
}

TEST_F(Resolve, RefusesWhatDoesNotFit) {
  Group root("/", {});
  Container& big = test::add_dataset(root, "big", {std::int64_t{1} << 40, 16});
  const std::string message = message_of<ResourceError>([&] { resolve(world(), big); });
  EXPECT_NE(message.find("share of the node's memory"), std::string::npos) << message;
  Container& bigger = test::add_dataset(root, "bigger", {std::int64_t{1} << 40, std::int64_t{1} << 40});
  EXPECT_THROW(resolve(world(), bigger, {.placement = Placement::replicated}), ResourceError);
  EXPECT_TRUE(big.is_proxy());
}

TEST_F(Resolve, ARankThatCannotReadEndsAll) {
  Container& x = manager_->container("d/x");
  world().agree([] {});
  if (world().rank() == 0) std::filesystem::resize_file(path_ + "f.h5", 100);
  world().agree([] {});
  EXPECT_THROW(resolve(world(), x), Error);
  EXPECT_TRUE(x.is_proxy());
}

#ifndef __SANITIZE_ADDRESS__  // which keeps what is freed for a while
TEST_F(Resolve, MemoryIsFreedOnDiscard) {
  constexpr std::int64_t mebibyte = 1 << 20;
  if (world().rank() == 0) {
    const h5::File file = test::create_file(path_ + "large.h5");
    test::create_dataset(file.get(), "x", {128, 128 * 1024});  // 128 MiB
  }
  world().agree([] {});
  manager_->load("large", {.loader = "hdf5_proxy", .glob_str = "large.h5"});
  Container& x = manager_->container("large/x");
  const std::int64_t before = resident_bytes();
  resolve(world(), x, {.retain = true});
  const auto held = static_cast<std::int64_t>(x.data().bytes().size());
  EXPECT_GE(held, 32 * mebibyte);
  const std::int64_t resolved = resident_bytes();
  EXPECT_GT(resolved, before + held * 9 / 10);
  x.reinstate();
  EXPECT_LT(resident_bytes(), resolved - held * 9 / 10);
}
#endif

}  // namespace
