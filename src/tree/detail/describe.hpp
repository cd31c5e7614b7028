#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "xylem/model/chunk_grid.hpp"
#include "xylem/tree/labels.hpp"

namespace xylem {

/// What is told of a dataset beyond its metadata as they stand.
struct DatasetFacts {
  Labels labels;
  std::optional<ChunkGrid> grid;
  Shape overhang;                        ///< elements of the last chunks beyond the shape, a dimension each
  std::optional<std::int64_t> elements;  ///< nothing where 63 bits cannot count them
  std::optional<std::int64_t> bytes;     ///< of all elements, uncompressed
  std::optional<double> ratio;           ///< bytes to stored bytes, where anything is stored
  std::vector<std::string> problems;
};

[[nodiscard]] DatasetFacts gather_facts(const Container& container, const std::optional<StorageSummary>& storage);

/// The fill value of a numeric dataset in the widest type of its kind; nothing where it is zero by default or undefined.
[[nodiscard]] std::variant<std::monostate, bool, std::int64_t, std::uint64_t, double> decode_fill(const DatasetInfo& info);
[[nodiscard]] std::string format_fill(const DatasetInfo& info);

struct MemberCounts {
  std::size_t groups = 0;
  std::size_t datasets = 0;
  std::size_t links = 0;
  std::size_t named_types = 0;

  /// With nouns in the singular.
  [[nodiscard]] std::array<std::pair<std::size_t, const char*>, 4> kinds() const {
    return {{{groups, "group"}, {datasets, "dataset"}, {links, "link"}, {named_types, "named type"}}};
  }
};

[[nodiscard]] MemberCounts count_members(const Group& group);

}  // namespace xylem
