#include "xylem/kernels/accumulate.hpp"

#include <boost/multiprecision/cpp_int.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <random>

#include "xylem/support/error.hpp"

namespace xylem {
namespace {

using BigInt = boost::multiprecision::cpp_int;
using Random = std::mt19937_64;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// An exact oracle: numbers are integers of units of 2^-1074, and results are found by bisection among all doubles.
constexpr int unit_places = 1074;

BigInt units_of(double x) {
  int exponent = 0;
  const auto mantissa = static_cast<std::int64_t>(std::ldexp(std::frexp(x, &exponent), 53));
  const int shift = exponent - 53 + unit_places;
  return shift >= 0 ? BigInt(mantissa) << shift : BigInt(mantissa >> -shift);  // subnormals have zeros there
}

// The double nearest to a number of which exceeds(units, places) tells whether it lies above units * 2^-places. Not negative.
double nearest(const std::function<int(const BigInt&, int)>& compare) {
  std::uint64_t low = 0, high = std::bit_cast<std::uint64_t>(kInfinity);
  const auto units = [](std::uint64_t bits) {
    const double x = std::bit_cast<double>(bits);
    return std::isinf(x) ? BigInt(1) << (1024 + unit_places) : units_of(x);
  };
  while (high - low > 1) {
    const std::uint64_t middle = (low + high) / 2;
    (compare(units(middle), unit_places) >= 0 ? low : high) = middle;
  }
  const int side = compare(units(low) + units(high), unit_places + 1);
  return std::bit_cast<double>(side > 0 || (side == 0 && low % 2 == 1) ? high : low);
}

// numerator / denominator * 2^-places
double nearest_quotient(const BigInt& numerator, const BigInt& denominator, int places) {
  const BigInt magnitude = abs(numerator);
  const double result = nearest(
      [&](const BigInt& q, int q_places) { return BigInt(magnitude << q_places).compare(BigInt(q * denominator) << places); });
  return numerator < 0 ? -result : result;
}

// sqrt(numerator / denominator * 2^-places)
double nearest_root(const BigInt& numerator, const BigInt& denominator, int places) {
  return nearest([&](const BigInt& q, int q_places) {
    return BigInt(numerator << (2 * q_places)).compare(BigInt(q * q * denominator) << places);
  });
}

// One element of any type.
struct Element {
  double approximate = 0;  // tells what is missing or infinite
  BigInt units{};          // of finite ones
  [[nodiscard]] bool missing() const { return std::isnan(approximate); }
  [[nodiscard]] bool infinite() const { return std::isinf(approximate); }
};

template <class T>
Element element(T value) {
  Element result{static_cast<double>(value), 0};
  if constexpr (std::is_floating_point_v<T>) {
    if (std::isfinite(value)) result.units = units_of(value);
  } else {
    result.units = BigInt(value) << unit_places;
  }
  return result;
}

// Elements of one type, in the form that tiles have.
struct Column {
  ElementType type{};
  std::vector<std::byte> bytes{};

  [[nodiscard]] std::size_t size() const {
    return static_cast<std::size_t>(type == ElementType::float16 ? 4 : element_size(type));
  }
  [[nodiscard]] Element get(std::size_t i) const {
    const std::byte* at = bytes.data() + i * size();
    const auto as = [&](auto value) {
      std::memcpy(&value, at, sizeof value);
      return element(value);
    };
    switch (type) {
      case ElementType::int8: return as(std::int8_t{});
      case ElementType::int16: return as(std::int16_t{});
      case ElementType::int32: return as(std::int32_t{});
      case ElementType::int64: return as(std::int64_t{});
      case ElementType::uint16: return as(std::uint16_t{});
      case ElementType::uint32: return as(std::uint32_t{});
      case ElementType::uint64: return as(std::uint64_t{});
      case ElementType::float16:
      case ElementType::float32: return as(float{});
      case ElementType::float64: return as(double{});
      default: return as(std::uint8_t{});
    }
  }
  template <class T>
  void push(T value) {
    const auto* from = reinterpret_cast<const std::byte*>(&value);
    bytes.insert(bytes.end(), from, from + sizeof value);
  }
  void push_bits(std::uint64_t bits) {
    const auto* from = reinterpret_cast<const std::byte*>(&bits);  // little-endian hosts
    bytes.insert(bytes.end(), from, from + size());
  }
};

// How random floats look.
struct Flavour {
  int min_exponent, max_exponent;
  double missing, special;
};

Column random_column(ElementType type, std::size_t n, const Flavour& flavour, Random& random) {
  Column column{type, {}};
  const auto chance = [&](double p) { return std::uniform_real_distribution<double>(0, 1)(random) < p; };
  for (std::size_t i = 0; i < n; ++i) {
    if (!is_floating(type)) {
      const std::uint64_t bits = random() >> (random() % 3 == 0 ? random() % 64 : 0);
      column.push_bits(type == ElementType::boolean ? bits % 2 : random() % 5 == 0 ? 0 - (bits % 100) : bits);
      continue;
    }
    const int least = type == ElementType::float64 ? -1074 : type == ElementType::float32 ? -149 : -24;
    const int most = type == ElementType::float64 ? 1023 : type == ElementType::float32 ? 127 : 15;
    const int low = std::clamp(flavour.min_exponent, least, most), high = std::clamp(flavour.max_exponent, low, most);
    double x = std::ldexp(1 + std::uniform_real_distribution<double>(0, 1)(random),
                          std::uniform_int_distribution<int>(low, high)(random));
    if (type == ElementType::float64) x = std::isinf(x) ? 1e308 : x;
    if (type == ElementType::float32)
      x = std::min<double>(static_cast<float>(std::min(x, 3e38)), std::numeric_limits<float>::max());
    if (type == ElementType::float16) x = std::get<double>(convert(Number(std::min(x, 65504.0)), ElementType::float16));
    if (chance(0.4)) x = -x;
    if (chance(0.05)) x = chance(0.5) ? 0.0 : -0.0;
    if (chance(flavour.special)) x = chance(0.5) ? kInfinity : -kInfinity;
    if (chance(flavour.missing)) x = chance(0.5) ? kNan : -kNan;
    if (type == ElementType::float64) {
      column.push(x);
    } else {
      column.push(static_cast<float>(x));
    }
  }
  return column;
}

// `column` missing where the other is; integers become floats for it.
Column masked(const Column& column, const Column& other, std::size_t n) {
  Column result{is_floating(column.type) ? column.type : ElementType::float64, {}};
  for (std::size_t i = 0; i < n; ++i) {
    const double value = other.get(i).missing() ? kNan : column.get(i).approximate;
    if (result.type == ElementType::float64) {
      result.push(value);
    } else {
      result.push(static_cast<float>(value));
    }
  }
  return result;
}

struct ExactSumOf {
  BigInt units = 0;
  double special = 0;
};

ExactSumOf sum_of(const std::vector<const std::vector<Element>*>& factors) {
  ExactSumOf sum;
  for (std::size_t i = 0; i < factors[0]->size(); ++i) {
    BigInt product = 1;
    double approximate = 1;
    bool missing = false, infinite = false;
    for (const auto* factor : factors) {
      const Element& e = (*factor)[i];
      missing = missing || e.missing();
      infinite = infinite || e.infinite();
      approximate *= e.approximate == 0 || e.infinite() ? e.approximate : std::copysign(1.0, e.approximate);
      product *= e.units;
    }
    if (missing) continue;
    if (infinite) {
      sum.special += approximate;
    } else {
      sum.units += product;
    }
  }
  return sum;
}

// The exact result as a double, of elements of x and (cov, corr, dot) y or weights.
double expected(const Finalizer& f, const std::vector<Element>& x, const std::vector<Element>& y, std::int64_t missing_x,
                std::int64_t missing_y) {
  const Reduction reduction = f.reduction;
  const auto present = std::ranges::count_if(x, [](const Element& e) { return !e.missing(); });
  const BigInt n = present;
  constexpr int u = unit_places;
  if (f.weighted) {
    if (missing_y > 0 || (!f.skipna && missing_x > 0)) return kNan;
    const ExactSumOf w = sum_of({&y}), wx = sum_of({&x, &y}), wxx = sum_of({&x, &x, &y});
    if (reduction == Reduction::sum) return wx.special != 0 ? wx.special : nearest_quotient(wx.units, 1, 2 * u);
    if (w.special != 0 || w.units == 0) return kNan;
    if (reduction == Reduction::mean) {
      if (wx.special != 0) return w.units < 0 ? -wx.special : wx.special;
      return nearest_quotient(w.units < 0 ? BigInt(-wx.units) : wx.units, abs(w.units), u);
    }
    if (wx.special != 0) return kNan;
    const BigInt centered = w.units * wxx.units - wx.units * wx.units;
    if (reduction == Reduction::var) return nearest_quotient(centered, w.units * w.units, 2 * u);
    return centered < 0 ? kNan : nearest_root(centered, w.units * w.units, 2 * u);
  }
  const bool skips = f.skipna && reduction != Reduction::dot;
  const bool takes = reduction_info(reduction).takes_skipna || reduction == Reduction::dot;
  if (takes && !skips && present < static_cast<std::int64_t>(x.size())) return kNan;
  if (present < f.min_count) return kNan;
  const ExactSumOf sx = sum_of({&x});
  const ExactSumOf xx = sum_of({&x, &x});
  switch (reduction) {
    case Reduction::sum: return sx.special != 0 ? sx.special : nearest_quotient(sx.units, 1, u);
    case Reduction::mean:
      if (present == 0) return kNan;
      return sx.special != 0 ? sx.special : nearest_quotient(sx.units, n, u);
    case Reduction::var:
    case Reduction::std: {
      if (present <= f.ddof || present == 0 || xx.special != 0) return kNan;
      const BigInt centered = n * xx.units - sx.units * sx.units;
      const BigInt divisor = n * (n - f.ddof);
      return reduction == Reduction::var ? nearest_quotient(centered, divisor, 2 * u) : nearest_root(centered, divisor, 2 * u);
    }
    default: break;
  }
  const ExactSumOf sy = sum_of({&y}), xy = sum_of({&x, &y}), yy = sum_of({&y, &y});
  if (reduction == Reduction::dot) return xy.special != 0 ? xy.special : nearest_quotient(xy.units, 1, 2 * u);
  if (present == 0 || xx.special != 0 || yy.special != 0) return kNan;
  const BigInt centered = n * xy.units - sx.units * sy.units;
  if (reduction == Reduction::cov) return present <= f.ddof ? kNan : nearest_quotient(centered, n * (n - f.ddof), 2 * u);
  const BigInt cx = n * xx.units - sx.units * sx.units, cy = n * yy.units - sy.units * sy.units;
  if (cx == 0 || cy == 0) return kNan;
  const double magnitude = nearest_root(centered * centered, cx * cy, 0);
  return centered < 0 ? -magnitude : magnitude;
}

bool same(double a, double b) {
  return (std::isnan(a) && std::isnan(b)) || std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

Program program_of(const std::vector<Column>& columns) {
  Program program;
  for (const Column& column : columns) program.values.push_back({column.type, InputValue{0}});
  return program;
}

// A tile of elements, and where they go.
struct RandomTile {
  int rows, cols;
  TileMap output, position;
  std::size_t first;  // element in the columns
};

std::vector<RandomTile> random_tiles(std::int64_t outputs, std::size_t elements, Random& random) {
  const auto up_to = [&](std::int64_t n) { return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(n + 1)); };
  std::vector<RandomTile> tiles;
  std::size_t first = 0;
  std::int64_t position = 0;
  while (first < elements) {
    int rows = 1 + static_cast<int>(up_to(up_to(2) == 0 ? 40 : 5)), cols = 1 + static_cast<int>(up_to(up_to(2) == 0 ? 200 : 9));
    while (rows * cols > 2048) rows = (rows + 1) / 2;
    while (static_cast<std::size_t>(rows * cols) > elements - first) (rows > 1 ? rows : cols) = (rows > 1 ? rows : cols) / 2;
    const std::int64_t strides[] = {0, 0, 1, 1, -1, 3, cols, up_to(7)};
    TileMap map{0, strides[up_to(7)], strides[up_to(7)]};
    const auto span = [&](std::int64_t stride, std::int64_t n) { return std::abs(stride) * (n - 1); };
    if (span(map.row, rows) + span(map.col, cols) >= outputs) map.row = 0;
    if (span(map.col, cols) >= outputs) map.col = 0;
    const std::int64_t room = outputs - 1 - span(map.row, rows) - span(map.col, cols);
    map.first = up_to(room) + (map.row < 0 ? span(map.row, rows) : 0) + (map.col < 0 ? span(map.col, cols) : 0);
    const bool turned = up_to(1) == 0;  // positions need not grow along the tile
    const TileMap place{position, turned ? 1 : cols, turned ? rows : 1};
    tiles.push_back({rows, cols, map, place, first});
    first += static_cast<std::size_t>(rows * cols);
    position += rows * cols;
  }
  return tiles;
}

void add(Accumulators& accumulators, const RandomTile& tile, const std::vector<Column>& columns) {
  std::vector<const void*> values;
  for (const Column& column : columns) values.push_back(column.bytes.data() + tile.first * column.size());
  accumulators.update(tile.rows, tile.cols, values, tile.output, tile.position);
}

template <class F>
void for_each(const RandomTile& tile, F f) {
  for (int r = 0; r < tile.rows; ++r) {
    for (int c = 0; c < tile.cols; ++c) {
      f(tile.output.first + r * tile.output.row + c * tile.output.col,
        tile.position.first + r * tile.position.row + c * tile.position.col,
        tile.first + static_cast<std::size_t>(r * tile.cols + c));
    }
  }
}

// All tiles in any order, dealt to several accumulators that are combined or sent in any order.
Accumulators in_random_order(const Program& program, const std::vector<Aggregate>& aggregates, std::int64_t outputs, SumMode mode,
                             std::vector<RandomTile> tiles, const std::vector<Column>& columns, Random& random) {
  std::shuffle(tiles.begin(), tiles.end(), random);
  std::vector<Accumulators> all;
  const std::size_t parts = 1 + random() % 4;
  for (std::size_t i = 0; i < parts; ++i) all.emplace_back(program, aggregates, outputs, mode, INT64_MAX);
  for (const RandomTile& tile : tiles) add(all[random() % parts], tile, columns);
  while (all.size() > 1) {
    if (random() % 2 == 0) {
      all[0].combine(all.back());
    } else {
      all[0].combine_packed(all.back().pack());
    }
    all.pop_back();
    std::swap(all.front(), all[random() % all.size()]);
  }
  return std::move(all[0]);
}

const std::vector<Flavour> flavours{{-3, 8, 0, 0},         {-30, 30, 0.1, 0},         {-30, 30, 0.1, 0.01},
                                    {-400, 400, 0, 0},     {-1074, 1023, 0.2, 0.002}, {-1074, -1000, 0, 0},
                                    {1000, 1023, 0.01, 0}, {-140, 120, 0, 0},         {0, 0, 0.9, 0}};

ElementType random_type(Random& random) {
  if (random() % 3 != 0) return random() % 2 == 0 ? ElementType::float32 : ElementType::float64;
  return kElementTypes[random() % kElementTypes.size()];
}

struct Case {
  Finalizer finalizer;
  std::vector<Aggregate> aggregates;
};

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
    EXPECT_LE(one.memory(), aggregate_memory(program, aggregates, outputs, SumMode::exact, false));

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

// The bits of results of any type.
std::vector<Number> finalized(const Accumulators& accumulators, Finalizer f, std::optional<std::int64_t>* too_large = nullptr) {
  const auto size = static_cast<std::size_t>(element_size(f.result));
  std::vector<std::byte> bytes(static_cast<std::size_t>(accumulators.outputs()) * size);
  const auto place = accumulators.finalize(f, bytes);
  if (too_large != nullptr) *too_large = place;
  std::vector<Number> numbers;
  for (std::size_t i = 0; i < bytes.size(); i += size) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, bytes.data() + i, size);
    if (f.result == ElementType::float64) {
      numbers.push_back(std::bit_cast<double>(bits));
    } else if (f.result == ElementType::float32) {
      numbers.push_back(double{std::bit_cast<float>(static_cast<std::uint32_t>(bits))});
    } else if (f.result == ElementType::float16) {
      const auto fraction = static_cast<double>(bits & 0x3ff);
      const auto exponent = static_cast<int>(bits >> 10 & 31);
      double x = exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
      if (exponent == 31) x = fraction == 0 ? kInfinity : kNan;
      numbers.push_back(bits >> 15 != 0 ? -x : x);
    } else if (is_signed_integer(f.result)) {
      const auto unused = static_cast<int>(64 - 8 * size);
      numbers.push_back(static_cast<std::int64_t>(bits << unused) >> unused);
    } else {
      numbers.push_back(bits);
    }
  }
  return numbers;
}

bool same(const Number& a, const Number& b) {
  const auto* x = std::get_if<double>(&a);
  const auto* y = std::get_if<double>(&b);
  return x != nullptr && y != nullptr ? same(*x, *y) : a == b;
}

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
    EXPECT_LE(one.memory(), aggregate_memory(program, aggregates, outputs, SumMode::exact, true));

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

TEST(Accumulate, MemoryIsLimited) {
  const Program program = program_of({{ElementType::float64, {}}});
  const std::vector<Aggregate> aggregates = aggregates_of(Reduction::var, false, true, {0}, {0});
  EXPECT_THROW(Accumulators(program, aggregates, 1000000, SumMode::exact, 1000), ResourceError);
  const std::int64_t usual = aggregate_memory(program, aggregates, 1000, SumMode::exact, true);
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
