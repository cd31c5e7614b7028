// What plans share, split and leave out.
#include <limits>

#include "xylem/support/error.hpp"

#include "plan/plans.hpp"

namespace xylem::test {
namespace {

constexpr std::int64_t mib = std::int64_t{1} << 20;

struct Plans : ::testing::Test {
  Sources sources;
  void SetUp() override {
    for (const char* name : {"t", "u", "v"}) sources.add(name, {{"time", 400}, {"lat", 90}, {"lon", 180}}, {{10, 90, 180}});
    sources.add("w", {{"lat", 90}});
  }
  static std::size_t chunk_reads(const Plan& plan) {
    std::int64_t chunks = 0;
    for (const Pass& pass : plan.passes) {
      for (const Scan& scan : pass.scans) {
        for (const ScanDataset& dataset : scan.datasets) chunks += dataset.chunk_reads;
      }
    }
    return static_cast<std::size_t>(chunks);
  }
  static void expect_each_chunk_once(const Scan& scan, std::int64_t chunks) {
    for (const ScanDataset& dataset : scan.datasets) {
      EXPECT_EQ(dataset.needed_chunks, chunks);
      EXPECT_EQ(dataset.chunk_reads, chunks);
    }
  }
};

TEST_F(Plans, ManyResultsOfADatasetShareOneScanAndOneGroup) {
  const Plan plan = sources.plan_of({"mean(t)", "std(t)", "min(t)", "max(t)", "count(t)"});
  ASSERT_EQ(plan.passes.size(), 1U);
  ASSERT_EQ(plan.passes[0].scans.size(), 1U);
  ASSERT_EQ(plan.passes[0].groups.size(), 1U);
  ASSERT_EQ(plan.passes[0].scans[0].evaluations.size(), 1U);
  EXPECT_EQ(plan.passes[0].groups[0].targets.size(), 5U);
  EXPECT_EQ(plan.passes[0].groups[0].aggregates.size(), 5U);  // count, sum, sum of squares, min, max
  EXPECT_EQ(plan.passes[0].scans[0].evaluations[0].program.values.size(), 1U);
  expect_each_chunk_once(plan.passes[0].scans[0], 40);
}

TEST_F(Plans, DatasetsThatAreUsedTogetherShareAScan) {
  const Plan plan = sources.plan_of({"mean(u)", "mean(v)", "mean(u * v)"});
  ASSERT_EQ(plan.passes.size(), 1U);
  ASSERT_EQ(plan.passes[0].scans.size(), 1U);
  EXPECT_EQ(plan.passes[0].scans[0].datasets.size(), 2U);
  EXPECT_EQ(plan.passes[0].groups.size(), 1U);
  expect_each_chunk_once(plan.passes[0].scans[0], 40);
  EXPECT_EQ(sources.plan_of({"mean(u)", "mean(v)"}).passes[0].scans.size(), 2U);
}

TEST_F(Plans, PartsOfADatasetShareItsScan) {
  const Plan plan = sources.plan_of({"mean(t)", "mean(t[time=0:3])"});
  ASSERT_EQ(plan.passes.size(), 1U);
  ASSERT_EQ(plan.passes[0].scans.size(), 1U);
  EXPECT_EQ(plan.passes[0].scans[0].datasets.size(), 1U);
  expect_each_chunk_once(plan.passes[0].scans[0], 40);
}

TEST_F(Plans, WithoutSharingEachResultReadsForItself) {
  PlanOptions options = Sources::ample();
  options.without = {"share-reads"};
  EXPECT_EQ(sources.plan_of({"mean(t)", "min(t)"}, options).passes[0].scans.size(), 2U);
}

TEST_F(Plans, AnOptimizerPassThatIsNoneIsAMistake) {
  PlanOptions options = Sources::ample();
  options.without = {"fuse"};
  EXPECT_EQ(message_of([&] { return sources.plan_of({"mean(t)"}, options); }),
            "there is no optimizer pass 'fuse' (there are push-selections, share-reads, keep-small-inputs, column-order, bands)");
}

TEST_F(Plans, ReductionsInExpressionsTakeAPassBefore) {
  const Plan plan = sources.plan_of({"t - mean(t, time)", "max(t)"});
  ASSERT_EQ(plan.passes.size(), 2U);
  EXPECT_EQ(plan.passes[0].groups.size(), 2U);  // the mean, and the maximum in the same pass
  EXPECT_TRUE(plan.passes[1].groups.empty());
  ASSERT_EQ(plan.intermediates.size(), 1U);
  EXPECT_EQ(plan.intermediates[0].shape, (Shape{90, 180}));
  EXPECT_EQ(sources.plan_of({"std(t - mean(t, time)) / mean(mean(t, time))"}).passes.size(), 3U);
}

TEST_F(Plans, SelectionsOfReductionsReachTheChunks) {
  sources.add("c", {{"time", 100}, {"lat", 90}}, {{100, 1}});
  sources.add("d", {{"time", 100}, {"lat", 90}, {"lon", 4}}, {{100, 1, 4}});
  for (const char* text : {"mean(c, time)[lat=5]",
                           "mean(c, time, keepdims=true)[lat=5]",
                           "mean(c, time, keepdims=true)[time=0, lat=5]",
                           "(mean(c, time) + 1)[lat=5:6]",
                           "max(mean(c, time)[lat=5])",
                           "mean(c, time)[lat=2:9][lat=3]",
                           "mean(c, time)[lat=[5]]",
                           "rename(mean(c, time), lat=y)[y=5]",
                           "rename(mean(rename(c, lat=y), time) + 1, y=z)[z=5:6]",
                           "transpose(mean(d, time), lon, lat)[lat=5]",
                           "transpose(mean(d, time))[lat=5, lon=1:3]",
                           "expand_dims(mean(c, time), run)[lat=5]",
                           "expand_dims(mean(c, time), run)[run=0, lat=5]",
                           "squeeze(mean(c, time, keepdims=true))[lat=5]",
                           "where(mean(c, time) > 0, mean(c, time), -1)[lat=5]",
                           "astype(mean(c, time), float32)[lat=-85]",
                           "concat(mean(c, time)[lat=:40], mean(c, time)[lat=40:], dim=lat)[lat=5]",
                           "concat(mean(c, time), mean(d, time, lon), dim=run)[run=0, lat=5]",
                           "concat(mean(d, time, lon), transpose(mean(c, time)), dim=run)[run=1:, lat=[5]]",
                           "mean(transpose(d), time, lon)[lat=5]",
                           "mean(mean(d, time), lon)[lat=5]",
                           "(c - mean(c, time))[lat=5].max()"}) {
    const Plan plan = sources.plan_of({text});
    const std::size_t passes = std::string(text).starts_with("(c") ? 2 : 1;
    EXPECT_EQ(chunk_reads(plan), passes) << text;
  }
}

TEST_F(Plans, SelectionsOfJoinedReductionsReachTheChunks) {
  sources.add("c", {{"time", 100}, {"lat", 90}}, {{100, 1}});
  sources.add("e", {{"time", 100}, {"lat", 20}}, {{100, 1}});
  const std::string both = "concat(mean(c, time), mean(e, time), dim=lat)";
  EXPECT_EQ(chunk_reads(sources.plan_of({both + "[lat=88:93]"})), 5U);
  EXPECT_EQ(chunk_reads(sources.plan_of({both + "[lat=::-10]"})), 11U);
  EXPECT_EQ(chunk_reads(sources.plan_of({both + "[lat=[3, 100, 3, 4]]"})), 3U);
  EXPECT_EQ(chunk_reads(sources.plan_of({both + "[lat=95:]"})), 15U);
  EXPECT_EQ(chunk_reads(sources.plan_of({both + "[lat=0:0]"})), 0U);
}

// Without memory of what was done, the work would double with each of these.
TEST_F(Plans, SharedPartsArePlannedOnce) {
  Array x = sources.parse("t"), y = sources.parse("mean(t, time)"), z = sources.parse("t").isel("time", Slice{1, {}});
  for (int i = 0; i < 60; ++i) {
    x = x * x;
    y = y * y;
    if (i < 30) z = z.isel("time", Slice{1, {}}) - z.isel("time", Slice{{}, -1});
  }
  const Plan plan = sources.plan({{"x", x.mean()}, {"y", y.isel("lat", 3).transpose()}, {"z", z.max()}}, Sources::ample());
  EXPECT_EQ(plan.results.size(), 3U);
  EXPECT_LE(plan.passes.at(0).scans.at(0).evaluations.at(0).program.values.size(), 62U);
  EXPECT_EQ(message_of([&] {
              Array deep = x;
              for (int i = 0; i < 100000; ++i) deep = deep + 1;
            }),
            "this array is made by more than 500 operations, one on top of the other; split it into several");
}

TEST_F(Plans, WhatIsRepeatedIsReadOnceAndKept) {
  const Plan plan = sources.plan_of({"mean(t * w)"});
  ASSERT_EQ(plan.passes.size(), 2U);
  ASSERT_EQ(plan.intermediates.size(), 1U);
  EXPECT_EQ(plan.intermediates[0].shape, (Shape{90}));
  ASSERT_EQ(plan.passes[1].scans[0].datasets.size(), 1U);
}

TEST_F(Plans, PositionsThatLieFarApartDoNotWidenBlocks) {
  const Plan plan = sources.plan_of({"t[time=0]", "t[time=399]", "max(t[time=200])"});
  ASSERT_EQ(plan.passes.at(0).scans.size(), 1U);
  EXPECT_LE(plan.passes[0].scans[0].datasets.at(0).max_box_bytes, 10 * 90 * 180 * 4);
  EXPECT_EQ(chunk_reads(plan), 3U);
}

TEST_F(Plans, PartsThatLieFarApartDoNotWidenBlocks) {
  const Plan plan = sources.plan_of({"mean(t[time=200:] - t[time=:200])"});
  for (const ScanDataset& dataset : plan.passes[0].scans[0].datasets) EXPECT_LE(dataset.max_box_bytes, 20 * 90 * 180 * 4);
}

TEST_F(Plans, ALimitThatDoesNotDoNamesOneThatDoes) {
  sources.add("big", {{"time", 300}, {"lat", 1000}, {"lon", 1000}}, {{1, 1000, 1000}});
  for (const char* text : {"mean(big)", "mean(big, time)", "big - mean(big, time)"}) {
    for (const int ranks : {1, 4}) {
      PlanOptions options = Sources::ample(ranks);
      options.memory_limit = mib;
      std::string message;
      try {
        static_cast<void>(sources.plan_of({text}, options));
      } catch (const ResourceError& error) {
        message = error.what();
      }
      const auto at = message.find("at least --memory ");
      ASSERT_NE(at, std::string::npos) << message;
      options.memory_limit = std::stoll(message.substr(at + 18)) * mib;
      EXPECT_LE(sources.plan_of({text}, options).memory_bound, options.memory_limit) << text;
    }
  }
}

TEST_F(Plans, ManySmallResultsFitInALittleMemory) {
  std::vector<std::string> texts;
  for (int i = 0; i < 1000; ++i) {
    const std::string name = "s" + std::to_string(i);
    sources.add(name, {{"time", 100}}, {{10}});
    texts.push_back((i % 2 == 0 ? "mean(" : "std(") + name + ")");
  }
  for (int i = 0; i < 100; ++i) texts.push_back("max(t + " + std::to_string(i) + ")");
  for (const Schedule schedule : {Schedule::static_dealing, Schedule::dynamic_dealing}) {
    PlanOptions options = Sources::ample(8);
    options.memory_limit = 64 * mib;
    options.schedule = schedule;
    EXPECT_LE(sources.plan_of(texts, options).memory_bound, 32 * mib);
  }
}

TEST_F(Plans, AccumulatorsThatDoNotFitAreSplitIntoBands) {
  sources.add("rows", {{"time", 50}, {"lat", 4000}, {"lon", 1000}});
  PlanOptions options = Sources::ample();
  options.without = {"column-order"};
  const Plan whole = sources.plan_of({"mean(rows, time)"}, options);
  ASSERT_EQ(whole.passes.size(), 1U);
  options.memory_limit = whole.memory_bound / 3;
  const Plan plan = sources.plan_of({"mean(rows, time)"}, options);
  EXPECT_GT(plan.passes.size(), 2U);
  EXPECT_LE(plan.memory_bound, options.memory_limit);
  std::int64_t outputs = 0;
  for (const Pass& pass : plan.passes) outputs += *num_elements(pass.groups.at(0).kept);
  EXPECT_EQ(outputs, 4000 * 1000);
  options.without.insert("bands");
  EXPECT_THROW(static_cast<void>(sources.plan_of({"mean(rows, time)"}, options)), ResourceError);
}

TEST_F(Plans, BandsEndWhereBlocksDo) {
  sources.add("tiles", {{"time", 50}, {"lat", 4050}, {"lon", 1000}}, {{10, 100, 100}});
  PlanOptions options = Sources::ample();
  options.without = {"column-order"};
  options.memory_limit = sources.plan_of({"mean(tiles, time)"}, options).memory_bound / 3;
  const Plan plan = sources.plan_of({"mean(tiles, time)"}, options);
  EXPECT_GT(plan.passes.size(), 2U);
  std::int64_t reads = 0;
  for (const Pass& pass : plan.passes) reads += pass.scans.at(0).datasets.at(0).chunk_reads;
  EXPECT_EQ(reads, 5 * 41 * 10);
}

TEST_F(Plans, ScalarCoordinatesAreIntermediatesToo) {
  const Array x = coordinate("x", std::vector<double>{1, 2, 3}).isel("x", 1).coord("x");
  const Plan plan = make_plan({{"s", x + x}}, {}, Sources::ample());
  ASSERT_EQ(plan.intermediates.size(), 1U);
  EXPECT_EQ(plan.intermediates[0].shape, Shape{});
}

TEST_F(Plans, IntermediatesOfAnySizeAreCounted) {
  EXPECT_GE((Intermediate{"", {std::int64_t{1} << 61}, ElementType::float64, nullptr}.bytes()), std::int64_t{1} << 56);
  EXPECT_EQ((Intermediate{"", {3, 5}, ElementType::float32, nullptr}.bytes()), 60);
}

TEST_F(Plans, WhatCannotBeCountedIsRefused) {
  sources.add("a", {{"x", std::int64_t{1} << 40}}, {{1024}});
  sources.add("b", {{"y", std::int64_t{1} << 41}}, {{1024}});
  sources.add("c", {{"z", std::int64_t{1} << 50}}, {{1024}});
  sources.add("d", {{"z", std::int64_t{1} << 45}}, {{1}});
  EXPECT_THROW((void)sources.plan_of({"sum(a * b)"}), UsageError);
  EXPECT_THROW((void)sources.plan_of({"mean(c)"}), ResourceError);
  EXPECT_THROW((void)sources.plan_of({"mean(d[z=::2])"}), ResourceError);
  // Chunks without a small common multiple.
  const std::int64_t most = std::int64_t{1} << 40;
  sources.add("e", {{"z", most}}, {{most - 1}, false});
  sources.add("f", {{"z", most}}, {{most - 3}, false});
  EXPECT_EQ(sources.plan_of({"mean(e * f)"}).passes.size(), 1U);
  // A selection here and there of very many chunks.
  sources.add("g", {{"z", most}}, {{1024}});
  std::vector<std::string> texts;
  for (int i = 0; i < 50; ++i)
    texts.push_back("g[z=" + std::to_string(most / 50 * i) + "] + g[z=" + std::to_string(i * 7000) + "]");
  EXPECT_EQ(sources.plan_of(texts).results.size(), 50U);
  PlanOptions options = Sources::ample();
  options.memory_limit = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(sources.plan_of({"mean(t)"}, options).passes.size(), 1U);
}

TEST_F(Plans, MakeDoWithFewerThreads) {
  PlanOptions options = Sources::ample(2);
  options.threads = 64;
  EXPECT_EQ(sources.plan_of({"mean(t)"}, options).options.threads, 64);
  options.fewer_threads = true;
  EXPECT_EQ(sources.plan_of({"mean(t)"}, options).options.threads, 21);  // of 40 chunks
  // A map of sums for each thread: as many as fit in one pass.
  sources.add("fine", {{"time", 100000}, {"lat", 900}, {"lon", 1800}}, {{1000, 9, 18}});
  options.memory_limit = 256 * mib;
  const Plan plan = sources.plan_of({"max(fine, lat, lon)", "mean(fine, time)"}, options);
  EXPECT_LT(plan.options.threads, 64);
  options.fewer_threads = false;
  options.threads = plan.options.threads;
  EXPECT_EQ(sources.plan_of({"max(fine, lat, lon)", "mean(fine, time)"}, options).passes.size(), plan.passes.size());
}

TEST_F(Plans, AreReadAsAskedForWhereThatCanBe) {
  PlanOptions options = Sources::ample(2);
  const auto strategy = [&](IoStrategy io) {
    options.io = io;
    return sources.plan_of({"mean(t)"}, options).passes[0].scans[0].datasets[0].io.strategy;
  };
  EXPECT_EQ(strategy(IoStrategy::automatic), IoStrategy::direct);
  for (const IoStrategy io : {IoStrategy::direct, IoStrategy::hyperslab, IoStrategy::collective}) EXPECT_EQ(strategy(io), io);
  options.threads = 2;
  EXPECT_THROW((void)sources.plan_of({"mean(t)"}, options), UsageError);
  options.threads = 1;
  options.schedule = Schedule::dynamic_dealing;
  EXPECT_THROW((void)sources.plan_of({"mean(t)"}, options), UsageError);
}

TEST_F(Plans, RanksThatReadTogetherShareEachScan) {
  PlanOptions options = Sources::ample(3);
  options.io = IoStrategy::collective;
  const Plan plan = sources.plan_of({"mean(t)", "mean(u)"}, options);
  for (std::size_t s = 0; s < plan.passes[0].scans.size(); ++s) {
    std::int64_t next = 0;
    for (int rank = 0; rank < 3; ++rank) {
      const ScanRange share = plan.passes[0].share_of_scan(s, rank, 3);
      EXPECT_EQ(share.begin, next);
      EXPECT_GT(share.end, share.begin);
      next = share.end;
    }
    EXPECT_EQ(next, plan.passes[0].scans[s].num_blocks);
  }
}

TEST_F(Plans, AreExplainedToAPerson) {
  const Plan plan = sources.plan_of({"t - mean(t, time)", "mean(t * w)"}, Sources::ample(3));
  const std::string text = explain(plan);
  for (const char* words :
       {"2 results in 3 passes", "pass 1 of 3: reads what is used over and over, and keeps it", "finds    /w [0:90]",
        "pass 2 of 3: reductions that other passes need", "finds    mean over time, r1",
        "reads    40 of 40 chunks in 1 dataset: 24.7 MiB stored, 24.7 MiB decoded",
        "40 blocks on 3 ranks: 8.0 MiB to 8.7 MiB each", "400 elements to each of 16200 outputs; a rank holds all at a time",
        "6480000 elements to each of 1 output", "pass 3 of 3: needs reductions that an earlier pass found",
        "held by every rank: mean over time (90, 180), 126.6 KiB",
        "optimizer: keep-small-inputs: 1 input read once and kept\n"}) {
    EXPECT_NE(text.find(words), std::string::npos) << words << "\n" << text;
  }
  EXPECT_EQ(text.find("1 blocks"), std::string::npos);
  // Optimizer passes that had nothing to do are not worth a line.
  EXPECT_EQ(text.find("push-selections"), std::string::npos);
  EXPECT_EQ(explain(sources.plan_of({"mean(t)"})).find("optimizer"), std::string::npos);
  EXPECT_NE(
      explain(sources.plan_of({"mean(t)", "max(t)"})).find("optimizer: share-reads: 2 results of 1 sweep over stored data\n"),
      std::string::npos);
}

TEST_F(Plans, SayWhatTheOptimizerDid) {
  PlanOptions options = Sources::ample();
  options.without = {"bands"};
  const Plan plan = sources.plan_of({"mean(t, time)[lat=5]"}, options);
  ASSERT_EQ(plan.steps.size(), optimizer_passes().size());
  EXPECT_EQ(plan.steps[0].effect, "1 result of what is selected alone");
  EXPECT_EQ(plan.steps[2].effect, "");
  EXPECT_EQ(plan.steps[4].effect, "left out");
  EXPECT_GT(plan.steps[1].seconds, 0);
}

}  // namespace
}  // namespace xylem::test
