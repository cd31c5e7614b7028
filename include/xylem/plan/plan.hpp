#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "xylem/model/aggregate.hpp"
#include "xylem/model/chunk_grid.hpp"
#include "xylem/model/io.hpp"
#include "xylem/model/metadata.hpp"
#include "xylem/model/program.hpp"
#include "xylem/model/topology.hpp"

namespace xylem {

/// How blocks are dealt to workers: the threads of all ranks.
enum class Schedule : std::uint8_t {
  static_dealing,   ///< each worker has its share of the blocks from the start
  dynamic_dealing,  ///< workers take the next blocks from a shared counter
};

/// Runs of blocks that are taken from the shared counter, for each worker: more even work against more merging.
inline constexpr std::int64_t units_per_worker = 32;

/// Bytes of found intermediate results that travel at once, of all ranks together.
inline constexpr std::int64_t spread_bytes = std::int64_t{16} << 20;

/// What a plan is made for.
struct PlanOptions {
  Topology topology{};                    ///< the ranks that the plan is for
  int threads = 1;                        ///< of each rank: workers that share its memory
  bool fewer_threads = false;             ///< make do with fewer where more have no blocks, or cost another pass
  IoStrategy io = IoStrategy::automatic;  ///< of all datasets; collective: one thread, static dealing
  std::int64_t memory_limit = 0;          ///< bytes per rank, above what an idle process takes
  std::int64_t memory_held = 0;           ///< of these, bytes that metadata take already
  Schedule schedule = Schedule::static_dealing;
  SumMode sums = SumMode::exact;                     ///< of floats; integers are exact in either
  std::int64_t block_bytes = std::int64_t{1} << 19;  ///< blocks grow to this size: they stay in a core's own cache
  std::set<std::string> without{};                   ///< optimizer passes that are left out, by name (optimizer_passes())
};

/// Where values go: to a result that was asked for, or to an intermediate one.
struct Destination {
  bool intermediate = false;
  std::size_t index = 0;  ///< of Plan::results, or of Plan::intermediates
};

/// A result; its elements in row-major order of `shape`.
struct PlannedResult {
  std::string name;
  Shape shape;
  ElementType type{};
};

/// An array that every rank holds in whole while later passes run: what a pass found for them, or known coordinates.
struct Intermediate {
  std::string what;  ///< for people
  Shape shape;
  ElementType type{};
  /// Values that need no pass; never strings.
  std::shared_ptr<const std::variant<std::vector<std::int64_t>, std::vector<double>, std::vector<std::string>>> known{};

  /// Bytes that it takes on each rank; 2^56 where they are more.
  [[nodiscard]] std::int64_t bytes() const;
};

/// How an axis of an input follows the axes of an evaluation: position = start + step * i, with i counted from 0 along `axis`;
/// axis -1: the position `start`, always.
struct LeafAxis {
  int axis = -1;
  std::int64_t start = 0;
  std::int64_t step = 0;
  friend auto operator<=>(const LeafAxis&, const LeafAxis&) = default;
};

/// An input of an evaluation's program.
struct Leaf {
  bool intermediate = false;
  std::size_t index = 0;         ///< of the scan's datasets, or of the plan's intermediates
  std::vector<LeafAxis> axes{};  ///< by axis of what it reads
  friend bool operator==(const Leaf&, const Leaf&) = default;
};

/// What an evaluation takes of one axis of its scan: positions start + step * i, i in [0, count).
struct AxisRange {
  std::int64_t start = 0;
  std::int64_t step = 1;  ///< not 0
  std::int64_t count = 1;
  friend auto operator<=>(const AxisRange&, const AxisRange&) = default;
};

/// An axis of an evaluation in a group or a result: index i is at offset + i there.
struct TargetAxis {
  int axis = -1;  ///< of the group's kept dims, or of the result; -1: none
  std::int64_t offset = 0;
  std::int64_t position = 0;  ///< reduced axes: what one step adds to the position that argmin and argmax tell
  friend bool operator==(const TargetAxis&, const TargetAxis&) = default;
};

/// Values of an evaluation that go into the accumulators of a group.
struct GroupInput {
  std::size_t group = 0;           ///< of the pass
  std::vector<int> values{};       ///< the evaluation's values, by value of the group's program
  std::vector<TargetAxis> axes{};  ///< by axis of the evaluation
};

/// Values of an evaluation that are a result as they are.
struct Emission {
  Destination destination{};
  int value = 0;                   ///< of the evaluation's program
  std::vector<TargetAxis> axes{};  ///< by axis of the evaluation; axes of extent 1 may lead to none
};

/// What is computed of a scan's blocks over one selection of its elements.
struct Evaluation {
  std::vector<AxisRange> axes{};  ///< by axis of the scan
  Program program{};
  std::vector<Leaf> leaves{};  ///< the program's inputs
  std::vector<GroupInput> groups{};
  std::vector<Emission> emissions{};
};

/// A dataset that a scan reads.
struct ScanDataset {
  std::shared_ptr<const DatasetInfo> info;
  StorageSummary storage{};
  IoChoice io{};                   ///< how it is read, and why so
  std::int64_t max_box_bytes = 0;  ///< of what one block needs of it
  std::int64_t needed_chunks = 0;  ///< chunks that any block needs
  std::int64_t chunk_reads = 0;    ///< how often chunks are read; more than needed_chunks where blocks cut chunks
};

/// One sweep over an index space, that of its first dataset with more axes behind where others need them: blocks are boxes of it,
/// and each is read once for all evaluations.
struct Scan {
  Shape shape{};                                     ///< of the index space
  Shape block{};                                     ///< a block's extents
  std::vector<int> order{};                          ///< axes in which blocks are numbered, slowest first
  std::vector<std::vector<std::int64_t>> columns{};  ///< by axis: which blocks along it anyone needs, ascending
  std::vector<ScanDataset> datasets{};               ///< the first may have fewer axes than `shape`
  std::vector<Evaluation> evaluations{};
  std::int64_t num_blocks = 0;  ///< those that anyone needs: the product of the sizes of `columns`
  std::int64_t weight = 0;      ///< stored bytes that are read, at least num_blocks
  bool read_ahead = false;      ///< there is memory to fetch a block while the one before is evaluated
  std::int64_t block_memory =
      0;  ///< bytes that a worker needs for a block, at most: buffers, also of one fetched ahead, registers
  std::int64_t block_usual = 0;  ///< the same, where stored chunks are not much larger than the mean

  /// The elements of block number i in [0, num_blocks).
  [[nodiscard]] Box box(std::int64_t i) const;
};

/// Accumulators over the same elements: the aggregates of all reductions of one expression's dims. Outputs are the elements of
/// `kept`, in row-major order, cut into tiles.
struct ReductionGroup {
  Shape kept{};                         ///< extents that are kept
  Shape origin{};                       ///< of the kept extents in their destinations, which may be larger
  std::int64_t reduced = 1;             ///< elements that go into each output
  Program program{};                    ///< the types of the values that are aggregated
  std::vector<Aggregate> aggregates{};  ///< over the values of `program`
  /// One reduction, and where its results go.
  struct Target {
    Finalizer finalizer;
    Destination destination;
    std::vector<int> axes{};  ///< by kept axis: its axis in the destination, whose other axes have extent 1
  };
  std::vector<Target> targets{};
  std::vector<std::vector<std::int64_t>> cuts{};  ///< by kept axis: where tiles begin, 0 first; then the extent
  bool streamed = false;                          ///< a worker meets each tile in one run of blocks, and no more
  std::int64_t live_tiles = 1;                    ///< that a worker holds at once
  std::int64_t tile_state = 0;  ///< bytes of the largest tile's accumulators, for values of wide spread (Spread)
  std::int64_t tile_usual = 0;  ///< the same for usual values

  /// How many tiles there are, numbered in row-major order; 1 where no dim is kept.
  [[nodiscard]] std::int64_t num_tiles() const;
  /// The outputs of tile i.
  [[nodiscard]] Box tile(std::int64_t i) const;
  /// The tile that holds an output, which is given by its place among the kept extents.
  [[nodiscard]] std::int64_t tile_of(const Shape& output) const;
  /// Outputs of the largest tile.
  [[nodiscard]] std::int64_t tile_outputs() const;
};

/// Blocks [begin, end) of a scan.
struct ScanRange {
  std::size_t scan = 0;  ///< of the pass
  std::int64_t begin = 0;
  std::int64_t end = 0;
  friend bool operator==(const ScanRange&, const ScanRange&) = default;
};

/// One sweep over stored chunks; passes run one after the other.
struct Pass {
  std::string reason{};  ///< why it is needed, for people
  std::vector<Scan> scans{};
  std::vector<ReductionGroup> groups{};
  std::int64_t memory = 0;              ///< forecast, bytes per rank, of this pass alone
  std::int64_t memory_bound = 0;        ///< the same for values of wide spread and chunks that compression makes no smaller
  std::int64_t accumulators_bound = 0;  ///< of that, what grows with tile_state
  std::int64_t merge_bytes = 0;         ///< of packed accumulators that travel at once

  /// The whole work is the run of all scans' blocks, weighted by stored bytes; this is what lies in [first, last) of `parts`.
  [[nodiscard]] std::vector<ScanRange> share(std::int64_t first, std::int64_t last, std::int64_t parts) const;
  /// For ranks that read together, each scan is shared by all: the blocks of part `i` of `parts`.
  [[nodiscard]] ScanRange share_of_scan(std::size_t scan, std::int64_t i, std::int64_t parts) const;
  /// Stored bytes that are read, of all scans together (Scan::weight).
  [[nodiscard]] std::int64_t weight() const;
  /// Blocks of all scans together.
  [[nodiscard]] std::int64_t num_blocks() const;
};

/// An optimizer pass as it ran.
struct OptimizerStep {
  std::string name;    ///< one of optimizer_passes()
  std::string effect;  ///< for people; empty where there was nothing to do
  double seconds = 0;
};

/// How results are computed: passes over stored chunks that fit in memory. It stands by itself, refers to no array, and is the
/// same on every rank.
struct Plan {
  PlanOptions options{};                 ///< as they were asked for, but with fewer threads where those may be
  std::vector<PlannedResult> results{};  ///< in the order in which they were asked for
  std::vector<Intermediate> intermediates{};
  std::vector<Pass> passes{};  ///< in the order in which they run; a later one may need what an earlier one finds
  std::vector<OptimizerStep> steps{};
  /// Forecast of the peak per rank above an idle process, in bytes: what usual data take.
  std::int64_t memory = 0;
  /// What data whose values have a wide spread (Spread), or whose chunks hardly compress, may take: at most the limit. The rest
  /// of the limit is left to data that are wilder yet.
  std::int64_t memory_bound = 0;

  /// Counts so many bytes that every rank holds all the time; fewer than before where negative.
  void hold(std::int64_t bytes);
  /// Checks that all numbers refer to what is there and that shapes fit; throws InternalError otherwise.
  void verify() const;
};

/// The optimizer passes by name and what they do, in their order.
[[nodiscard]] const std::vector<std::pair<std::string, std::string>>& optimizer_passes();

/// What a block needs of a dataset.
struct BlockRead {
  bool needed = false;       ///< false: nothing
  Box box{};                 ///< of the dataset
  bool all = true;           ///< everything in `box` is needed, or cannot be left out
  std::vector<Box> parts{};  ///< where not all: the boxes that are, unions of whole chunks
};
/// What a block of a scan needs of its dataset of this number. Chunks with filters are needed in whole.
[[nodiscard]] BlockRead block_read(const Scan& scan, std::size_t dataset, const Box& block);
/// The box of all that a block, or any other box of the scan's elements, needs of a dataset; nothing where that is nothing.
[[nodiscard]] std::optional<Box> needed_box(const Scan& scan, std::size_t dataset, const Box& block);

/// The part of an evaluation's axis that lies in positions [begin, begin + count) of the scan's axis: i in [first, last).
[[nodiscard]] std::pair<std::int64_t, std::int64_t> indices_in(const AxisRange& range, std::int64_t begin, std::int64_t count);

/// What one rank reads in one pass.
struct ShareSummary {
  std::int64_t blocks = 0;
  std::int64_t weight = 0;  ///< stored bytes
};
/// What a rank and all its threads read under static dealing; with dynamic dealing it turns out in the run.
[[nodiscard]] ShareSummary share_of_rank(const Plan& plan, const Pass& pass, int rank);

/// The plan in words: passes and why, chunks and bytes, memory, shares.
[[nodiscard]] std::string explain(const Plan& plan);
/// The same as JSON.
[[nodiscard]] std::string explain_json(const Plan& plan);

}  // namespace xylem
