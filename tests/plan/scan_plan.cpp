#include "xylem/plan/scan_plan.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numeric>
#include <random>
#include <regex>
#include <set>
#include <string>

#include "xylem/support/error.hpp"

using namespace xylem;

namespace {

using Datasets = std::vector<std::shared_ptr<const DatasetInfo>>;
constexpr std::int64_t mib = std::int64_t{1} << 20;

struct Input {
  Datasets datasets;
  std::vector<StorageSummary> summaries;

  [[nodiscard]] ScanPlan plan(int ranks, std::int64_t memory) const { return {datasets, summaries, Topology{ranks}, memory}; }
};

class Random {
 public:
  explicit Random(unsigned seed) : engine_(seed) {}
  std::int64_t number(std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(engine_);
  }
  bool chance(double p) { return std::bernoulli_distribution(p)(engine_); }

 private:
  std::mt19937_64 engine_;
};

DatasetInfo make_info(Shape shape, Shape chunk, bool filtered, std::int32_t size) {
  DatasetInfo info;
  info.ref = {"file.h5", "/x"};
  info.dtype.type_class = TypeClass::floating;
  info.dtype.size = size;
  info.layout = chunk.empty() ? Layout::contiguous : Layout::chunked;
  info.shape = std::move(shape);
  info.chunk = std::move(chunk);
  if (filtered) info.filters.push_back({1, "deflate", 0, {6}});
  return info;
}

// Datasets of many shapes and layouts; with the elements of each at most `max_elements`.
Input random_input(Random& random, std::int64_t max_extent) {
  Input input;
  const std::int64_t count = random.number(1, 6);
  for (std::int64_t i = 0; i < count; ++i) {
    Shape shape, chunk;
    const std::int64_t rank = random.number(0, 3);
    for (std::int64_t d = 0; d < rank; ++d) shape.push_back(random.number(random.chance(0.03) ? 0 : 1, max_extent));
    const bool chunked = rank > 0 && random.chance(0.7);
    for (std::int64_t d = 0; chunked && d < rank; ++d) chunk.push_back(random.number(1, max_extent + max_extent / 2));
    auto info =
        make_info(shape, chunk, chunked && random.chance(0.5), static_cast<std::int32_t>(std::int64_t{1} << random.number(1, 3)));
    StorageSummary summary;
    const std::int64_t elements = num_elements(shape).value_or(0);
    const ChunkGrid chunks(shape, chunked ? chunk : Shape(shape.size(), 1));
    if (random.chance(0.9) && elements > 0) {
      summary.allocated_chunks = chunked ? random.number(1, chunks.size()) : 1;
      summary.stored_bytes = random.chance(0.2) ? random.number(1, 100) : elements * info.dtype.size;
      if (chunked && summary.allocated_chunks < chunks.size() && random.chance(0.4)) {
        summary.allocated_chunks = std::min<std::int64_t>(summary.allocated_chunks, 20);
        std::set<std::int64_t> chosen;
        while (static_cast<std::int64_t>(chosen.size()) < summary.allocated_chunks)
          chosen.insert(random.number(0, chunks.size() - 1));
        for (const std::int64_t index : chosen) summary.sparse_chunks.push_back(chunks.box(index).start);
      }
    }
    input.datasets.push_back(std::make_shared<const DatasetInfo>(std::move(info)));
    input.summaries.push_back(std::move(summary));
  }
  return input;
}

// The size that a refusal names, in bytes.
std::int64_t named_limit(const ResourceError& error) {
  std::smatch match;
  const std::string text = error.what();
  EXPECT_TRUE(std::regex_search(text, match, std::regex("at least --memory ([0-9]+)MiB"))) << text;
  return match.empty() ? 0 : std::stoll(match[1]) * mib;
}

void expect_whole_chunks(const DatasetInfo& info, const Box& box) {
  for (std::size_t d = 0; d < box.start.size(); ++d) {
    const std::int64_t end = box.start[d] + box.count[d];
    EXPECT_EQ(box.start[d] % info.chunk[d], 0);
    EXPECT_TRUE(end % info.chunk[d] == 0 || end == info.shape[d])
        << end << " of " << info.shape[d] << " in chunks of " << info.chunk[d];
  }
}

// Marks the elements of a box; counts those that were marked already.
std::int64_t paint(std::vector<bool>& elements, const Shape& shape, const Box& box) {
  std::int64_t again = 0;
  const ChunkGrid inside(box.count, Shape(box.count.size(), 1));
  for (std::int64_t i = 0; i < inside.size(); ++i) {
    const Shape at = inside.coordinates(i);
    std::int64_t place = 0;
    for (std::size_t d = 0; d < at.size(); ++d) place = place * shape[d] + box.start[d] + at[d];
    if (elements[static_cast<std::size_t>(place)]) ++again;
    elements[static_cast<std::size_t>(place)] = true;
  }
  return again;
}

}  // namespace

TEST(ScanPlan, BlocksAndFillAreEveryElementOnce) {
  Random random(1);
  for (int round = 0; round < 300; ++round) {
    const Input input = random_input(random, 40);
    const ScanPlan plan = input.plan(3, 100 * mib);
    for (const DatasetScan& scan : plan.datasets()) {
      std::vector<bool> read(static_cast<std::size_t>(num_elements(scan.info->shape).value()), false);
      for (std::int64_t i = 0; i < scan.num_blocks; ++i) {
        const Box box = scan.box(i);
        EXPECT_EQ(paint(read, scan.info->shape, box), 0);
        EXPECT_LE(box.size() * scan.info->dtype.size, scan.block_bytes());
        if (scan.info->layout == Layout::chunked) expect_whole_chunks(*scan.info, box);
      }
      const std::int64_t elements = std::count(read.begin(), read.end(), true);
      EXPECT_EQ(elements + scan.fill_elements, static_cast<std::int64_t>(read.size()));
      EXPECT_EQ(elements * scan.info->dtype.size, scan.read_bytes());
    }
  }
}

TEST(ScanPlan, SparseBlocksAreTheStoredChunks) {
  Random random(2);
  int sparse = 0;
  for (int round = 0; round < 300; ++round) {
    const Input input = random_input(random, 40);
    const ScanPlan plan = input.plan(3, 100 * mib);
    for (std::size_t d = 0; d < plan.datasets().size(); ++d) {
      const DatasetScan& scan = plan.datasets()[d];
      if (input.summaries[d].sparse_chunks.empty()) continue;
      ++sparse;
      ASSERT_EQ(scan.num_blocks, static_cast<std::int64_t>(input.summaries[d].sparse_chunks.size()));
      for (std::int64_t i = 0; i < scan.num_blocks; ++i)
        EXPECT_EQ(scan.box(i).start, input.summaries[d].sparse_chunks[static_cast<std::size_t>(i)]);
    }
  }
  EXPECT_GT(sparse, 20);
}

TEST(ScanPlan, SharesAreEveryBlockOnceInOrderAndBalanced) {
  Random random(3);
  for (int round = 0; round < 60; ++round) {
    const Input input = random_input(random, round % 2 == 0 ? 40 : 400);
    for (const int ranks : {1, 2, 3, 7, 64, 1000, 10000}) {
      const ScanPlan plan = input.plan(ranks, 10000 * mib);
      std::vector<std::int64_t> next(plan.datasets().size(), 0);
      std::vector<double> block_weight;
      double total = 0;
      for (const DatasetScan& scan : plan.datasets()) {
        total += static_cast<double>(scan.weight);
        block_weight.push_back(scan.num_blocks == 0 ? 0
                                                    : static_cast<double>(scan.weight) / static_cast<double>(scan.num_blocks));
      }
      const double largest = *std::max_element(block_weight.begin(), block_weight.end());
      std::size_t dataset = 0;
      for (int rank = 0; rank < ranks; ++rank) {
        double weight = 0;
        for (const BlockRange& range : plan.share(rank)) {
          ASSERT_GE(range.dataset, dataset);  // in the order of the datasets
          dataset = range.dataset;
          ASSERT_EQ(range.begin, next[dataset]);
          ASSERT_LT(range.begin, range.end);
          next[dataset] = range.end;
          weight += static_cast<double>(range.end - range.begin) * block_weight[dataset];
        }
        EXPECT_NEAR(weight, total / ranks, largest + 1) << "rank " << rank << " of " << ranks;
      }
      for (std::size_t d = 0; d < next.size(); ++d) EXPECT_EQ(next[d], plan.datasets()[d].num_blocks);
    }
  }
}

TEST(ScanPlan, StaysWithinTheLimitOrNamesOneThatWillDo) {
  Random random(4);
  int refused = 0, made = 0;
  for (int round = 0; round < 2000; ++round) {
    const Input input = random_input(random, round % 3 == 0 ? 40 : 300);
    const std::int64_t limit = random.number(1, random.chance(0.5) ? 20 * mib : 1000 * mib);
    try {
      const ScanPlan plan = input.plan(4, limit);
      ++made;
      EXPECT_LE(plan.forecast_bytes(), limit);
      for (const DatasetScan& scan : plan.datasets()) {
        if (scan.num_blocks == 0) continue;
        EXPECT_GE(plan.forecast_bytes(), scan.block_bytes());
        if (!scan.info->filters.empty()) {
          const std::int64_t chunk = num_elements(scan.info->chunk).value() * scan.info->dtype.size;
          EXPECT_GE(limit, scan.block_bytes() + 2 * chunk);  // whatever the forecast of usual chunks, which get smaller
        }
      }
    } catch (const ResourceError& error) {
      ++refused;
      const std::int64_t named = named_limit(error);
      EXPECT_GT(named, limit);
      EXPECT_LE(input.plan(4, named).forecast_bytes(), named);
      EXPECT_THROW((void)input.plan(4, named - mib), ResourceError);
    }
  }
  EXPECT_GT(refused, 200);
  EXPECT_GT(made, 200);
}

TEST(ScanPlan, NothingStoredIsReadByNobody) {
  const Input input{{std::make_shared<const DatasetInfo>(make_info({1000, 1000}, {100, 100}, true, 8)),
                     std::make_shared<const DatasetInfo>(make_info({0, 5}, {}, false, 4))},
                    {StorageSummary{}, StorageSummary{}}};
  const ScanPlan plan = input.plan(5, 9 * mib);
  EXPECT_LE(plan.forecast_bytes(), 9 * mib);
  EXPECT_EQ(plan.datasets()[0].fill_elements, 1'000'000);
  for (int rank = 0; rank < 5; ++rank) EXPECT_TRUE(plan.share(rank).empty());
}

// A limit of memory counts what each of many datasets needs, and a refusal does not speak of chunks where none is to blame.
TEST(ScanPlan, ManyUnwrittenDatasetsNeedMemoryToo) {
  Input input;
  const auto info = std::make_shared<const DatasetInfo>(make_info({1000, 1000}, {1000, 1000}, true, 8));
  input.datasets.assign(20000, info);
  input.summaries.resize(20000);
  try {
    (void)input.plan(1, mib);
    FAIL() << "made in 1 MiB";
  } catch (const ResourceError& error) {
    EXPECT_EQ(std::string(error.what()).find("chunks"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("metadata and results"), std::string::npos) << error.what();
    const std::int64_t named = named_limit(error);
    EXPECT_GT(named, 20000 * std::int64_t{sizeof(DatasetScan)});
    EXPECT_LE(input.plan(1, named).forecast_bytes(), named);
  }
}

TEST(ScanPlan, ListedChunksCount) {
  Input input{{std::make_shared<const DatasetInfo>(make_info({1 << 30, 8}, {1, 8}, true, 8))}, {StorageSummary{}}};
  input.summaries[0].allocated_chunks = 1;
  const std::int64_t without = input.plan(1, 1000 * mib).forecast_bytes();
  for (std::int64_t i = 0; i < 100000; ++i) input.summaries[0].sparse_chunks.push_back({i * 7, 0});
  const std::int64_t bytes = 100000 * static_cast<std::int64_t>(sizeof(Shape) + 2 * sizeof(std::int64_t) + sizeof(std::int64_t));
  EXPECT_GT(input.plan(1, 1000 * mib).forecast_bytes(), without + bytes);
}

// HDF5 pieces a block together slowly where it lies in several chunks.
TEST(ScanPlan, APartOfALargeChunkStaysWithinIt) {
  struct Case {
    Shape shape, chunk;
  };
  for (const Case& c :
       {Case{{65536, 8192}, {65536, 64}}, Case{{5000, 8192}, {2048, 2048}}, Case{{4, 700, 900, 64}, {2, 300, 450, 32}},
        Case{{1 << 24}, {1 << 22}}, Case{{3, 9000001}, {1, 3000000}}}) {
    const Input input{{std::make_shared<const DatasetInfo>(make_info(c.shape, c.chunk, false, 8))}, {{1 << 30, 8, {}}}};
    const ScanPlan plan = input.plan(1, 1000 * mib);
    const DatasetScan& scan = plan.datasets()[0];
    EXPECT_GE(scan.block_bytes(), mib / 8) << format_shape(c.chunk);
    EXPECT_LE(scan.block_bytes(), mib / 2) << format_shape(c.chunk);
    for (std::int64_t i = 0; i < scan.num_blocks; ++i) {
      const Box box = scan.box(i);
      for (std::size_t d = 0; d < c.shape.size(); ++d) {
        ASSERT_EQ(box.start[d] / c.chunk[d], (box.start[d] + box.count[d] - 1) / c.chunk[d])
            << format_box(box) << " in chunks of " << format_shape(c.chunk);
      }
    }
  }
}

// Where nothing divides a chunk's extent, blocks are as even as can be and no more of them than need be.
TEST(ScanPlan, ALargeChunkOfAPrimeExtentIsNotReadInCrumbs) {
  const Input input{{std::make_shared<const DatasetInfo>(make_info({10, 5000011}, {1, 5000011}, false, 8))}, {{1 << 30, 10, {}}}};
  const ScanPlan plan = input.plan(1, 1000 * mib);
  EXPECT_GE(plan.datasets()[0].block_bytes(), mib / 4);
  EXPECT_LE(plan.datasets()[0].block_bytes(), mib / 2);
}

TEST(ScanPlan, TrillionsOfChunksForTenThousandRanks) {
  const std::int64_t chunks = std::int64_t{1} << 40;
  Input input;
  for (int i = 0; i < 3; ++i) {
    input.datasets.push_back(std::make_shared<const DatasetInfo>(make_info({chunks, 512, 1024}, {1, 512, 1024}, true, 8)));
    input.summaries.push_back({chunks * 1000, chunks, {}});
  }
  const ScanPlan plan = input.plan(10000, 100 * mib);
  EXPECT_EQ(plan.datasets()[0].num_blocks, chunks);
  std::int64_t blocks = 0;
  for (int rank = 0; rank < 10000; ++rank) {
    for (const BlockRange& range : plan.share(rank)) blocks += range.end - range.begin;
  }
  EXPECT_EQ(blocks, 3 * chunks);
  EXPECT_EQ(plan.datasets()[2].box(chunks - 1).start, (Shape{chunks - 1, 0, 0}));
}

TEST(ScanPlan, RefusesShapesThatCannotBeCounted) {
  const std::int64_t large = std::int64_t{1} << 40;
  const Input input{{std::make_shared<const DatasetInfo>(make_info({large, large}, {1024, 1024}, false, 8))}, {StorageSummary{}}};
  EXPECT_THROW((void)input.plan(1, 100 * mib), DataError);
}
