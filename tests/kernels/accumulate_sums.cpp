#include <gtest/gtest.h>

#include "kernels/accumulate_oracle.hpp"

namespace xylem {
namespace {

// Every sum-like reduction of random data against the exact oracle, in any order.
TEST(Accumulate, SumsAreExactInAnyOrder) {
  Random random(7);
  constexpr std::size_t x = 0, y = 1;
  for (int round = 0; round < 150; ++round) {
    const std::size_t n = 1 + random() % (round % 10 == 0 ? 6000 : 600);
    const std::int64_t outputs = round % 3 == 0 ? 1 : 1 + static_cast<std::int64_t>(random() % (round % 7 == 0 ? 1500 : 40));
    std::vector<Column> columns;
    for (int i = 0; i < 2; ++i)
      columns.push_back(random_column(random_type(random), n, flavours[random() % flavours.size()], random));
    const auto any_missing = [&](const Column& column) {
      for (std::size_t i = 0; i < n; ++i) {
        if (column.get(i).missing()) return true;
      }
      return false;
    };
    if (any_missing(columns[x]) || any_missing(columns[y])) {
      columns.push_back(masked(columns[x], columns[y], n));
      columns.push_back(masked(columns[y], columns[x], n));
    } else {
      columns.push_back(columns[x]);
      columns.push_back(columns[y]);
    }
    const Program program = program_of(columns);
    const auto tiles = random_tiles(outputs, n, random);
    std::vector<std::vector<std::size_t>> members(static_cast<std::size_t>(outputs));
    for (const RandomTile& tile : tiles) {
      for_each(tile,
               [&](std::int64_t output, std::int64_t, std::size_t i) { members[static_cast<std::size_t>(output)].push_back(i); });
    }

    std::vector<Finalizer> finalizers;
    std::vector<Aggregate> aggregates;
    const auto ask = [&](Reduction reduction, bool weighted, std::vector<int> paired, const std::vector<int>& original) {
      Finalizer f{reduction,
                  weighted,
                  random() % 3 != 0,
                  static_cast<int>(random() % 3),
                  random() % 2 == 0 ? 0 : 2,
                  0,
                  ElementType::float64,
                  {}};
      if (reduction != Reduction::sum || weighted) f.min_count = 0;
      for (const Aggregate& aggregate : aggregates_of(reduction, weighted, f.skipna, paired, original)) {
        auto place = std::ranges::find(aggregates, aggregate);
        if (place == aggregates.end()) place = aggregates.insert(aggregates.end(), aggregate);
        f.aggregates.push_back(static_cast<int>(place - aggregates.begin()));
      }
      finalizers.push_back(f);
    };
    for (const Reduction r : {Reduction::sum, Reduction::mean, Reduction::var, Reduction::std}) {
      ask(r, false, {0}, {0});
      ask(r, true, {2, 3}, {0, 1});
    }
    for (const Reduction r : {Reduction::cov, Reduction::corr, Reduction::dot}) ask(r, false, {2, 3}, {0, 1});

    const Accumulators one = in_random_order(program, aggregates, outputs, SumMode::exact, tiles, columns, random);
    const Accumulators other = in_random_order(program, aggregates, outputs, SumMode::exact, tiles, columns, random);
    EXPECT_EQ(one.pack(), other.pack());
    EXPECT_LE(one.memory(), aggregate_memory(program, aggregates, outputs, SumMode::exact, Spread::any));

    std::vector<double> results(static_cast<std::size_t>(outputs));
    for (Finalizer f : finalizers) {
      // All outputs have the same number of elements in a real reduction; here each is asked for by its own.
      std::vector<std::int64_t> sizes;
      for (const auto& places : members) sizes.push_back(static_cast<std::int64_t>(places.size()));
      std::ranges::sort(sizes);
      sizes.erase(std::unique(sizes.begin(), sizes.end()), sizes.end());
      if (sizes.size() > 3) {
        std::ranges::shuffle(sizes, random);
        sizes.resize(3);
      }
      for (const std::int64_t size : sizes) {
        f.elements = size;
        EXPECT_EQ(one.finalize(f, std::as_writable_bytes(std::span(results))), std::nullopt);
        int tried = 0;
        for (std::size_t output = 0; output < members.size() && tried < 5; ++output) {
          const auto& places = members[output];
          if (static_cast<std::int64_t>(places.size()) != size) continue;
          ++tried;
          const bool paired = f.weighted || reduction_info(f.reduction).inputs == 2;
          std::vector<Element> a, b;
          std::int64_t missing_a = 0, missing_b = 0;
          for (const std::size_t i : places) {
            a.push_back(columns[paired ? 2 : 0].get(i));
            b.push_back(columns[paired ? 3 : 1].get(i));
            missing_a += columns[0].get(i).missing() ? 1 : 0;
            missing_b += columns[1].get(i).missing() ? 1 : 0;
          }
          const double right = expected(f, a, b, missing_a, missing_b);
          ASSERT_TRUE(same(results[output], right))
              << results[output] << " is not " << right << ": " << (f.weighted ? "weighted " : "")
              << reduction_info(f.reduction).name << " ddof " << f.ddof << " of " << type_name(columns[x].type) << ", "
              << type_name(columns[y].type) << ", output " << output << " of " << outputs << ", " << size << " elements, round "
              << round;
        }
      }
    }
  }
}

double reduced(Reduction reduction, const std::vector<double>& values, SumMode mode = SumMode::exact) {
  const Program program = program_of({{ElementType::float64, {}}});
  const std::vector<Aggregate> aggregates = aggregates_of(reduction, false, true, {0}, {0});
  Accumulators sums(program, aggregates, 1, mode, INT64_MAX);
  for (std::size_t first = 0; first < values.size(); first += 1024) {
    const void* const tile[] = {values.data() + first};
    sums.update(1, static_cast<int>(std::min<std::size_t>(1024, values.size() - first)), tile, {}, {});
  }
  Finalizer f{reduction, false, true, 0, 0, 0, ElementType::float64, {}};
  for (std::size_t i = 0; i < aggregates.size(); ++i) f.aggregates.push_back(static_cast<int>(i));
  return std::get<double>(finalized(sums, f)[0]);
}

TEST(Accumulate, IllConditionedSumsAndVariances) {
  EXPECT_EQ(reduced(Reduction::sum, {1e100, 1, -1e100}), 1);
  EXPECT_EQ(reduced(Reduction::sum, {1e308, 1e308, -1e308}), 1e308);
  EXPECT_EQ(reduced(Reduction::mean, {1.7e308, 1.7e308}), 1.7e308);
  EXPECT_EQ(reduced(Reduction::sum, {1e308, 1e308}), kInfinity);
  EXPECT_EQ(reduced(Reduction::sum, {1, 0x1p-53, 0x1p-1074}), 1 + 0x1p-52);
  EXPECT_EQ(reduced(Reduction::sum, {1, 0x1p-53}), 1);
  EXPECT_TRUE(same(reduced(Reduction::sum, {-0.0}), 0.0));
  std::vector<double> alternating;
  for (int i = 0; i < 100000; ++i) alternating.push_back(1e9 + (i % 2 == 0 ? 1 : -1));
  EXPECT_EQ(reduced(Reduction::var, alternating), 1);
  EXPECT_EQ(reduced(Reduction::std, alternating), 1);
  EXPECT_EQ(reduced(Reduction::mean, alternating, SumMode::fast), 1e9);
}

}  // namespace
}  // namespace xylem
