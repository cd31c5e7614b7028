#pragma once

#include <boost/multiprecision/cpp_int.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <optional>
#include <random>
#include <vector>

#include "xylem/kernels/accumulate.hpp"

/// Random elements in random tiles, and an oracle that finds what becomes of them exactly.
namespace xylem {

using BigInt = boost::multiprecision::cpp_int;
using Random = std::mt19937_64;

inline constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
inline constexpr double kInfinity = std::numeric_limits<double>::infinity();

// An exact oracle: numbers are integers of units of 2^-1074, and results are found by bisection among all doubles.
inline constexpr int unit_places = 1074;

// Not inlined: GCC 16 would warn of copies in it that cannot be.
[[gnu::noinline]] inline BigInt shifted(const BigInt& x, int places) { return x << places; }

inline BigInt units_of(double x) {
  int exponent = 0;
  const auto mantissa = static_cast<std::int64_t>(std::ldexp(std::frexp(x, &exponent), 53));
  const int shift = exponent - 53 + unit_places;
  return shift >= 0 ? shifted(mantissa, shift) : BigInt(mantissa >> -shift);  // subnormals have zeros there
}

// The double nearest to a number of which exceeds(units, places) tells whether it lies above units * 2^-places. Not negative.
inline double nearest(const std::function<int(const BigInt&, int)>& compare) {
  std::uint64_t low = 0, high = std::bit_cast<std::uint64_t>(kInfinity);
  const auto units = [](std::uint64_t bits) {
    const double x = std::bit_cast<double>(bits);
    return std::isinf(x) ? shifted(1, 1024 + unit_places) : units_of(x);
  };
  while (high - low > 1) {
    const std::uint64_t middle = (low + high) / 2;
    (compare(units(middle), unit_places) >= 0 ? low : high) = middle;
  }
  const int side = compare(units(low) + units(high), unit_places + 1);
  return std::bit_cast<double>(side > 0 || (side == 0 && low % 2 == 1) ? high : low);
}

// numerator / denominator * 2^-places
inline double nearest_quotient(const BigInt& numerator, const BigInt& denominator, int places) {
  const BigInt magnitude = abs(numerator);
  const double result = nearest(
      [&](const BigInt& q, int q_places) { return BigInt(magnitude << q_places).compare(BigInt(q * denominator) << places); });
  return numerator < 0 ? -result : result;
}

// sqrt(numerator / denominator * 2^-places)
inline double nearest_root(const BigInt& numerator, const BigInt& denominator, int places) {
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

inline Column random_column(ElementType type, std::size_t n, const Flavour& flavour, Random& random) {
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
inline Column masked(const Column& column, const Column& other, std::size_t n) {
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

inline ExactSumOf sum_of(const std::vector<const std::vector<Element>*>& factors) {
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
inline double expected(const Finalizer& f, const std::vector<Element>& x, const std::vector<Element>& y, std::int64_t missing_x,
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

inline bool same(double a, double b) {
  return (std::isnan(a) && std::isnan(b)) || std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

inline bool same(const Number& a, const Number& b) {
  const auto* x = std::get_if<double>(&a);
  const auto* y = std::get_if<double>(&b);
  return x != nullptr && y != nullptr ? same(*x, *y) : a == b;
}

inline Program program_of(const std::vector<Column>& columns) {
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

inline std::vector<RandomTile> random_tiles(std::int64_t outputs, std::size_t elements, Random& random) {
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

inline void add(Accumulators& accumulators, const RandomTile& tile, const std::vector<Column>& columns) {
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
inline Accumulators in_random_order(const Program& program, const std::vector<Aggregate>& aggregates, std::int64_t outputs,
                                    SumMode mode, std::vector<RandomTile> tiles, const std::vector<Column>& columns,
                                    Random& random) {
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

inline const std::vector<Flavour> flavours{{-3, 8, 0, 0},         {-30, 30, 0.1, 0},         {-30, 30, 0.1, 0.01},
                                           {-400, 400, 0, 0},     {-1074, 1023, 0.2, 0.002}, {-1074, -1000, 0, 0},
                                           {1000, 1023, 0.01, 0}, {-140, 120, 0, 0},         {0, 0, 0.9, 0}};

inline ElementType random_type(Random& random) {
  if (random() % 3 != 0) return random() % 2 == 0 ? ElementType::float32 : ElementType::float64;
  return kElementTypes[random() % kElementTypes.size()];
}

// The bits of results of any type.
inline std::vector<Number> finalized(const Accumulators& accumulators, Finalizer f,
                                     std::optional<std::int64_t>* too_large = nullptr) {
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

struct Case {
  Finalizer finalizer;
  std::vector<Aggregate> aggregates;
};

}  // namespace xylem
