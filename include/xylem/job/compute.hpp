#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <type_traits>
#include <vector>

#include "xylem/array/catalog.hpp"
#include "xylem/comm/communicator.hpp"
#include "xylem/exec/execute.hpp"
#include "xylem/plan/planner.hpp"
#include "xylem/result/array.hpp"
#include "xylem/support/error.hpp"
#include "xylem/tree/load.hpp"

namespace xylem {

/// The datasets of a tree as arrays, with the values of their coordinates known. `texts` are names, or expressions with names in
/// them, of the datasets that will be asked for. The tree must outlive the catalog. Throws DataError.
/// Collective: yes; all ranks pass the same.
[[nodiscard]] Catalog open_catalog(const Communicator& comm, const Tree& tree, const std::vector<std::string>& texts,
                                   const CatalogOptions& options = {});

/// What metadata take on this rank, in bytes: what the process has grown by since it took `idle` bytes (resident_bytes()), code
/// that ran for the first time included. In steps of 256 KiB, since it differs a little between runs. For
/// PlanOptions::memory_held.
[[nodiscard]] std::int64_t metadata_bytes(std::int64_t idle);

/// Sets the threads of each rank to as many as it has CPUs (Communicator::cpus_per_rank), or fewer where they are of no use to
/// the plan or cannot be had. What is planned for ranks that are not those of `comm` gets one. Collective: yes.
void use_own_threads(const Communicator& comm, PlanOptions& options);

/// A result in whole: what it is, and its elements, row-major, in the native form of its type (booleans one byte).
struct ComputedArray {
  ResultVariable variable;
  std::vector<std::byte> elements;

  /// The elements as numbers of the result's own type. Throws UsageError for another type.
  template <class T>
  [[nodiscard]] std::vector<T> values() const;
  /// The number that a 0-d result is, as a double. Throws UsageError for others.
  [[nodiscard]] double number() const;
};

/// Plans arrays over datasets of the tree, for the ranks of `comm`: reads what is stored of them, no elements. A memory limit of
/// 0 stands for this rank's share of its node's memory; all ranks plan for the least of their limits. Throws as make_plan.
/// Collective: yes; all ranks pass the same.
[[nodiscard]] Plan plan_arrays(const Communicator& comm, const Tree& tree, const std::vector<NamedArray>& arrays,
                               PlanOptions options = {});

/// Bytes that those who take the results of a plan need on this rank beside it, where results are made of these stored chunks
/// (stored_chunks()), or of any where there are none.
using MemoryBeside = std::function<std::int64_t(const std::vector<Shape>& stored)>;

/// The same for a program that took `idle` bytes (resident_bytes()) before it read metadata: what it has taken since counts, at
/// its peak and now, and so does what is needed beside. Throws as make_plan and `beside`. Collective: yes; all ranks pass the
/// same, but for `idle`.
[[nodiscard]] Plan plan_arrays(const Communicator& comm, const Tree& tree, const std::vector<NamedArray>& arrays,
                               PlanOptions options, std::int64_t idle, const MemoryBeside& beside);

/// Computes arrays together, sharing passes over the data, and gives each in whole to every rank: for results that fit. Larger
/// ones go from execute() to a ResultWriter piece by piece. Throws as plan_arrays and execute.
/// Collective: yes; all ranks pass the same.
[[nodiscard]] std::vector<ComputedArray> compute(const Communicator& comm, const Tree& tree,
                                                 const std::vector<NamedArray>& arrays, const PlanOptions& options = {});

/// The same for arrays without names: `auto [mean, top] = compute(world, tree, t.mean("time"), t.max())`.
/// Collective: yes; all ranks pass the same.
template <class... Arrays>
requires(sizeof...(Arrays) > 0 && (std::is_convertible_v<Arrays, Array> && ...))
    [[nodiscard]] std::array<ComputedArray, sizeof...(Arrays)> compute(const Communicator& comm, const Tree& tree,
                                                                       const Arrays&... arrays) {
  std::vector<NamedArray> named;
  (named.push_back({"result_" + std::to_string(named.size()), arrays}), ...);
  std::vector<ComputedArray> computed = compute(comm, tree, named);
  std::array<ComputedArray, sizeof...(Arrays)> result;
  for (std::size_t i = 0; i < result.size(); ++i) result[i] = std::move(computed[i]);
  return result;
}

namespace detail {
[[nodiscard]] ElementType element_type_of(std::size_t size, bool floating, bool with_sign, bool boolean);
[[noreturn]] void fail_type(const ResultVariable& variable, ElementType asked);
}  // namespace detail

template <class T>
std::vector<T> ComputedArray::values() const {
  static_assert(std::is_arithmetic_v<T>);
  const ElementType asked =
      detail::element_type_of(sizeof(T), std::is_floating_point_v<T>, std::is_signed_v<T>, std::is_same_v<T, bool>);
  if (asked != variable.dtype) detail::fail_type(variable, asked);
  std::vector<T> result(elements.size() / sizeof(T));
  if constexpr (std::is_same_v<T, bool>) {
    for (std::size_t i = 0; i < result.size(); ++i) result[i] = elements[i] != std::byte{0};
  } else {
    std::memcpy(result.data(), elements.data(), elements.size());
  }
  return result;
}

}  // namespace xylem
