#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "xylem/support/error.hpp"

#include "detail/reference.hpp"

namespace xylem::detail {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

double to_double(const Number& value) {
  return std::visit([](auto v) { return static_cast<double>(v); }, value);
}
bool is_missing(const Number& value) { return std::isnan(to_double(value)); }

std::vector<double> to_doubles(const std::vector<Number>& values) {
  std::vector<double> result;
  for (const Number& value : values) result.push_back(to_double(value));
  return result;
}

// Unsigned integers in the order of a type's values, of key_bits().
std::uint64_t rank_key(const Number& value, ElementType type) {
  const int bits = key_bits(type);
  const std::uint64_t top = std::uint64_t{1} << (bits - 1), all = top | (top - 1);
  if (is_floating(type)) {
    const double number = to_double(value);
    const std::uint64_t stored =
        bits == 32 ? std::bit_cast<std::uint32_t>(static_cast<float>(number)) : std::bit_cast<std::uint64_t>(number);
    return (stored & top) != 0 ? ~stored & all : stored | top;
  }
  const std::uint64_t stored = std::visit([](auto v) { return static_cast<std::uint64_t>(v); }, value);
  return is_signed_integer(type) ? (stored ^ top) & all : stored;
}

// Exact integers: sums of up to 2^63 of 64 bits fit.
__extension__ using Wide = __int128;

Wide to_wide(const Number& value) {
  return std::visit([](auto v) { return static_cast<Wide>(v); }, value);
}

Number to_integer(Wide value, ElementType type, const char* what) {
  const bool is_signed = type == ElementType::int64;
  const Wide low = is_signed ? std::numeric_limits<std::int64_t>::min() : Wide{0};
  const Wide high = is_signed ? Wide{std::numeric_limits<std::int64_t>::max()} : Wide{std::numeric_limits<std::uint64_t>::max()};
  if (value < low || value > high) {
    throw DataError("the {} does not fit in {}; convert to float64 with astype first", what, type_name(type));
  }
  if (is_signed) return static_cast<std::int64_t>(value);
  return static_cast<std::uint64_t>(value);
}

Number integer_sum(const std::vector<Number>& values, ElementType type) {
  Wide sum = 0;
  for (const Number& value : values) sum += to_wide(value);
  return to_integer(sum, type, "sum");
}

Number integer_product(const std::vector<Number>& values, ElementType type) {
  if (std::ranges::any_of(values, [](const Number& value) { return to_wide(value) == 0; })) return convert(std::int64_t{0}, type);
  Wide product = 1;
  for (const Number& value : values) {
    if (__builtin_mul_overflow(product, to_wide(value), &product)) product = std::numeric_limits<std::int64_t>::max() * Wide{4};
    static_cast<void>(to_integer(product < 0 ? -product - 1 : product, ElementType::uint64, "product"));  // it never gets smaller
  }
  return to_integer(product, type, "product");
}

double real_product(const std::vector<double>& values) {
  long double product = 1;
  for (const double value : values) product *= value;
  return static_cast<double>(product);
}

// The sum of (a - mean a) (b - mean b), times weights where there are any, around means that need not be exact.
long double centered(const std::vector<double>& a, const std::vector<double>& b, const std::vector<double>& weights) {
  const auto weight = [&](std::size_t i) { return weights.empty() ? 1.0L : static_cast<long double>(weights[i]); };
  long double total = 0, mean_a = 0, mean_b = 0;
  for (std::size_t i = 0; i < a.size(); ++i) total += weight(i);
  for (std::size_t i = 0; i < a.size(); ++i) {
    mean_a += weight(i) * a[i] / total;
    mean_b += weight(i) * b[i] / total;
  }
  long double sum = 0, rest_a = 0, rest_b = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    sum += weight(i) * (a[i] - mean_a) * (b[i] - mean_b);
    rest_a += weight(i) * (a[i] - mean_a);
    rest_b += weight(i) * (b[i] - mean_b);
  }
  return sum - rest_a * rest_b / total;
}

double variance(const std::vector<double>& values, int ddof) {
  const auto n = static_cast<long double>(values.size());
  if (n <= ddof) return kNan;
  return static_cast<double>(centered(values, values, {}) / (n - ddof));
}

double mean(const std::vector<double>& values) {
  if (values.empty()) return kNan;
  const auto n = static_cast<double>(values.size());
  const double sum = exact_sum(values);
  if (!std::isinf(sum) || std::ranges::any_of(values, [](double value) { return std::isinf(value); })) return sum / n;
  std::vector<double> smaller;  // the sum overflows, which the mean does not
  for (const double value : values) smaller.push_back(std::ldexp(value, -64));
  return std::ldexp(exact_sum(smaller) / n, 64);
}

// The first place of the least or greatest value; -1 where there is none.
std::int64_t extreme(const std::vector<Number>& values, bool least, bool skipna) {
  std::int64_t best = -1;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto at = static_cast<std::int64_t>(i);
    if (is_missing(values[i])) {
      if (!skipna) return at;
      continue;
    }
    const Number* current = best < 0 ? nullptr : &values[static_cast<std::size_t>(best)];
    if (current == nullptr || (least ? values[i] < *current : values[i] > *current)) best = at;
  }
  return best;
}

double weighted(const ReductionNode& node, std::vector<double> values, std::vector<double> weights) {
  if (std::ranges::any_of(weights, [](double w) { return std::isnan(w); })) return kNan;
  for (std::size_t i = 0; i < values.size();) {
    if (node.skipna && std::isnan(values[i])) {
      values.erase(values.begin() + static_cast<std::ptrdiff_t>(i));
      weights.erase(weights.begin() + static_cast<std::ptrdiff_t>(i));
    } else {
      ++i;
    }
  }
  long double total = 0, sum = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    total += weights[i];
    sum += static_cast<long double>(values[i]) * weights[i];
  }
  if (node.reduction == Reduction::sum) return static_cast<double>(sum);
  if (total == 0) return kNan;
  if (node.reduction == Reduction::mean) return static_cast<double>(sum / total);
  const auto variance = static_cast<double>(centered(values, values, weights) / total);
  return node.reduction == Reduction::var ? variance : std::sqrt(variance);
}

Number paired(const ReductionNode& node, ElementType result, const std::vector<Number>& left, const std::vector<Number>& right) {
  std::vector<double> a, b;
  if (node.reduction == Reduction::dot) {
    if (!is_floating(result)) {
      Wide sum = 0, product = 0;
      for (std::size_t i = 0; i < left.size(); ++i) {
        if (__builtin_mul_overflow(to_wide(left[i]), to_wide(right[i]), &product) || __builtin_add_overflow(sum, product, &sum)) {
          throw DataError("the dot product does not fit in {}; convert to float64 with astype first", type_name(result));
        }
      }
      return to_integer(sum, result, "dot product");
    }
    long double sum = 0;
    for (std::size_t i = 0; i < left.size(); ++i) sum += static_cast<long double>(to_double(left[i])) * to_double(right[i]);
    return static_cast<double>(sum);
  }
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (is_missing(left[i]) || is_missing(right[i])) continue;
    a.push_back(to_double(left[i]));
    b.push_back(to_double(right[i]));
  }
  const auto n = static_cast<long double>(a.size());
  if (a.empty()) return kNan;
  const long double covariance = centered(a, b, {});
  if (node.reduction == Reduction::cov) return n > node.ddof ? static_cast<double>(covariance / (n - node.ddof)) : kNan;
  return static_cast<double>(covariance / std::sqrt(centered(a, a, {}) * centered(b, b, {})));
}

// By sorting; steps but the last have the first bits of what they look for.
Number quantile(const ReductionNode& node, const std::vector<Number>& all) {
  std::vector<Number> valid;
  for (const Number& value : all) {
    if (!is_missing(value)) valid.push_back(value);
  }
  if (node.quantile.shift == 0 && (valid.empty() || (!node.skipna && valid.size() < all.size()))) return kNan;
  if (valid.empty()) return std::uint64_t{0};
  std::ranges::sort(valid, [](const Number& a, const Number& b) {
    const auto* x = std::get_if<double>(&a);
    if (x == nullptr) return to_wide(a) < to_wide(b);
    const double y = std::get<double>(b);
    return *x < y || (*x == y && std::signbit(*x) && !std::signbit(y));
  });
  const double rank = node.quantile.q * static_cast<double>(valid.size() - 1);
  const auto first = static_cast<std::size_t>(rank);
  if (node.quantile.shift > 0) return rank_key(valid[first], node.inputs[0].dtype()) >> node.quantile.shift;
  const double low = to_double(valid[first]), high = to_double(valid[std::min(first + 1, valid.size() - 1)]);
  const double t = rank - static_cast<double>(first);
  if (low == high || t == 0) return low;
  return t < 0.5 ? low + (high - low) * t : high - (high - low) * (1 - t);
}

Number plain(const ReductionNode& node, ElementType result, const std::vector<Number>& all) {
  std::vector<Number> valid;
  for (const Number& value : all) {
    if (!is_missing(value)) valid.push_back(value);
  }
  const auto count = static_cast<std::int64_t>(valid.size());
  const auto truth = [](const Number& value) { return std::visit([](auto v) { return v != decltype(v){0}; }, value); };
  switch (node.reduction) {
    case Reduction::count: return count;
    case Reduction::any: return std::uint64_t{std::ranges::any_of(all, truth) ? 1U : 0U};
    case Reduction::all: return std::uint64_t{std::ranges::all_of(all, truth) ? 1U : 0U};
    case Reduction::argmin: return extreme(all, true, node.skipna);
    case Reduction::argmax: return extreme(all, false, node.skipna);
    default: break;
  }
  if ((!node.skipna && valid.size() < all.size()) || count < node.min_count) return kNan;
  const bool integral = !is_floating(result);
  switch (node.reduction) {
    case Reduction::sum: return integral ? integer_sum(valid, result) : Number(exact_sum(to_doubles(valid)));
    case Reduction::prod: return integral ? integer_product(valid, result) : Number(real_product(to_doubles(valid)));
    case Reduction::mean: return mean(to_doubles(valid));
    case Reduction::var: return variance(to_doubles(valid), node.ddof);
    case Reduction::std: return std::sqrt(variance(to_doubles(valid), node.ddof));
    default: break;
  }
  const std::int64_t place = extreme(valid, node.reduction == Reduction::min, true);
  if (place < 0) return kNan;
  Number best = valid[static_cast<std::size_t>(place)];
  for (const Number& value : valid) {  // -0.0 lies below +0.0
    if (value == Number(0.0) && value == best && std::signbit(std::get<double>(value)) == (node.reduction == Reduction::min))
      best = value;
  }
  return convert(best, result);
}

}  // namespace

double exact_sum(const std::vector<double>& values) {
  double special = 0;
  std::vector<double> rest[2];  // not negative, negative: taken such that no partial sum overflows unless the whole does
  for (const double value : values) {
    if (std::isfinite(value)) {
      rest[value < 0 ? 1 : 0].push_back(value);
    } else {
      special += value;
    }
  }
  std::vector<double> partials;  // their sum is exact, and no two overlap
  while (!rest[0].empty() || !rest[1].empty()) {
    std::vector<double>& opposite = rest[!partials.empty() && partials.back() > 0 ? 1 : 0];
    std::vector<double>& next = opposite.empty() ? rest[&opposite == rest ? 1 : 0] : opposite;
    double x = next.back();
    next.pop_back();
    std::size_t kept = 0;
    for (double y : partials) {
      if (std::fabs(x) < std::fabs(y)) std::swap(x, y);
      const double high = x + y, low = y - (high - x);
      if (low != 0) partials[kept++] = low;
      x = high;
    }
    if (!std::isfinite(x)) return special + x;
    partials.resize(kept);
    partials.push_back(x);
  }
  if (special != 0 || std::isnan(special)) return special;
  double high = 0, low = 0;
  while (!partials.empty()) {
    const double x = high, y = partials.back();
    partials.pop_back();
    high = x + y;
    low = y - (high - x);
    if (low != 0) break;
  }
  // Half a unit and a bit more in the same direction: the rounding to even above was wrong.
  if (!partials.empty() && ((low < 0 && partials.back() < 0) || (low > 0 && partials.back() > 0))) {
    const double y = 2 * low, x = high + y;
    if (y == x - high) high = x;
  }
  return high;
}

Number reduce_elements(const ReductionNode& node, ElementType result, const std::vector<std::vector<Number>>& lists) {
  if (node.custom) return reduce(*node.custom, lists, node.skipna);
  if (node.reduction == Reduction::quantile) return quantile(node, lists[0]);
  if (node.weighted) return weighted(node, to_doubles(lists[0]), to_doubles(lists[1]));
  return lists.size() == 2 ? paired(node, result, lists[0], lists[1]) : plain(node, result, lists[0]);
}

}  // namespace xylem::detail
