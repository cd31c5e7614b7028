#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "xylem/comm/communicator.hpp"
#include "xylem/tree/node.hpp"

namespace xylem {

/// Which elements a rank holds.
enum class Placement : std::uint8_t {
  partitioned,  ///< each rank holds a part: see partition()
  replicated,   ///< every rank holds all
};

/// What proxies become.
struct ResolveOptions {
  std::optional<ResolveAs> as{};  ///< absent: what the proxy says
  Placement placement = Placement::partitioned;
  /// The type of the elements in memory, converted as numpy.ndarray.astype does (convert() of model/element_type.hpp). Where it
  /// is given, a proxy that would be chunked is resolved as data, as in dantro; with `as` chunked it is an error.
  std::optional<ElementType> dtype{};
  bool retain = false;  ///< keeps the proxy, so that Container::reinstate() can free the elements
};

/// The part of an array that rank `rank` of `ranks` holds: whole chunks (rows, where `chunk` is empty) along the first dim that
/// has at least one for each rank, or the one that has most, dealt out in order, as evenly as they come. Every element is in one
/// part, but for an array without dims: every rank holds it. Parts may be empty.
[[nodiscard]] Box partition(const Shape& shape, const Shape& chunk, int rank, int ranks);

/// True for what can be resolved as data: numeric datasets, and strings along one dim or none.
[[nodiscard]] bool is_resolvable(const DatasetInfo& info) noexcept;

/// Resolves proxies: reads their elements into memory, each chunk by one rank, or makes them chunked. Strings become data on
/// every rank, whatever the options say. What is resolved already stays as it is. Throws, on all ranks alike and before anything
/// is read, UsageError for a dataset that cannot be resolved and ResourceError where a rank's share does not fit into its memory;
/// ResourceError for strings of more than 256 MiB, DataError where elements cannot be read or converted. Then all containers are
/// as before.
/// Collective: yes; all ranks pass the same.
void resolve(const Communicator& comm, const std::vector<Container*>& containers, const ResolveOptions& options = {});
/// The same of one container.
/// Collective: yes; all ranks pass the same.
void resolve(const Communicator& comm, Container& container, const ResolveOptions& options = {});

}  // namespace xylem
