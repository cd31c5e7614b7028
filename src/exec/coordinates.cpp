#include "xylem/exec/coordinates.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "xylem/comm/archive.hpp"
#include "xylem/model/element_type.hpp"
#include "xylem/model/half.hpp"
#include "xylem/storage/reader.hpp"
#include "xylem/storage/strings.hpp"
#include "xylem/support/bytes.hpp"
#include "xylem/support/contract.hpp"
#include "xylem/support/log.hpp"
#include "xylem/support/text.hpp"

namespace xylem {
namespace {

// A packed element, given by its bytes, as its decoding wants it: Number's type of its kind.
class ElementReader {
 public:
  ElementReader(const DType& stored, const CfDecoding& decoding)
      : type_(*element_type(packed_dtype(stored, decoding))), swap_(stored.big_endian) {}

  [[nodiscard]] ElementType type() const noexcept { return type_; }

  [[nodiscard]] Number read(const std::byte* element) const {
    switch (type_) {
      case ElementType::boolean:
      case ElementType::uint8: return std::uint64_t{load<std::uint8_t>(element)};
      case ElementType::uint16: return std::uint64_t{load<std::uint16_t>(element)};
      case ElementType::uint32: return std::uint64_t{load<std::uint32_t>(element)};
      case ElementType::uint64: return load<std::uint64_t>(element);
      case ElementType::int8: return std::int64_t{load<std::int8_t>(element)};
      case ElementType::int16: return std::int64_t{load<std::int16_t>(element)};
      case ElementType::int32: return std::int64_t{load<std::int32_t>(element)};
      case ElementType::int64: return load<std::int64_t>(element);
      case ElementType::float16: return double{widen_half(load<std::uint16_t>(element))};
      case ElementType::float32: return double{load<float>(element)};
      case ElementType::float64: break;
    }
    return load<double>(element);
  }

 private:
  template <class T>
  [[nodiscard]] T load(const std::byte* element) const {
    std::byte bytes[sizeof(T)];
    std::copy_n(element, sizeof(T), bytes);
    if (swap_) std::reverse(bytes, bytes + sizeof(T));
    T value;
    std::memcpy(&value, bytes, sizeof(T));
    return value;
  }

  ElementType type_;
  bool swap_;
};

double to_double(const Number& number) {
  return std::visit([](const auto value) { return static_cast<double>(value); }, number);
}

// The value of a packed element, NaN where it is missing.
double decode(const CfDecoding& decoding, const Number& packed) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  if (std::ranges::count(decoding.missing, packed) != 0 || (decoding.valid_min && packed < *decoding.valid_min) ||
      (decoding.valid_max && packed > *decoding.valid_max)) {
    return nan;
  }
  double value = to_double(packed);
  if (decoding.scaled) value = value * decoding.scale_factor + decoding.add_offset;
  const bool outside =
      (decoding.unpacked_min && value < *decoding.unpacked_min) || (decoding.unpacked_max && value > *decoding.unpacked_max);
  return outside ? nan : value;
}

LabelValues decode(const DatasetInfo& info, const CfDecoding& decoding, std::span<const std::byte> bytes) {
  const ElementReader reader(info.dtype, decoding);
  const auto step = static_cast<std::size_t>(info.dtype.size);
  const auto may_be_missing = [&] {
    return !decoding.missing.empty() || decoding.valid_min || decoding.valid_max || decoding.unpacked_min ||
           decoding.unpacked_max;
  };
  if (!is_floating(reader.type()) && !decoding.scaled && !may_be_missing()) {
    std::vector<std::int64_t> integers;
    for (std::size_t i = 0; i < bytes.size(); i += step) {
      const Number value = reader.read(&bytes[i]);
      if (!fits(value, ElementType::int64)) break;
      integers.push_back(std::get<std::int64_t>(convert(value, ElementType::int64)));
    }
    if (integers.size() * step == bytes.size()) return integers;
  }
  std::vector<double> reals;
  for (std::size_t i = 0; i < bytes.size(); i += step) reals.push_back(decode(decoding, reader.read(&bytes[i])));
  return reals;
}

bool is_coordinate(const DatasetInfo& info) {
  return !info.null && info.ndim() <= 1 && (info.dtype.is_numeric() || info.dtype.type_class == TypeClass::string);
}

// Numbers that take too much; strings are counted as they are read.
bool is_too_large(const DatasetInfo& info) {
  return info.dtype.is_numeric() && !info.shape.empty() &&
         info.shape[0] > max_coordinate_bytes / static_cast<std::int64_t>(sizeof(double));
}

std::optional<LabelValues> read(FilePool& files, const std::shared_ptr<const DatasetInfo>& info, const CfDecoding& decoding) {
  if (info->dtype.type_class == TypeClass::string) return read_strings(files, *info, max_coordinate_bytes);
  if (is_too_large(*info)) return std::nullopt;
  const std::int64_t count = info->shape.empty() ? 1 : info->shape[0];
  std::vector<std::byte> bytes(static_cast<std::size_t>(count * info->dtype.size));
  DatasetReader(files, info).read({Shape(info->ndim(), 0), info->shape}, bytes);
  return decode(*info, decoding, bytes);
}

// Values that the scan found. Files that have the same share them.
class ScannedValues {
 public:
  std::shared_ptr<const LabelValues> of(const DatasetInfo& info, const CfDecoding& decoding) {
    std::vector<Known>& same_bytes = known_[info.elements.get()];
    for (const Known& known : same_bytes) {
      if (known.dtype == info.dtype && known.decoding == decoding) return known.values;
    }
    const auto values = std::make_shared<const LabelValues>(decode(info, decoding, std::as_bytes(std::span(*info.elements))));
    same_bytes.push_back({info.dtype, decoding, values});
    return values;
  }

 private:
  struct Known {
    DType dtype;
    CfDecoding decoding;
    std::shared_ptr<const LabelValues> values;
  };
  std::map<const std::string*, std::vector<Known>> known_;
};

}  // namespace

bool is_read_as_coordinate(const DatasetInfo& info) { return is_coordinate(info) && !info.elements && !is_too_large(info); }

std::vector<std::shared_ptr<const LabelValues>> read_coordinates(const Communicator& comm,
                                                                 const std::vector<std::shared_ptr<const DatasetInfo>>& datasets,
                                                                 const std::vector<CfDecoding>& decodings) {
  XYLEM_EXPECT(datasets.size() == decodings.size(), "each dataset has a decoding");
  const std::string own = comm.agree([&] {
    FilePool files;
    std::map<std::string, int> numbers;
    std::vector<std::pair<std::uint64_t, std::optional<LabelValues>>> values;
    for (std::size_t i = 0; i < datasets.size(); ++i) {
      if (!is_coordinate(*datasets[i]) || datasets[i]->elements) continue;
      const int file = numbers.emplace(datasets[i]->ref.file, static_cast<int>(numbers.size())).first->second;
      if (file % comm.size() == comm.rank()) values.emplace_back(i, read(files, datasets[i], decodings[i]));
    }
    return to_bytes(values);
  });
  std::vector<std::shared_ptr<const LabelValues>> result(datasets.size());
  ScannedValues scanned;
  for (std::size_t i = 0; i < datasets.size(); ++i) {
    if (datasets[i]->elements && is_coordinate(*datasets[i])) result[i] = scanned.of(*datasets[i], decodings[i]);
  }
  for (const std::string& bytes : comm.all_gather(own)) {
    for (auto& [i, values] : from_bytes<std::vector<std::pair<std::uint64_t, std::optional<LabelValues>>>>(bytes)) {
      if (values) {
        result[i] = std::make_shared<const LabelValues>(std::move(*values));
      } else {
        logging::warning("{} of '{}' is not read as a coordinate (its values take more than {})",
                         printable(datasets[i]->ref.path), printable(datasets[i]->ref.file), format_bytes(max_coordinate_bytes));
      }
    }
  }
  return result;
}

}  // namespace xylem
