#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "xylem/support/error.hpp"
#include "xylem/support/json.hpp"

#include "detail/describe.hpp"
#include "detail/labels.hpp"

namespace xylem {
namespace {

template <class T>
T read_as(const std::vector<std::byte>& bytes) {
  T value{};
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

double half_to_double(std::uint16_t bits) {
  const int exponent = (bits >> 10) & 0x1F;
  const int mantissa = bits & 0x3FF;
  double value = exponent == 0 ? std::ldexp(mantissa, -24) : std::ldexp(mantissa + 1024, exponent - 25);
  if (exponent == 0x1F) value = mantissa == 0 ? HUGE_VAL : std::nan("");
  return (bits & 0x8000) != 0 ? -value : value;
}

std::int64_t read_signed(const std::vector<std::byte>& bytes) {
  switch (bytes.size()) {
    case 1: return read_as<std::int8_t>(bytes);
    case 2: return read_as<std::int16_t>(bytes);
    case 4: return read_as<std::int32_t>(bytes);
    default: return read_as<std::int64_t>(bytes);
  }
}

std::uint64_t read_unsigned(const std::vector<std::byte>& bytes) {
  switch (bytes.size()) {
    case 1: return read_as<std::uint8_t>(bytes);
    case 2: return read_as<std::uint16_t>(bytes);
    case 4: return read_as<std::uint32_t>(bytes);
    default: return read_as<std::uint64_t>(bytes);
  }
}

double read_real(const std::vector<std::byte>& bytes) {
  switch (bytes.size()) {
    case 2: return half_to_double(read_as<std::uint16_t>(bytes));
    case 4: return static_cast<double>(read_as<float>(bytes));
    default: return read_as<double>(bytes);
  }
}

}  // namespace

DatasetFacts gather_facts(const Container& container, const std::optional<StorageSummary>& storage) {
  const DatasetInfo& info = container.info();
  DatasetFacts facts;
  facts.labels = labels_or_default(container, facts.problems);
  facts.problems.insert(facts.problems.end(), facts.labels.notes.begin(), facts.labels.notes.end());
  if (!info.chunk.empty()) {
    try {
      facts.grid.emplace(info.shape, info.chunk);
      for (std::size_t d = 0; d < info.ndim(); ++d) {
        const std::int64_t rest = info.shape[d] % info.chunk[d];
        facts.overhang.push_back(rest == 0 ? 0 : info.chunk[d] - rest);
      }
    } catch (const Error& error) {
      facts.problems.emplace_back(error.what());
    }
  }
  facts.elements = info.null ? 0 : num_elements(info.shape);
  if (facts.elements) facts.bytes = checked_product(*facts.elements, info.dtype.size);
  if (storage && facts.bytes && storage->stored_bytes > 0) {
    facts.ratio = static_cast<double>(*facts.bytes) / static_cast<double>(storage->stored_bytes);
  }
  return facts;
}

std::variant<std::monostate, bool, std::int64_t, std::uint64_t, double> decode_fill(const DatasetInfo& info) {
  if (!info.fill_defined || info.fill.empty()) return {};
  std::vector<std::byte> bytes = info.fill;
  if (info.dtype.standard && info.dtype.big_endian) std::reverse(bytes.begin(), bytes.end());
  switch (info.dtype.type_class) {
    case TypeClass::boolean: return bytes[0] != std::byte{0};
    case TypeClass::integer: return read_signed(bytes);
    case TypeClass::uinteger: return read_unsigned(bytes);
    case TypeClass::floating: return read_real(bytes);
    default: return {};
  }
}

std::string format_fill(const DatasetInfo& info) {
  if (!info.fill_defined) return "undefined: what was never written reads as zeros";
  const auto fill = decode_fill(info);
  if (std::holds_alternative<std::monostate>(fill)) return "0 (default)";
  if (const auto* real = std::get_if<double>(&fill)) {
    if (info.dtype.size != 4) return format_double(*real);
    // In the stored precision, so that a float32 of 1e20 reads 1e+20.
    const std::string text = fmt::format("{}", static_cast<float>(*real));
    return text.find_first_of(".en") == std::string::npos ? text + ".0" : text;
  }
  return std::visit(
      [](const auto& value) -> std::string {
        if constexpr (std::is_same_v<std::decay_t<decltype(value)>, std::monostate>) {
          return {};
        } else {
          return fmt::format("{}", value);
        }
      },
      fill);
}

MemberCounts count_members(const Group& group) {
  MemberCounts counts;
  for (const auto& member : group.members()) {
    if (dynamic_cast<const Group*>(member.get()) != nullptr) {
      ++counts.groups;
    } else if (dynamic_cast<const Container*>(member.get()) != nullptr) {
      ++counts.datasets;
    } else if (dynamic_cast<const Link*>(member.get()) != nullptr) {
      ++counts.links;
    } else {
      ++counts.named_types;
    }
  }
  return counts;
}

}  // namespace xylem
