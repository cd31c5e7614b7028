// Random plans against brute force: what is read, what is computed, who does it.
#include <algorithm>
#include <numeric>

#include "plan/plans.hpp"

namespace xylem::test {
namespace {

// What all blocks of all scans read of each dataset.
struct Reads {
  Elements elements;
  std::map<std::string, std::set<Shape>> chunks;
  std::map<std::string, std::int64_t> chunk_reads;
};

Reads reads_of(const Plan& plan) {
  Reads reads;
  for (const Pass& pass : plan.passes) {
    for (const Scan& scan : pass.scans) {
      for (std::size_t d = 0; d < scan.datasets.size(); ++d) {
        const DatasetInfo& info = *scan.datasets[d].info;
        std::set<Shape> chunks;
        std::int64_t times = 0;
        for (std::int64_t i = 0; i < scan.num_blocks; ++i) {
          std::set<Shape> here;
          for (const Box& box : boxes_of(block_read(scan, d, scan.box(i)))) {
            EXPECT_LE(box.size() * info.dtype.size, scan.datasets[d].max_box_bytes);
            for_each_place(box, [&](const Shape& at) { reads.elements[info.ref.path].insert(at); });
            if (info.layout == Layout::chunked) here.merge(chunks_in(info, box));
          }
          times += static_cast<std::int64_t>(here.size());
          chunks.merge(here);
        }
        if (info.layout == Layout::chunked) {
          EXPECT_EQ(scan.datasets[d].needed_chunks, static_cast<std::int64_t>(chunks.size())) << info.ref.path;
          EXPECT_EQ(scan.datasets[d].chunk_reads, times) << info.ref.path;
        }
        reads.chunks[info.ref.path].merge(chunks);
        reads.chunk_reads[info.ref.path] += times;
      }
    }
  }
  return reads;
}

// Every block holds what its evaluations take of it, and every result and intermediate gets each of its elements once.
void check_evaluations(const Plan& plan) {
  std::vector<std::map<Shape, std::int64_t>> results(plan.results.size()), intermediates(plan.intermediates.size());
  const auto elements_of = [&](const Destination& to) -> std::map<Shape, std::int64_t>& {
    return to.intermediate ? intermediates[to.index] : results[to.index];
  };
  for (const Pass& pass : plan.passes) {
    std::vector<std::map<Shape, std::int64_t>> into(pass.groups.size());
    for (const Scan& scan : pass.scans) {
      for (std::int64_t i = 0; i < scan.num_blocks; ++i) {
        const Box block = scan.box(i);
        std::vector<std::vector<Box>> boxes;
        for (std::size_t d = 0; d < scan.datasets.size(); ++d) boxes.push_back(boxes_of(block_read(scan, d, block)));
        for (const Evaluation& evaluation : scan.evaluations) {
          Box indices;
          for (std::size_t k = 0; k < scan.shape.size(); ++k) {
            const auto in = indices_in(evaluation.axes[k], block.start[k], block.count[k]);
            indices.start.push_back(in.first);
            indices.count.push_back(in.second - in.first);
          }
          for_each_place(indices, [&](const Shape& index) {
            for (const Leaf& leaf : evaluation.leaves) {
              Shape at;
              for (const LeafAxis& axis : leaf.axes) {
                at.push_back(axis.start + (axis.axis < 0 ? 0 : axis.step * index[static_cast<std::size_t>(axis.axis)]));
              }
              if (leaf.intermediate) continue;
              EXPECT_TRUE(std::ranges::any_of(boxes[leaf.index], [&](const Box& box) {
                for (std::size_t d = 0; d < at.size(); ++d) {
                  if (at[d] < box.start[d] || at[d] >= box.start[d] + box.count[d]) return false;
                }
                return true;
              }));
            }
            for (const GroupInput& input : evaluation.groups) {
              Shape output(pass.groups[input.group].kept.size(), 0);
              for (std::size_t k = 0; k < index.size(); ++k) {
                if (input.axes[k].axis >= 0)
                  output[static_cast<std::size_t>(input.axes[k].axis)] = input.axes[k].offset + index[k];
              }
              ++into[input.group][output];
            }
            for (const Emission& emission : evaluation.emissions) {
              const Destination& to = emission.destination;
              Shape at(to.intermediate ? plan.intermediates[to.index].shape.size() : plan.results[to.index].shape.size(), 0);
              for (std::size_t k = 0; k < index.size(); ++k) {
                if (emission.axes[k].axis >= 0)
                  at[static_cast<std::size_t>(emission.axes[k].axis)] = emission.axes[k].offset + index[k];
              }
              ++elements_of(to)[at];
            }
          });
        }
      }
    }
    for (std::size_t g = 0; g < pass.groups.size(); ++g) {
      const ReductionGroup& group = pass.groups[g];
      std::set<Shape> outputs;
      for (std::int64_t t = 0; t < group.num_tiles(); ++t) {
        for_each_place(group.tile(t), [&](const Shape& output) {
          EXPECT_TRUE(outputs.insert(output).second) << "tiles overlap";
          EXPECT_EQ(group.tile_of(output), t);
          EXPECT_EQ(into[g][output], group.reduced);
          for (const ReductionGroup::Target& target : group.targets) {
            const Destination& to = target.destination;
            Shape at(to.intermediate ? plan.intermediates[to.index].shape.size() : plan.results[to.index].shape.size(), 0);
            for (std::size_t a = 0; a < output.size(); ++a)
              at[static_cast<std::size_t>(target.axes[a])] = output[a] + group.origin[a];
            ++elements_of(to)[at];
          }
        });
      }
      EXPECT_EQ(static_cast<std::int64_t>(outputs.size()), *num_elements(group.kept)) << "tiles cover all outputs";
    }
  }
  const auto check = [](const Shape& shape, const std::map<Shape, std::int64_t>& elements) {
    EXPECT_EQ(static_cast<std::int64_t>(elements.size()), *num_elements(shape));
    for (const auto& [at, times] : elements) EXPECT_EQ(times, 1) << format_shape(at);
  };
  for (std::size_t r = 0; r < results.size(); ++r) check(plan.results[r].shape, results[r]);
  for (std::size_t i = 0; i < intermediates.size(); ++i) {
    if (plan.intermediates[i].known == nullptr) check(plan.intermediates[i].shape, intermediates[i]);
  }
}

// Streamed tiles are met by one run of blocks, and no more of them at once than the plan says.
void check_streams(const Plan& plan) {
  for (const Pass& pass : plan.passes) {
    for (std::size_t g = 0; g < pass.groups.size(); ++g) {
      const ReductionGroup& group = pass.groups[g];
      if (!group.streamed) continue;
      std::set<std::int64_t> left, before;
      for (const Scan& scan : pass.scans) {
        for (std::int64_t i = 0; i < scan.num_blocks; ++i) {
          std::set<std::int64_t> now;
          const Box block = scan.box(i);
          for (const Evaluation& evaluation : scan.evaluations) {
            for (const GroupInput& input : evaluation.groups) {
              if (input.group != g) continue;
              Box outputs{Shape(group.kept.size(), 0), Shape(group.kept.size(), 1)};
              bool any = true;
              for (std::size_t k = 0; k < block.start.size(); ++k) {
                const auto in = indices_in(evaluation.axes[k], block.start[k], block.count[k]);
                any = any && in.first < in.second;
                if (input.axes[k].axis < 0) continue;
                outputs.start[static_cast<std::size_t>(input.axes[k].axis)] = input.axes[k].offset + in.first;
                outputs.count[static_cast<std::size_t>(input.axes[k].axis)] = in.second - in.first;
              }
              if (any) for_each_place(outputs, [&](const Shape& output) { now.insert(group.tile_of(output)); });
            }
          }
          if (now.empty()) continue;
          EXPECT_LE(static_cast<std::int64_t>(now.size()), group.live_tiles);
          for (const std::int64_t tile : now) EXPECT_FALSE(left.contains(tile)) << "a tile is met again";
          for (const std::int64_t tile : before) {
            if (!now.contains(tile)) left.insert(tile);
          }
          before = std::move(now);
        }
      }
    }
  }
}

// Shares follow each other, hold every block once, and are as even as blocks allow.
void check_shares(Plan plan) {
  for (const int ranks : {1, 2, 3, 7, 50}) {
    plan.options.topology.ranks = ranks;
    for (const Pass& pass : plan.passes) {
      std::vector<ScanRange> all;
      std::int64_t heaviest = 0, blocks = 0;
      for (const Scan& scan : pass.scans) heaviest = std::max(heaviest, (scan.weight + scan.num_blocks - 1) / scan.num_blocks);
      for (int rank = 0; rank < ranks; ++rank) {
        for (const ScanRange& range : pass.share(rank, rank + 1, ranks)) all.push_back(range);
        const ShareSummary share = share_of_rank(plan, pass, rank);
        blocks += share.blocks;
        EXPECT_LE(share.weight, pass.weight() / ranks + heaviest + 1);
      }
      EXPECT_EQ(blocks, pass.num_blocks());
      std::size_t scan = 0;
      std::int64_t next = 0;
      for (const ScanRange& range : all) {
        while (next == pass.scans[scan].num_blocks) ++scan, next = 0;
        EXPECT_EQ(range, (ScanRange{scan, next, range.end}));
        EXPECT_GT(range.end, range.begin);
        next = range.end;
      }
    }
  }
}

class RandomPlans : public ::testing::TestWithParam<unsigned> {};

TEST_P(RandomPlans, ReadWhatIsNeededAndNoOtherChunk) {
  RandomExpressions random(GetParam());
  for (int i = 0; i < 12; ++i) {
    std::vector<NamedArray> arrays;
    for (std::int64_t n = random.upto(1, 3); n > 0; --n) {
      Array array = random.plain(static_cast<int>(random.upto(0, 3)));
      if (random.chance(60)) array = random.reduced(array);
      for (std::int64_t more = random.upto(-2, 3); more > 0; --more) {
        array = random.chance(50) ? random.reshaped(array) : random.selected(array);
      }
      if (*num_elements(array.shape()) <= 2000) arrays.push_back({"r" + std::to_string(n), array});
    }
    if (arrays.empty()) continue;
    PlanOptions options = Sources::ample();
    options.block_bytes = random.upto(1, 400);
    options.without = {"keep-small-inputs"};  // what is kept is read whole
    const Plan plan = random.sources.plan(arrays, options);
    std::vector<Array> only;
    for (const NamedArray& named : arrays) only.push_back(named.array);
    const Elements needed = Needed::of(only);
    const Reads reads = reads_of(plan);
    for (const auto& [path, elements] : needed) {
      const auto found = reads.elements.find(path);
      ASSERT_NE(found, reads.elements.end());
      EXPECT_TRUE(std::ranges::includes(found->second, elements));
    }
    for (const auto& info : datasets_of(arrays)) {
      const auto read = reads.chunks.find(info->ref.path);
      if (info->layout != Layout::chunked || read == reads.chunks.end()) continue;
      std::set<Shape> chunks;
      if (needed.contains(info->ref.path)) {
        for (const Shape& at : needed.at(info->ref.path)) chunks.merge(chunks_in(*info, {at, Shape(at.size(), 1)}));
      }
      EXPECT_EQ(read->second, chunks) << info->ref.path << ": chunks that are read";
    }
    check_evaluations(plan);
    check_streams(plan);
    check_shares(plan);
    if (HasFailure()) FAIL() << "seed " << GetParam() << " case " << i << "\n" << explain(plan);
  }
}

TEST_P(RandomPlans, StandWithoutAnyOptimizerPass) {
  RandomExpressions random(GetParam() + 1000);
  for (int i = 0; i < 6; ++i) {
    const Array inner = random.reduced(random.plain(1));
    Array array = random.joined(random.plain(2), inner);
    if (random.chance(50)) array = random.reduced(array);
    if (random.chance(50)) array = random.reshaped(array);
    if (random.chance(50)) array = random.selected(array);
    if (*num_elements(array.shape()) > 2000) continue;
    std::vector<NamedArray> arrays{{"first", array}, {"second", random.reduced(random.plain(2))}};
    PlanOptions options = Sources::ample(3);
    options.block_bytes = random.upto(1, 400);
    const auto check = [&] {
      const Plan plan = random.sources.plan(arrays, options);
      EXPECT_EQ(plan.results.size(), 2U);
      reads_of(plan);
      check_evaluations(plan);
      check_streams(plan);
      check_shares(plan);
      EXPECT_FALSE(explain(plan).empty());
      if (HasFailure()) FAIL() << "seed " << GetParam() << " case " << i << "\n" << explain(plan);
    };
    ASSERT_NO_FATAL_FAILURE(check());
    for (const auto& [name, effect] : optimizer_passes()) {
      options.without = {name};
      ASSERT_NO_FATAL_FAILURE(check()) << name;
    }
    for (const auto& [name, effect] : optimizer_passes()) options.without.insert(name);
    ASSERT_NO_FATAL_FAILURE(check()) << "without all";
    options.without.clear();
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomPlans, ::testing::Range(1U, 41U));

}  // namespace
}  // namespace xylem::test
