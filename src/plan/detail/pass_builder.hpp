#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "xylem/support/timer.hpp"

#include "detail/piece.hpp"

namespace xylem::detail {

/// An array to be computed in one pass, or a part of it.
struct Request {
  Array array;
  Destination destination{};
  Box box{};  ///< of the domain: for a reduction the dims of its inputs, else its own dims
};

/// The dims over which a request is evaluated.
std::vector<Dim> domain_of(const Array& array);

/// How long each optimizer pass took, and how often it changed something.
struct StepNotes {
  struct Note {
    double seconds = 0;
    std::int64_t changes = 0;
  };
  std::map<std::string, Note> notes{};

  /// Runs a part of an optimizer pass.
  template <class Action>
  void run(const std::string& name, Action action) {
    const Timer timer;
    action();
    notes[name].seconds += timer.seconds();
  }
};

/// What the building of passes asks of the planner.
struct PassContext {
  const PlanOptions& options;
  const std::map<std::pair<std::string, std::string>, StorageSummary>& storage;  ///< by file and path
  FindIntermediate intermediate;
  std::function<std::int64_t(std::size_t)> intermediate_bytes;
  /// A small part of a dataset as an intermediate; nothing where it is not worth it.
  std::function<std::optional<std::size_t>(const PieceLeaf&, const Box&)> keep;

  StepNotes& steps;

  [[nodiscard]] bool runs(const std::string& optimizer_pass) const { return !options.without.contains(optimizer_pass); }
};

/// A pass over all that the requests need, and which requests each of its groups serves.
struct BuiltPass {
  Pass pass;
  std::vector<std::vector<std::size_t>> requests_of_group;
};

BuiltPass build_pass(const std::vector<Request>& requests, const PassContext& context);

/// Cuts a scan into blocks, and finds which are needed and what that costs.
void cut_into_blocks(Scan& scan, const PassContext& context);

/// Bytes per rank that a pass takes besides the plan's intermediates and metadata: Pass::memory, memory_bound,
/// accumulators_bound.
enum class MemoryOf : std::uint8_t { usual, bound, accumulators };
std::int64_t pass_memory(const Pass& pass, const PassContext& context, MemoryOf what);

/// Chooses the order of each scan's blocks, cuts each group's outputs into tiles, and counts memory.
void arrange(Pass& pass, const PassContext& context);

}  // namespace xylem::detail
