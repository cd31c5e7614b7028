#include "xylem/model/cf.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>
#include <utility>

#include "xylem/support/text.hpp"

namespace xylem {
namespace {

constexpr auto int64_min = std::numeric_limits<std::int64_t>::min();
constexpr auto uint64_max = std::numeric_limits<std::uint64_t>::max();

std::vector<Number> numbers(const AttributeValue& attribute) {
  std::vector<Number> result;
  std::visit(
      [&](const auto& values) {
        using T = std::decay_t<decltype(values)>;
        if constexpr (!std::is_same_v<T, std::monostate> && !std::is_same_v<T, std::vector<std::string>>) {
          result.assign(values.begin(), values.end());
        }
      },
      attribute.data);
  return result;
}

double to_double(const Number& number) {
  return std::visit([](auto value) { return static_cast<double>(value); }, number);
}

bool is_nan(const Number& number) { return std::isnan(to_double(number)); }

// Rounds to the nearest float16 (11 significant bits, least exponent -24, largest 65504); beyond the largest: infinite.
double round_to_half(double value) {
  if (value == 0 || !std::isfinite(value)) return value;
  const int unit = std::max(std::ilogb(value) - 10, -24);
  const double rounded = std::ldexp(std::nearbyint(std::ldexp(value, -unit)), unit);
  return std::fabs(rounded) > 65504 ? std::copysign(std::numeric_limits<double>::infinity(), value) : rounded;
}

// The number in a float type of `size` bytes, as a double; nothing when it is finite and overflows there.
std::optional<double> to_float(const Number& number, std::int32_t size) {
  const double value = to_double(number);
  double result = value;
  if (size == 4) result = std::visit([](auto v) { return static_cast<double>(static_cast<float>(v)); }, number);
  if (size == 2) result = round_to_half(value);
  if (std::isfinite(value) && !std::isfinite(result)) return std::nullopt;
  return result;
}

// An integer-valued double as an integer, or the extreme of 64 bits beyond which it lies.
Number clamped_integer(double value) {
  if (value < -0x1p63) return int64_min;
  if (value >= 0x1p64) return uint64_max;
  if (value >= 0) return static_cast<std::uint64_t>(value);
  return static_cast<std::int64_t>(value);
}

// A double as an integer; nothing where it has a fraction or needs more than 64 bits.
std::optional<Number> exact_integer(double value) {
  if (std::floor(value) != value || value < -0x1p63 || value >= 0x1p64) return std::nullopt;
  return clamped_integer(value);
}

bool is_negative(const Number& integer) {
  const auto* value = std::get_if<std::int64_t>(&integer);
  return value != nullptr && *value < 0;
}

std::uint64_t bits_of(const Number& integer) {
  return std::visit([](auto value) { return static_cast<std::uint64_t>(value); }, integer);
}

// An integer type: its width and signedness.
struct IntegerType {
  int bits;
  bool is_signed;

  [[nodiscard]] std::uint64_t max() const { return uint64_max >> (64 - bits + (is_signed ? 1 : 0)); }
  [[nodiscard]] bool holds(const Number& integer) const {
    if (!is_negative(integer)) return bits_of(integer) <= max();
    return is_signed && ~bits_of(integer) <= max();
  }
  // The lowest `bits` bits as a value of this type.
  [[nodiscard]] Number read(std::uint64_t value) const {
    const int shift = 64 - bits;
    if (is_signed) return static_cast<std::int64_t>(value << shift) >> shift;
    return (value << shift) >> shift;
  }
};

// Makes a decoding from the attributes of one dataset.
class Decoder {
 public:
  Decoder(const DatasetInfo& info, std::vector<std::string>& warnings) : info_(info), warnings_(warnings) {}

  CfDecoding decode() {
    read_signedness();
    read_missing("_FillValue", false);
    read_missing("missing_value", true);
    const auto* scale = read_factor("scale_factor", result_.scale_factor);
    const auto* offset = read_factor("add_offset", result_.add_offset);
    result_.scaled = scale != nullptr || offset != nullptr;
    for (const auto* attribute : {scale, offset}) {
      if (attribute == nullptr || attribute->dtype.type_class != TypeClass::floating) continue;
      unpacked_size_ = std::max(unpacked_size_, attribute->dtype.size);
    }
    read_valid();
    return std::move(result_);
  }

 private:
  const AttributeValue* find(const std::string& name) const {
    const auto found = info_.attributes.find(name);
    return found == info_.attributes.end() ? nullptr : &found->second;
  }

  void warn(const std::string& name, const char* expected) {
    warnings_.push_back(fmt::format("{}: {}: attribute {} = {} is ignored (it should be {})", printable(info_.ref.file),
                                    printable(info_.ref.path), name, format_attribute(*find(name)), expected));
  }

  void read_signedness() {
    const auto* attribute = find("_Unsigned");
    if (attribute == nullptr) return;
    const auto text = attribute->as_string().value_or("");
    const bool is_true = text == "true" || text == "True";
    if (!is_true && text != "false" && text != "False") return warn("_Unsigned", "\"true\" or \"false\"");
    const auto type = info_.dtype.type_class;
    if (type != TypeClass::integer && type != TypeClass::uinteger) return warn("_Unsigned", "on a dataset of integers");
    if (is_true && type == TypeClass::integer) result_.signedness = CfDecoding::Signedness::as_unsigned;
    if (!is_true && type == TypeClass::uinteger) result_.signedness = CfDecoding::Signedness::as_signed;
  }

  [[nodiscard]] IntegerType stored_type() const { return {8 * info_.dtype.size, info_.dtype.type_class == TypeClass::integer}; }
  [[nodiscard]] IntegerType packed_type() const {
    return {8 * info_.dtype.size, packed_dtype(info_.dtype, result_).type_class == TypeClass::integer};
  }

  // An integer as a packed value: reinterpreted when the stored type holds it, as it is when only the reinterpreted type does.
  [[nodiscard]] std::optional<Number> to_packed(const Number& integer) const {
    if (!stored_type().holds(integer) && !packed_type().holds(integer)) return std::nullopt;
    return packed_type().read(bits_of(integer));
  }

  void read_missing(const std::string& name, bool several) {
    const auto* attribute = find(name);
    if (attribute == nullptr) return;
    const auto values = numbers(*attribute);
    if (values.empty() || (!several && values.size() != 1)) return warn(name, several ? "numbers" : "one number");
    for (const Number& value : values) {
      std::optional<Number> packed;
      if (!info_.dtype.is_integral()) {
        packed = to_float(value, info_.dtype.size);
      } else {
        const auto* real = std::get_if<double>(&value);
        const auto integer = real == nullptr ? value : exact_integer(*real);
        if (integer) packed = to_packed(*integer);
      }
      if (packed && !is_nan(*packed) && std::ranges::count(result_.missing, *packed) == 0) result_.missing.push_back(*packed);
    }
  }

  const AttributeValue* read_factor(const std::string& name, double& factor) {
    const auto* attribute = find(name);
    if (attribute == nullptr) return nullptr;
    const auto values = numbers(*attribute);
    if (values.size() != 1 || !std::isfinite(to_double(values[0]))) {
      warn(name, "one finite number");
      return nullptr;
    }
    factor = to_double(values[0]);
    return attribute;
  }

  void read_valid() {
    if (const auto* range = find("valid_range")) {
      const auto values = numbers(*range);
      if (values.size() == 2 && !is_nan(values[0]) && !is_nan(values[1])) {
        set_bound(*range, values[0], true);
        set_bound(*range, values[1], false);
        return;
      }
      warn("valid_range", "two numbers");
    }
    for (const bool lower : {true, false}) {
      const std::string name = lower ? "valid_min" : "valid_max";
      const auto* attribute = find(name);
      if (attribute == nullptr) continue;
      const auto values = numbers(*attribute);
      if (values.size() != 1 || is_nan(values[0])) {
        warn(name, "one number");
      } else {
        set_bound(*attribute, values[0], lower);
      }
    }
  }

  // Any float counts as wider than any integer, as in netCDF-Java.
  [[nodiscard]] bool is_unpacked(const AttributeValue& bound) const {
    const bool wider = info_.dtype.is_integral() || bound.dtype.size > info_.dtype.size;
    return bound.dtype.type_class == TypeClass::floating && bound.dtype.size == unpacked_size_ && wider;
  }

  void set_bound(const AttributeValue& attribute, const Number& value, bool lower) {
    if (is_unpacked(attribute)) {
      (lower ? result_.unpacked_min : result_.unpacked_max) = to_double(value);
    } else if (!info_.dtype.is_integral()) {
      (lower ? result_.valid_min : result_.valid_max) = to_float(value, info_.dtype.size).value_or(overflow(value, lower));
    } else {
      set_integer_bound(value, lower);
    }
  }

  // A finite bound beyond the largest finite numbers: all of them, or none, are valid.
  [[nodiscard]] double overflow(const Number& value, bool lower) const {
    const bool positive = to_double(value) > 0;
    const double largest = info_.dtype.size == 2 ? 65504 : std::numeric_limits<float>::max();
    const double bound = lower == positive ? std::numeric_limits<double>::infinity() : largest;
    return positive ? bound : -bound;
  }

  void set_integer_bound(const Number& value, bool lower) {
    if (empty_) return;
    const auto* real = std::get_if<double>(&value);
    const Number integer = real == nullptr ? value : clamped_integer(lower ? std::ceil(*real) : std::floor(*real));
    auto& bound = lower ? result_.valid_min : result_.valid_max;
    if (const auto packed = to_packed(integer)) {
      bound = packed;
    } else if (is_negative(integer) != lower) {  // outside the type, on the side where no element is valid
      const IntegerType type = packed_type();
      const std::uint64_t least = type.is_signed ? ~type.max() : 0;
      result_.valid_min = type.read(type.max());
      result_.valid_max = type.read(least);
      empty_ = true;
    }
  }

  const DatasetInfo& info_;
  std::vector<std::string>& warnings_;
  CfDecoding result_{};
  std::int32_t unpacked_size_ = 0;  // bytes of the wider float among scale_factor and add_offset
  bool empty_ = false;              // the bounds leave no valid value
};

}  // namespace

CfDecoding cf_decoding(const DatasetInfo& info, std::vector<std::string>& warnings) { return Decoder(info, warnings).decode(); }

DType packed_dtype(const DType& stored, const CfDecoding& decoding) {
  DType dtype = stored;
  if (decoding.signedness == CfDecoding::Signedness::as_unsigned) dtype.type_class = TypeClass::uinteger;
  if (decoding.signedness == CfDecoding::Signedness::as_signed) dtype.type_class = TypeClass::integer;
  return dtype;
}

}  // namespace xylem
