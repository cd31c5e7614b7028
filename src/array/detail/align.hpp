#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "xylem/array/array.hpp"
#include "xylem/array/combine.hpp"
#include "xylem/model/label_values.hpp"

namespace xylem::detail {

/// Labels of several arrays as values of one kind: strings, or numbers, which are integers where all are. Throws UsageError for
/// strings among numbers.
[[nodiscard]] std::vector<LabelValues> same_kind(const std::vector<LabelValues>& labels, const std::string& dim);

/// The labels of any of these, each once, in ascending order. All of one kind.
[[nodiscard]] LabelValues all_labels(const std::vector<LabelValues>& labels);

/// For each of `wanted` its place among `labels`, -1 where it has none. All of one kind, labels all different.
[[nodiscard]] std::vector<std::int64_t> places(const LabelValues& wanted, const LabelValues& labels);

/// The type that holds missing values of another.
[[nodiscard]] ElementType with_missing(ElementType type);

/// Values that are all missing. Only to be an input of concat(): operations take it for a number.
[[nodiscard]] Array missing(const Array& like, const std::string& dim, std::int64_t extent);

/// True for what missing_like() made.
[[nodiscard]] bool is_all_missing(const Array& array);

/// The array with other elements along a dim: those at `positions`, missing where -1. The dim's coord is `labels`; coords along
/// it that would have gaps go.
[[nodiscard]] Array reindex(const Array& array, const std::string& dim, const std::vector<std::int64_t>& positions,
                            const LabelValues& labels);

/// Throws UsageError, naming two parts, unless all have dims of the same names.
void expect_same_dims(const std::vector<CombinePart>& parts);

/// The arrays of parts, with the same labels along all dims but those of `but`. Throws UsageError as combine().
[[nodiscard]] std::vector<Array> aligned(const std::vector<CombinePart>& parts, const std::string& but, Join join);

}  // namespace xylem::detail
