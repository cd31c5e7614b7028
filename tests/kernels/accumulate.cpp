#include <gtest/gtest.h>

#include "xylem/support/error.hpp"

#include "kernels/accumulate_oracle.hpp"

namespace xylem {
namespace {

Number number_of(const Column& column, std::size_t i) {
  const Element e = column.get(i);
  if (is_floating(column.type)) return e.approximate;
  const BigInt value = e.units >> unit_places;
  if (is_signed_integer(column.type)) return static_cast<std::int64_t>(value);
  return static_cast<std::uint64_t>(value);
}

// -0.0 below +0.0
bool is_below(const Number& a, const Number& b) {
  const auto* x = std::get_if<double>(&a);
  if (x != nullptr && *x == std::get<double>(b)) return std::signbit(*x) && !std::signbit(std::get<double>(b));
  return a < b;
}

TEST(Accumulate, ExtremesPositionsTruthsAndCountsOfAllTypes) {
  Random random(8);
  for (int round = 0; round < 240; ++round) {
    const ElementType type = kElementTypes[static_cast<std::size_t>(round) % kElementTypes.size()];
    const std::size_t n = 1 + random() % 1200;
    const std::int64_t outputs = round % 4 == 0 ? 1 : 1 + static_cast<std::int64_t>(random() % 300);
    Flavour flavour = flavours[random() % flavours.size()];
    if (random() % 3 == 0) flavour = {0, 0, 0.6, 0.1};
    const std::vector<Column> columns{random_column(type, n, flavour, random)};
    const Program program = program_of(columns);
    const auto tiles = random_tiles(outputs, n, random);
    std::vector<std::vector<std::pair<std::int64_t, std::size_t>>> members(
        static_cast<std::size_t>(outputs));  // position, element
    for (const RandomTile& tile : tiles) {
      for_each(tile, [&](std::int64_t output, std::int64_t position, std::size_t i) {
        members[static_cast<std::size_t>(output)].emplace_back(position, i);
      });
    }
    const std::vector<Aggregate> aggregates{{AggregateKind::count, {0}},  {AggregateKind::min, {0}},
                                            {AggregateKind::max, {0}},    {AggregateKind::argmin, {0}},
                                            {AggregateKind::argmax, {0}}, {AggregateKind::first_missing, {0}},
                                            {AggregateKind::any, {0}},    {AggregateKind::all, {0}}};
    const Accumulators one = in_random_order(program, aggregates, outputs, SumMode::exact, tiles, columns, random);
    EXPECT_EQ(one.pack(), in_random_order(program, aggregates, outputs, SumMode::exact, tiles, columns, random).pack());
    EXPECT_LE(one.memory(), aggregate_memory(program, aggregates, outputs, SumMode::exact, Spread::wide));

    const bool skipna = random() % 2 == 0;
    const ElementType extreme = is_floating(type) ? type : random() % 2 == 0 ? ElementType::float64 : type;
    const auto results = [&](Reduction reduction, ElementType result, std::vector<int> parts, std::int64_t elements) {
      return finalized(one, {reduction, false, skipna, 0, 0, elements, result, std::move(parts)});
    };
    for (std::size_t output = 0; output < members.size(); ++output) {
      auto& all = members[output];
      std::ranges::sort(all);
      if (output % 7 != 0) continue;
      std::int64_t count = 0, missing = -1, least = -1, greatest = -1, any = 0, every = 1;
      std::optional<Number> min, max, first_min, first_max;
      for (const auto& [position, i] : all) {
        const Number x = number_of(columns[0], i);
        const bool truth = std::visit([](auto v) { return v != decltype(v){0}; }, x);
        any = any | (truth ? 1 : 0);
        every = every & (truth ? 1 : 0);
        if (columns[0].get(i).missing()) {
          if (missing < 0) missing = position;
          continue;
        }
        ++count;
        if (!min || is_below(x, *min)) min = x;
        if (!max || is_below(*max, x)) max = x;
        if (!first_min || x < *first_min) first_min = x, least = position;
        if (!first_max || *first_max < x) first_max = x, greatest = position;
      }
      const auto elements = static_cast<std::int64_t>(all.size());
      const bool lost = !skipna && count < elements;
      if (is_floating(extreme) || count > 0) {
        const Number nothing = kNan;
        EXPECT_TRUE(
            same(results(Reduction::min, extreme, {0, 1}, elements)[output], lost || !min ? nothing : convert(*min, extreme)));
        EXPECT_TRUE(
            same(results(Reduction::max, extreme, {0, 2}, elements)[output], lost || !max ? nothing : convert(*max, extreme)));
      }
      const auto place = [&](std::int64_t found) { return Number(!skipna && missing >= 0 ? missing : found); };
      EXPECT_EQ(results(Reduction::argmin, ElementType::int64, {3, 5}, elements)[output], place(least));
      EXPECT_EQ(results(Reduction::argmax, ElementType::int64, {4, 5}, elements)[output], place(greatest));
      EXPECT_EQ(results(Reduction::count, ElementType::int64, {0}, elements)[output], Number(count));
      EXPECT_EQ(results(Reduction::any, ElementType::boolean, {6}, elements)[output], Number(static_cast<std::uint64_t>(any)));
      EXPECT_EQ(results(Reduction::all, ElementType::boolean, {7}, elements)[output], Number(static_cast<std::uint64_t>(every)));
    }
  }
}

TEST(Accumulate, ZerosOfBothSigns) {
  const Program program = program_of({{ElementType::float32, {}}});
  const std::vector<Aggregate> aggregates{{AggregateKind::count, {0}},
                                          {AggregateKind::min, {0}},
                                          {AggregateKind::max, {0}},
                                          {AggregateKind::argmin, {0}},
                                          {AggregateKind::argmax, {0}}};
  for (const std::vector<float>& zeros :
       {std::vector<float>{0.0F, -0.0F}, {-0.0F, 0.0F}, {0.0F, -0.0F, std::numeric_limits<float>::quiet_NaN()}}) {
    Accumulators one(program, aggregates, 1, SumMode::exact, INT64_MAX);
    const void* const tile[] = {zeros.data()};
    one.update(1, static_cast<int>(zeros.size()), tile, {}, {0, 0, 1});
    const auto result = [&](Reduction reduction, ElementType type, std::vector<int> parts) {
      return finalized(one, {reduction, false, true, 0, 0, 0, type, std::move(parts)})[0];
    };
    EXPECT_TRUE(same(result(Reduction::min, ElementType::float32, {0, 1}), Number(-0.0)));
    EXPECT_TRUE(same(result(Reduction::max, ElementType::float32, {0, 2}), Number(0.0)));
    EXPECT_EQ(result(Reduction::argmin, ElementType::int64, {3}), Number(std::int64_t{0}));
    EXPECT_EQ(result(Reduction::argmax, ElementType::int64, {4}), Number(std::int64_t{0}));
  }
}

// Sums and dot products of integers are exact, or the first result that does not fit is named; products likewise.
TEST(Accumulate, IntegersAreExactOrNamed) {
  Random random(9);
  int too_large_seen = 0;
  for (int round = 0; round < 300; ++round) {
    ElementType type = kElementTypes[random() % 9];
    const std::size_t n = 1 + random() % 40;
    const std::int64_t outputs = 1 + static_cast<std::int64_t>(random() % 4);
    const std::vector<Column> columns{random_column(type, n, {}, random), random_column(type, n, {}, random)};
    const Program program = program_of(columns);
    const auto tiles = random_tiles(outputs, n, random);
    const std::vector<Aggregate> aggregates{
        {AggregateKind::count, {0}}, {AggregateKind::sum, {0}}, {AggregateKind::sum, {0, 1}}, {AggregateKind::product, {0}}};
    const SumMode mode = random() % 2 == 0 ? SumMode::exact : SumMode::fast;  // of integers there is only one
    const Accumulators one = in_random_order(program, aggregates, outputs, mode, tiles, columns, random);
    const bool is_signed = !is_unsigned_integer(type);
    const ElementType result = is_signed ? ElementType::int64 : ElementType::uint64;
    std::vector<BigInt> sums(static_cast<std::size_t>(outputs)), dots(sums), products(sums);
    for (BigInt& product : products) product = 1;
    for (const RandomTile& tile : tiles) {
      for_each(tile, [&](std::int64_t output, std::int64_t, std::size_t i) {
        const BigInt x = columns[0].get(i).units >> unit_places, y = columns[1].get(i).units >> unit_places;
        const auto o = static_cast<std::size_t>(output);
        sums[o] += x;
        dots[o] += x * y;
        products[o] *= x;
      });
    }
    const auto check = [&](Reduction reduction, int part, const std::vector<BigInt>& right) {
      std::optional<std::int64_t> too_large, expected_place;
      const auto numbers = finalized(one, {reduction, false, true, 0, 0, 0, result, {0, part}}, &too_large);
      for (std::size_t o = 0; o < right.size(); ++o) {
        const bool fits = is_signed ? right[o] >= INT64_MIN && right[o] <= INT64_MAX : right[o] >= 0 && right[o] <= UINT64_MAX;
        if (!fits) {
          if (!expected_place) expected_place = static_cast<std::int64_t>(o);
          ++too_large_seen;
        } else {
          EXPECT_EQ(numbers[o],
                    is_signed ? Number(static_cast<std::int64_t>(right[o])) : Number(static_cast<std::uint64_t>(right[o])));
        }
      }
      EXPECT_EQ(too_large, expected_place);
    };
    // dot() counts elements that are not missing, of which integers have none.
    check(Reduction::sum, 1, sums);
    check(Reduction::prod, 3, products);
    const auto real = finalized(one, {Reduction::sum, false, true, 0, 0, 0, ElementType::float64, {0, 2}});
    for (std::size_t o = 0; o < dots.size(); ++o) EXPECT_TRUE(same(std::get<double>(real[o]), nearest_quotient(dots[o], 1, 0)));
  }
  EXPECT_GT(too_large_seen, 20);
}

TEST(Accumulate, ProductsOfFloatsNeitherOverflowNorUnderflowOnTheWay) {
  const std::vector<std::pair<std::vector<double>, double>> cases{{{}, 1},
                                                                  {{1e300, 1e300, 1e-300, 1e-300, 3}, 3},
                                                                  {{-1e300, 1e300}, -kInfinity},
                                                                  {{5e-324, 5e-324}, 0.0},
                                                                  {{kNan, 2, 3}, 6},
                                                                  {{kInfinity, -2}, -kInfinity},
                                                                  {{kInfinity, 0}, kNan},
                                                                  {{-0.0, 3}, -0.0},
                                                                  {{5e-324, 3}, 15e-324}};
  for (const auto& [values, right] : cases) {
    const Program program = program_of({{ElementType::float64, {}}});
    const std::vector<Aggregate> aggregates = aggregates_of(Reduction::prod, false, true, {0}, {0});
    Accumulators one(program, aggregates, 1, SumMode::exact, INT64_MAX), other(program, aggregates, 1, SumMode::exact, INT64_MAX);
    for (const double& value : values) {
      const void* const tile[] = {&value};
      one.update(1, 1, tile, {}, {});
      other.combine_packed(one.pack());
      one = Accumulators(program, aggregates, 1, SumMode::exact, INT64_MAX);
    }
    const double result =
        std::get<double>(finalized(other, {Reduction::prod, false, true, 0, 0, 0, ElementType::float64, {0, 1}})[0]);
    if (std::isfinite(right) && right != 0) {
      EXPECT_DOUBLE_EQ(result, right);
    } else {
      EXPECT_TRUE(same(result, right)) << result << " is not " << right;
    }
  }
}

TEST(Accumulate, MemoryIsLimited) {
  const Program program = program_of({{ElementType::float64, {}}});
  const std::vector<Aggregate> aggregates = aggregates_of(Reduction::var, false, true, {0}, {0});
  EXPECT_THROW(Accumulators(program, aggregates, 1000000, SumMode::exact, 1000), ResourceError);
  const std::int64_t usual = aggregate_memory(program, aggregates, 1000, SumMode::exact, Spread::wide);
  Accumulators sums(program, aggregates, 1000, SumMode::exact, usual);
  std::vector<double> values(1000, 280.5);
  const void* const tile[] = {values.data()};
  sums.update(1, 1000, tile, {0, 0, 1}, {});
  EXPECT_LE(sums.memory(), usual);
  values[3] = 1e-300;
  try {
    sums.update(1, 1000, tile, {0, 0, 1}, {});
    FAIL() << "values 2^1000 apart in usual memory";
  } catch (const ResourceError& error) {
    EXPECT_NE(std::string(error.what()).find("KiB"), std::string::npos) << error.what();
  }
}

TEST(Accumulate, PackedStatesOfOtherKindsAreRefused) {
  const Program program = program_of({{ElementType::float64, {}}});
  const Accumulators one(program, aggregates_of(Reduction::mean, false, true, {0}, {0}), 3, SumMode::exact, INT64_MAX);
  Accumulators other(program, aggregates_of(Reduction::var, false, true, {0}, {0}), 3, SumMode::exact, INT64_MAX);
  EXPECT_THROW(other.combine_packed(one.pack()), InternalError);
  EXPECT_THROW(other.combine(one), InternalError);
  EXPECT_THROW(other.combine_packed(other.pack().substr(0, 40)), InternalError);
  EXPECT_THROW(other.combine_packed(other.pack() + "x"), InternalError);
}

}  // namespace
}  // namespace xylem
