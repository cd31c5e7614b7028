#include "xylem/job/compute.hpp"

#include <algorithm>
#include <array>
#include <mutex>
#include <optional>
#include <span>
#include <tuple>
#include <utility>

#include "xylem/comm/archive.hpp"
#include "xylem/exec/coordinates.hpp"
#include "xylem/exec/storage_summary.hpp"
#include "xylem/model/half.hpp"
#include "xylem/model/runs.hpp"
#include "xylem/plan/result_chunks.hpp"
#include "xylem/plan/result_variable.hpp"
#include "xylem/support/contract.hpp"
#include "xylem/support/memory.hpp"
#include "xylem/support/saturated.hpp"
#include "xylem/support/text.hpp"

namespace xylem {
namespace {

// A piece of a result, for the other ranks.
struct Piece {
  std::uint64_t result = 0;
  Shape start;
  Shape count;
  std::vector<std::byte> values;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(result, start, count, values);
  }
};

void put(const Piece& piece, ComputedArray& into) {
  const auto size = static_cast<std::int64_t>(element_size(into.variable.dtype));
  const std::byte* from = piece.values.data();
  for_each_run(into.variable.shape, {piece.start, piece.count}, [&](std::int64_t first, std::int64_t count) {
    std::memcpy(into.elements.data() + first * size, from, static_cast<std::size_t>(count * size));
    from += count * size;
  });
}

}  // namespace

Catalog open_catalog(const Communicator& comm, const Tree& tree, const std::vector<std::string>& texts,
                     const CatalogOptions& options) {
  Catalog catalog = comm.agree([&] { return Catalog(tree, texts, options); });
  catalog.know(read_coordinates(comm, catalog.coordinates(), catalog.coordinate_decodings()));
  return catalog;
}

std::int64_t metadata_bytes(std::int64_t idle) {
  constexpr std::int64_t step = std::int64_t{1} << 18;
  return std::max<std::int64_t>(0, (resident_bytes() - idle + step - 1) / step * step);
}

namespace {

// The greatest of all ranks.
std::int64_t greatest(const Communicator& comm, std::int64_t bytes) {
  std::array<double, 1> all{static_cast<double>(bytes)};
  comm.all_reduce_max(all);
  return saturated(all[0]);
}

// Raises a plan's forecasts to what a rank has taken already to know the files and to plan.
void count_peak_so_far(const Communicator& comm, Plan& plan, std::int64_t idle) {
  constexpr std::int64_t at_least = std::int64_t{1} << 19;  // what any run takes beside
  const std::int64_t peak = greatest(comm, peak_resident_bytes() - idle) + at_least;
  plan.memory = std::max(plan.memory, peak);
  plan.memory_bound = std::max(plan.memory_bound, peak);
}

}  // namespace

void use_own_threads(const Communicator& comm, PlanOptions& options) {
  const int cpus = comm.cpus_per_rank();
  int level = MPI_THREAD_SINGLE;
  MPI_Query_thread(&level);
  const bool counter = options.schedule == Schedule::dynamic_dealing && level < MPI_THREAD_SERIALIZED;
  const bool single = options.topology.ranks != comm.size() || options.io == IoStrategy::collective || counter;
  options.threads = single ? 1 : std::min(cpus, 1024);
  options.fewer_threads = true;
}

Plan plan_arrays(const Communicator& comm, const Tree& tree, const std::vector<NamedArray>& arrays, PlanOptions options) {
  const std::int64_t before = resident_bytes();
  const std::vector<StorageSummary> storage = summarize_storage(comm, datasets_of(arrays), tree.scanned_by());
  // What the process took when it was idle is part of what the node gives it.
  if (options.memory_limit == 0)
    options.memory_limit = comm.node_memory_per_rank() - std::max<std::int64_t>(0, before - options.memory_held);
  // All ranks make the same plan, of the least limit and the most that is held.
  options.memory_limit = -greatest(comm, -options.memory_limit);
  options.memory_held = greatest(comm, options.memory_held);
  // A plan takes memory itself, which is known when it is made. Where that matters, it is made once more.
  const auto make = [&](const PlanOptions& with) {
    std::pair<std::optional<Plan>, std::string> made;
    comm.agree([&] {
      try {
        made.first = make_plan(arrays, storage, with);
      } catch (const ResourceError& error) {
        made.second = error.what();
      }
    });
    return made;
  };
  auto [plan, why_not] = make(options);
  give_back_free_memory();
  const std::int64_t grown = greatest(comm, metadata_bytes(before));
  if (plan && plan->memory_bound + grown <= options.memory_limit) {
    plan->hold(grown);
    return std::move(*plan);
  }
  plan.reset();
  options.memory_held += grown;
  std::tie(plan, why_not) = make(options);
  if (plan) return std::move(*plan);
  return comm.agree([&refusal = why_not]() -> Plan { throw ResourceError("{}", refusal); });
}

Plan plan_arrays(const Communicator& comm, const Tree& tree, const std::vector<NamedArray>& arrays, PlanOptions options,
                 std::int64_t idle, const MemoryBeside& beside) {
  const auto bytes_beside = [&](const std::vector<Shape>& stored) { return comm.agree([&] { return beside(stored); }); };
  give_back_free_memory();  // what is free again is not held
  const std::int64_t most = bytes_beside({});
  options.memory_held = metadata_bytes(idle) + most;
  Plan plan = plan_arrays(comm, tree, arrays, options);
  plan.hold(bytes_beside(stored_chunks(plan)) - most);
  count_peak_so_far(comm, plan, idle);
  return plan;
}

std::vector<ComputedArray> compute(const Communicator& comm, const Tree& tree, const std::vector<NamedArray>& arrays,
                                   const PlanOptions& options) {
  PlanOptions own = options;
  own.topology = comm.topology();
  const Plan plan = plan_arrays(comm, tree, arrays, own);
  std::vector<Piece> pieces;
  std::mutex mutex;
  (void)execute(comm, plan, [&](std::size_t result, const Box& box, std::span<const std::byte> values) {
    const std::scoped_lock hold(mutex);
    pieces.push_back({result, box.start, box.count, {values.begin(), values.end()}});
  });
  std::vector<ComputedArray> computed;
  comm.agree([&] {
    for (const NamedArray& named : arrays) {
      ComputedArray& result = computed.emplace_back(ComputedArray{describe_result(named.name, named.array), {}});
      const auto elements = num_elements(result.variable.shape);
      result.elements.resize(static_cast<std::size_t>(*elements * element_size(result.variable.dtype)));
    }
  });
  for (std::string& theirs : comm.all_gather(to_bytes(pieces))) {
    for (const Piece& piece : from_bytes<std::vector<Piece>>(std::move(theirs))) put(piece, computed[piece.result]);
  }
  return computed;
}

double ComputedArray::number() const {
  if (!variable.shape.empty()) {
    throw UsageError("the result '{}' has shape {}, and is not one number", printable(variable.name),
                     format_shape(variable.shape));
  }
  const auto as = [&]<class T>(T value) {
    std::memcpy(&value, elements.data(), sizeof value);
    return value;
  };
  switch (variable.dtype) {
    case ElementType::boolean:
    case ElementType::uint8: return as(std::uint8_t{});
    case ElementType::int8: return as(std::int8_t{});
    case ElementType::int16: return as(std::int16_t{});
    case ElementType::int32: return as(std::int32_t{});
    case ElementType::int64: return static_cast<double>(as(std::int64_t{}));
    case ElementType::uint16: return as(std::uint16_t{});
    case ElementType::uint32: return as(std::uint32_t{});
    case ElementType::uint64: return static_cast<double>(as(std::uint64_t{}));
    case ElementType::float16: return widen_half(as(std::uint16_t{}));
    case ElementType::float32: return as(float{});
    case ElementType::float64: break;
  }
  return as(double{});
}

namespace detail {

ElementType element_type_of(std::size_t size, bool floating, bool with_sign, bool boolean) {
  for (const ElementType type : kElementTypes) {
    if (static_cast<std::size_t>(element_size(type)) != size || (type == ElementType::boolean) != boolean) continue;
    if (boolean || (is_floating(type) == floating && (floating || is_signed_integer(type) == with_sign))) return type;
  }
  throw UsageError("no element type has {} bytes", size);
}

void fail_type(const ResultVariable& variable, ElementType asked) {
  throw UsageError("the result '{}' is {}, not {}; compute it with astype, or ask for its own type", printable(variable.name),
                   type_name(variable.dtype), type_name(asked));
}

}  // namespace detail
}  // namespace xylem
