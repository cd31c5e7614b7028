// Plans for 10,000 ranks over 10 million chunks: made in seconds and within 1 GiB.
#include <sys/resource.h>

#include "xylem/support/timer.hpp"

#include "plan/plans.hpp"

namespace xylem::test {
namespace {

constexpr std::int64_t gib = std::int64_t{1} << 30;

// The most that this process ever had resident, in bytes.
std::int64_t peak_resident_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return std::int64_t{usage.ru_maxrss} * 1024;
}

class LargePlans : public ::testing::Test {
 protected:
  // Makes the plan, and says all that is asked about it.
  Plan make(const std::vector<NamedArray>& arrays) {
    const Timer timer;
    PlanOptions options = Sources::ample(10000);
    options.memory_limit = 4 * gib;
    Plan plan = sources.plan(arrays, options);
    const double made = timer.seconds();
    EXPECT_FALSE(explain(plan).empty());
    EXPECT_FALSE(explain_json(plan).empty());
    printf("made in %.2f s, explained in %.2f s; peak %.0f MiB\n", made, timer.seconds() - made,
           static_cast<double>(peak_resident_bytes()) / (1 << 20));
    EXPECT_LT(timer.seconds(), 20);
    EXPECT_LT(peak_resident_bytes(), gib);
    return plan;
  }
  static void expect_chunks(const Plan& plan, std::int64_t chunks) {
    std::int64_t reads = 0, shared = 0;
    for (const Scan& scan : plan.passes.at(0).scans) {
      for (const ScanDataset& dataset : scan.datasets) reads += dataset.chunk_reads;
    }
    EXPECT_EQ(reads, chunks);
    for (int rank = 0; rank < 10000; rank += 999) shared += share_of_rank(plan, plan.passes[0], rank).blocks;
    EXPECT_NEAR(static_cast<double>(shared), static_cast<double>(plan.passes[0].num_blocks()) * 11 / 10000, 12);
  }
  Sources sources;
};

TEST_F(LargePlans, OfOneDatasetOfTenMillionChunks) {
  const Array t = sources.add("t", {{"time", 10000000}, {"lat", 512}, {"lon", 512}}, {{1, 512, 512}});
  expect_chunks(make({{"all", t.mean()}, {"low", t.min()}}), 10000000);
  expect_chunks(make({{"map", t.mean("time")}}), 10000000);
  expect_chunks(make({{"series", t.mean({"lat", "lon"})}}), 10000000);
}

TEST_F(LargePlans, OfDifferencesInTime) {
  const Array t = sources.add("t", {{"time", 10000000}, {"lat", 512}, {"lon", 512}}, {{1, 512, 512}});
  const Plan plan = make({{"steps", (t.isel("time", Slice{1, {}}) - t.isel("time", Slice{{}, -1})).std()}});
  EXPECT_EQ(plan.passes.at(0).scans.at(0).datasets.at(0).needed_chunks, 10000000);
}

TEST_F(LargePlans, OfChunksInThreeDims) {
  const Array t = sources.add("t", {{"time", 10000}, {"lat", 4000}, {"lon", 4000}}, {{100, 40, 40}});
  expect_chunks(make({{"map", t.mean("time")}, {"spread", t.std("time")}}), 1000000);
}

TEST_F(LargePlans, OfManyFilesInARow) {
  std::vector<Array> files;
  for (int i = 0; i < 10000; ++i) {
    files.push_back(sources.add("t" + std::to_string(i), {{"time", 1000}, {"lat", 512}, {"lon", 512}}, {{1, 512, 512}}));
  }
  const Array t = concat(files, "time");
  expect_chunks(make({{"all", t.mean()}, {"map", t.mean("time")}}), 10000000);
}

}  // namespace
}  // namespace xylem::test
