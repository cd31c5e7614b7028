#include "detail/pass_builder.hpp"

#include <algorithm>
#include <limits>
#include <set>
#include <tuple>

#include "xylem/support/contract.hpp"
#include "xylem/support/error.hpp"

namespace xylem::detail {
namespace {

using DatasetKey = std::pair<std::string, std::string>;
DatasetKey key_of(const DatasetInfo& info) { return {info.ref.file, info.ref.path}; }

// Datasets that are scanned together, by one of them.
class Partners {
 public:
  const DatasetKey& find(const DatasetKey& key) {
    const auto [entry, is_new] = parent_.emplace(key, key);
    if (is_new || entry->second == key) return entry->first;
    const DatasetKey root = find(entry->second);
    entry->second = root;
    return parent_.find(root)->first;
  }
  void join(const DatasetKey& a, const DatasetKey& b) {
    const DatasetKey first = find(a), second = find(b);
    parent_[std::max(first, second)] = std::min(first, second);
  }

 private:
  std::map<DatasetKey, DatasetKey> parent_;
};

// Missing where `by` is; both floats.
int masked(ProgramBuilder& builder, int value, int by) {
  const ElementType type = builder.type(value), other = builder.type(by);
  if (value == by || !is_floating(other)) return value;
  const std::vector<Operand> observed{{other}};
  const int there = builder.apply({Operation::notnull, operation_types(Operation::notnull, observed), {by}});
  const ElementType result = is_floating(type) ? type : ElementType::float64;
  const OperationTypes types{{ElementType::boolean, result, result}, result};
  return builder.apply(
      {Operation::where, types, {there, value, builder.constant(std::numeric_limits<double>::quiet_NaN(), result)}});
}

// A lowered request.
struct Work {
  std::size_t request;
  std::vector<Piece> pieces;
  std::vector<Dim> domain;
  std::vector<int> kept;  // by domain axis: the kept axis, or -1
};

// What a request accumulates, before requests with the same elements share a group.
struct GroupUse {
  std::size_t scan;
  std::size_t evaluation;
  std::vector<TargetAxis> axes;
  std::vector<Aggregate> aggregates;  // over the evaluation's values
  std::size_t input = 0;              // of the evaluation's groups
};

// What of a dataset a scan reads in one box a block: what lies near the block, or one leaf's part.
using DatasetUse = std::tuple<DatasetKey, std::vector<LeafAxis>, std::vector<AxisRange>>;

class Assembly {
 public:
  Assembly(const std::vector<Request>& requests, const PassContext& context) : requests_(requests), context_(context) {}

  BuiltPass build() {
    for (std::size_t r = 0; r < requests_.size(); ++r) lower_request(r);
    context_.steps.run("keep-small-inputs", [&] {
      for (Work& work : works_) {
        for (Piece& piece : work.pieces) keep_small_inputs(piece);
      }
    });
    context_.steps.run("share-reads", [&] {
      for (const Work& work : works_) {
        for (const Piece& piece : work.pieces) find_partners(piece);
      }
      for (Work& work : works_) place_request(work);
    });
    for (Scan& scan : built_.pass.scans) cut_into_blocks(scan, context_);
    arrange(built_.pass, context_);
    return std::move(built_);
  }

 private:
  void lower_request(std::size_t r) {
    const Request& request = requests_[r];
    Work work{r, {}, domain_of(request.array), {}};
    const auto* node = std::get_if<ReductionNode>(&request.array.node().kind);
    const std::vector<Array> arrays = node != nullptr ? node->inputs : std::vector<Array>{request.array};
    int next = 0;
    for (const Dim& dim : work.domain) {
      const bool reduced = node != nullptr && std::ranges::find(node->dims, dim.name) != node->dims.end();
      work.kept.push_back(reduced ? -1 : next++);
    }
    work.pieces = detail::lower(arrays, work.domain, request.box, context_.intermediate);
    works_.push_back(std::move(work));
  }

  // An input that is the same for all positions along an axis would be read again for each block along it.
  void keep_small_inputs(Piece& piece) const {
    std::set<int> used;
    for (const PieceLeaf& leaf : piece.leaves) {
      if (leaf.info == nullptr) continue;
      for (const LeafAxis& axis : leaf.axes) {
        if (axis.axis >= 0 && piece.box.count[static_cast<std::size_t>(axis.axis)] > 1) used.insert(axis.axis);
      }
    }
    for (std::size_t l = 0; l < piece.leaves.size(); ++l) {
      PieceLeaf& leaf = piece.leaves[l];
      if (leaf.info == nullptr) continue;
      std::set<int> mine;
      Box box;
      for (const LeafAxis& axis : leaf.axes) {
        const std::int64_t n = axis.axis < 0 ? 1 : piece.box.count[static_cast<std::size_t>(axis.axis)];
        const std::int64_t last = axis.start + axis.step * (n - 1);
        box.start.push_back(std::min(axis.start, last));
        box.count.push_back(std::max(axis.start, last) - box.start.back() + 1);
        if (n > 1) mine.insert(axis.axis);
      }
      if (mine == used) continue;
      const auto kept = context_.keep(leaf, box);
      if (!kept) continue;
      piece.program.inputs[l] = {native_dtype(decoded_type(leaf.info->dtype, leaf.decoding)), {}};
      leaf.info = nullptr;
      leaf.source.reset();
      leaf.intermediate = *kept;
      for (std::size_t d = 0; d < leaf.axes.size(); ++d) leaf.axes[d].start -= box.start[d];
    }
  }

  // The dataset whose index space is scanned: the one with most axes; none where only intermediates are used.
  static const PieceLeaf* primary(const Piece& piece) {
    const auto rank = [&](const PieceLeaf& leaf) {
      std::int64_t elements = 1;
      for (const LeafAxis& axis : leaf.axes) elements *= axis.axis < 0 ? 1 : piece.box.count[static_cast<std::size_t>(axis.axis)];
      return elements;
    };
    const PieceLeaf* best = nullptr;
    for (const PieceLeaf& leaf : piece.leaves) {
      if (leaf.info != nullptr && (best == nullptr || rank(leaf) > rank(*best))) best = &leaf;
    }
    return best;
  }

  void find_partners(const Piece& piece) {
    const PieceLeaf* first = primary(piece);
    if (first == nullptr || !context_.runs("share-reads")) return;
    for (const PieceLeaf& leaf : piece.leaves) {
      if (leaf.info == nullptr || leaf.info->shape != first->info->shape) continue;
      bool aligned = true;
      for (std::size_t d = 0; d < leaf.axes.size(); ++d) aligned = aligned && leaf.axes[d].axis == first->axes[d].axis;
      if (aligned) partners_.join(key_of(*first->info), key_of(*leaf.info));
    }
  }

  struct Place {
    std::size_t scan;
    std::size_t evaluation;
    std::vector<int> values;     // the evaluation's, by the piece's
    std::vector<int> domain_of;  // by axis of the scan: the domain's, or -1
  };

  Place place(const Piece& piece, const std::vector<Dim>& domain, std::size_t request) {
    const PieceLeaf* first = primary(piece);
    std::vector<std::string> key;
    Shape shape;
    Place place;
    std::vector<AxisRange> ranges;
    const auto extent = [&](int axis) { return piece.box.count[static_cast<std::size_t>(axis)]; };
    if (first != nullptr) {
      const DatasetKey partner = partners_.find(key_of(*first->info));
      key = {partner.first, partner.second};
      shape = first->info->shape;
      for (const LeafAxis& axis : first->axes) {
        place.domain_of.push_back(axis.axis);
        ranges.push_back(axis.axis < 0 ? AxisRange{axis.start, 1, 1} : AxisRange{axis.start, axis.step, extent(axis.axis)});
      }
    }
    for (std::size_t d = 0; d < domain.size(); ++d) {
      const int axis = static_cast<int>(d);
      if (std::ranges::find(place.domain_of, axis) != place.domain_of.end()) continue;
      place.domain_of.push_back(axis);
      AxisRange range{piece.box.start[d], 1, piece.box.count[d]};
      shape.push_back(domain[d].size);
      key.push_back(domain[d].name + ":" + std::to_string(domain[d].size));
      for (const PieceLeaf& leaf : piece.leaves) {
        const auto found = std::ranges::find(leaf.axes, axis, &LeafAxis::axis);
        if (leaf.info == nullptr || found == leaf.axes.end()) continue;
        range = {found->start, found->step, piece.box.count[d]};
        shape.back() = leaf.info->shape[static_cast<std::size_t>(found - leaf.axes.begin())];
        key.back() = leaf.info->ref.file + "\n" + leaf.info->ref.path + ":" + std::to_string(found - leaf.axes.begin());
        break;
      }
      ranges.push_back(range);
    }
    if (!context_.runs("share-reads")) key.push_back(std::to_string(request));
    const auto [entry, is_new] = scans_.emplace(key, built_.pass.scans.size());
    if (is_new) built_.pass.scans.emplace_back().shape = shape;
    place.scan = entry->second;
    Scan& scan = built_.pass.scans[place.scan];
    const auto same = std::ranges::find(scan.evaluations, ranges, &Evaluation::axes);
    place.evaluation = static_cast<std::size_t>(same - scan.evaluations.begin());
    if (same == scan.evaluations.end()) scan.evaluations.emplace_back().axes = ranges;
    merge_program(piece, scan, place);
    return place;
  }

  // Puts the piece's values among those of its evaluation.
  void merge_program(const Piece& piece, Scan& scan, Place& place) {
    Evaluation& evaluation = scan.evaluations[place.evaluation];
    ProgramBuilder builder(evaluation.program);
    const auto mapped = [&](std::vector<int> values) {
      for (int& value : values) value = place.values[static_cast<std::size_t>(value)];
      return values;
    };
    for (const ProgramValue& value : piece.program.values) {
      int id = 0;
      if (const auto* in = std::get_if<InputValue>(&value.kind)) {
        id = input(piece.leaves[static_cast<std::size_t>(in->input)], piece.program.inputs[static_cast<std::size_t>(in->input)],
                   value.type, scan, evaluation, place.domain_of);
      } else if (const auto* constant = std::get_if<ConstantValue>(&value.kind)) {
        id = builder.constant(constant->value, value.type);
      } else if (const auto* apply = std::get_if<ApplyValue>(&value.kind)) {
        id = builder.apply({apply->operation, apply->types, mapped(apply->inputs), apply->custom});
      } else {
        id = builder.cast(mapped({std::get<CastValue>(value.kind).input})[0], value.type);
      }
      place.values.push_back(id);
    }
  }

  // Whether a leaf's positions are near those of the scan, so that what it needs for a block and what others need lie together.
  static bool is_near(const Leaf& leaf, const DatasetInfo& info, const Evaluation& evaluation) {
    for (std::size_t d = 0; d < leaf.axes.size(); ++d) {
      const LeafAxis& axis = leaf.axes[d];
      if (d >= evaluation.axes.size() || (axis.axis >= 0 && axis.axis != static_cast<int>(d))) return false;
      const AxisRange& range = evaluation.axes[d];
      const std::int64_t most = info.layout == Layout::chunked ? info.chunk[d] : 1;
      if (std::abs(axis.start - range.start) > most || (range.count > 1 && axis.step != range.step)) return false;
    }
    return true;
  }

  // The scan's dataset for a leaf. One box a block serves all that lies near; others get boxes of their own.
  std::size_t dataset(const std::shared_ptr<const DatasetInfo>& info, const Leaf& leaf, const Evaluation& evaluation,
                      Scan& scan) {
    DatasetUse use{key_of(*info), {}, {}};
    if (!is_near(leaf, *info, evaluation)) use = {key_of(*info), leaf.axes, evaluation.axes};
    auto& known = datasets_[&scan - built_.pass.scans.data()];
    const auto [entry, is_new] = known.try_emplace(std::move(use), scan.datasets.size());
    if (!is_new) return entry->second;
    const auto storage = context_.storage.find(key_of(*info));
    XYLEM_EXPECT(storage != context_.storage.end(), "what is stored of each dataset is known");
    const bool stored = storage->second.allocated_chunks > 0;
    scan.datasets.push_back(
        {info, storage->second, stored ? choose(*info) : IoChoice{IoStrategy::automatic, "nothing is stored"}});
    return entry->second;
  }

  // How a dataset is read: as was asked for, where it can be.
  [[nodiscard]] IoChoice choose(const DatasetInfo& info) const {
    const IoStrategy asked = context_.options.io;
    IoChoice best = choose_io(info);
    if (asked == IoStrategy::automatic) return best;
    if (asked != IoStrategy::hyperslab && best.strategy != IoStrategy::direct) {
      throw UsageError("{} cannot be read by --io {} ({}): use automatic or hyperslab", info.ref.describe(),
                       io_strategy_name(asked), best.why);
    }
    return {asked, "asked for"};
  }

  int input(const PieceLeaf& piece_leaf, const ProgramInput& format, ElementType type, Scan& scan, Evaluation& evaluation,
            const std::vector<int>& domain_of) {
    Leaf leaf{piece_leaf.info == nullptr, piece_leaf.intermediate, piece_leaf.axes};
    for (LeafAxis& axis : leaf.axes) {
      if (axis.axis >= 0) axis.axis = static_cast<int>(std::ranges::find(domain_of, axis.axis) - domain_of.begin());
    }
    // A position that the scan itself is at: other results may be at others, and no block needs both.
    for (std::size_t d = 0; piece_leaf.info != nullptr && d < leaf.axes.size() && d < domain_of.size(); ++d) {
      const std::int64_t start = leaf.axes[d].start;
      const bool here = domain_of[d] < 0 && evaluation.axes[d] == AxisRange{start, 1, 1};
      if (leaf.axes[d].axis < 0 && here) leaf.axes[d] = {static_cast<int>(d), start, 1};
    }
    if (piece_leaf.info != nullptr) leaf.index = dataset(piece_leaf.info, leaf, evaluation, scan);
    for (std::size_t i = 0; i < evaluation.leaves.size(); ++i) {
      if (evaluation.leaves[i] != leaf || evaluation.program.inputs[i].decoding != format.decoding) continue;
      const auto same = std::ranges::find_if(evaluation.program.values, [&](const ProgramValue& value) {
        const auto* in = std::get_if<InputValue>(&value.kind);
        return in != nullptr && in->input == static_cast<int>(i);
      });
      return static_cast<int>(same - evaluation.program.values.begin());
    }
    evaluation.leaves.push_back(std::move(leaf));
    return ProgramBuilder(evaluation.program).input(format, type);
  }

  void place_request(Work& work) {
    const Request& request = requests_[work.request];
    const auto* node = std::get_if<ReductionNode>(&request.array.node().kind);
    std::vector<GroupUse> uses;
    for (Piece& piece : work.pieces) {
      const std::vector<Aggregate> aggregates = node == nullptr ? std::vector<Aggregate>{} : aggregate(*node, piece);
      const Place at = place(piece, work.domain, work.request);
      if (node == nullptr) {
        Emission emission{request.destination, at.values[static_cast<std::size_t>(piece.outputs[0])], {}};
        for (const int axis : at.domain_of) {
          emission.axes.push_back({axis, axis < 0 ? 0 : piece.box.start[static_cast<std::size_t>(axis)], 0});
        }
        built_.pass.scans[at.scan].evaluations[at.evaluation].emissions.push_back(std::move(emission));
        continue;
      }
      GroupUse& use = uses.emplace_back(GroupUse{at.scan, at.evaluation, {}, aggregates});
      for (Aggregate& of : use.aggregates) {
        for (int& value : of.values) value = at.values[static_cast<std::size_t>(value)];
      }
      for (const int axis : at.domain_of) use.axes.push_back(target_axis(axis, piece, work, request));
    }
    if (node != nullptr) add_to_group(work, *node, uses);
  }

  static TargetAxis target_axis(int axis, const Piece& piece, const Work& work, const Request& request) {
    if (axis < 0) return {};
    const auto d = static_cast<std::size_t>(axis);
    if (work.kept[d] >= 0) return {work.kept[d], piece.box.start[d] - request.box.start[d], 0};
    std::int64_t stride = 1;
    for (std::size_t later = d + 1; later < work.domain.size(); ++later) {
      if (work.kept[later] < 0) stride *= work.domain[later].size;
    }
    return {-1, piece.box.start[d], stride};
  }

  static std::vector<Aggregate> aggregates_of(const ReductionNode& node, const std::vector<int>& paired,
                                              const std::vector<int>& original) {
    if (node.custom) return {Aggregate{AggregateKind::custom, original, 0, 0, node.custom, node.skipna}};
    return xylem::aggregates_of(node.reduction, node.weighted, node.skipna, paired, original, node.quantile);
  }

  static std::vector<Aggregate> aggregate(const ReductionNode& node, Piece& piece) {
    ProgramBuilder builder(piece.program);
    std::vector<int> values = piece.outputs;
    if (values.size() == 2 && node.reduction != Reduction::quantile && !node.custom)
      values = {masked(builder, values[0], values[1]), masked(builder, values[1], values[0])};
    return aggregates_of(node, values, piece.outputs);
  }

  // Reductions over the same elements share accumulators.
  void add_to_group(const Work& work, const ReductionNode& node, const std::vector<GroupUse>& uses) {
    const Request& request = requests_[work.request];
    ReductionGroup group;
    ReductionGroup::Target target;
    target.destination = request.destination;
    std::int64_t reduced = 1;
    int axis = 0;
    for (std::size_t d = 0; d < work.domain.size(); ++d) {
      if (work.kept[d] >= 0) {
        group.kept.push_back(request.box.count[d]);
        group.origin.push_back(request.box.start[d]);
        target.axes.push_back(axis++);
      } else {
        reduced *= work.domain[d].size;
        if (node.keepdims) ++axis;
      }
    }
    group.reduced = reduced;
    target.finalizer = {node.reduction, node.weighted,         node.skipna, node.ddof,    node.min_count,
                        reduced,        request.array.dtype(), {},          node.quantile};

    std::size_t g = built_.pass.groups.size();
    for (std::size_t other = 0; other < built_.pass.groups.size(); ++other) {
      const auto& theirs = uses_[other];
      const ReductionGroup& known = built_.pass.groups[other];
      if (known.kept == group.kept && known.origin == group.origin && known.reduced == reduced &&
          std::ranges::equal(theirs, uses, [](const GroupUse& a, const GroupUse& b) {
            return a.scan == b.scan && a.evaluation == b.evaluation && a.axes == b.axes;
          })) {
        g = other;
        break;
      }
    }
    if (g == built_.pass.groups.size()) {
      built_.pass.groups.push_back(group);
      built_.requests_of_group.emplace_back();
      uses_.push_back(uses);
      values_.emplace_back();
      for (GroupUse& use : uses_.back()) {
        auto& inputs = built_.pass.scans[use.scan].evaluations[use.evaluation].groups;
        use.input = inputs.size();
        inputs.push_back({g, {}, use.axes});
      }
    }
    built_.requests_of_group[g].push_back(work.request);
    const std::size_t count = uses.empty() ? empty_aggregates(node).size() : uses[0].aggregates.size();
    for (std::size_t a = 0; a < count; ++a) {
      target.finalizer.aggregates.push_back(uses.empty() ? add_aggregate(g, empty_aggregates(node)[a], {}, node)
                                                         : add_aggregate(g, uses[0].aggregates[a], column(uses, a), node));
    }
    built_.pass.groups[g].targets.push_back(std::move(target));
  }

  // Of nothing: types alone matter.
  static std::vector<Aggregate> empty_aggregates(const ReductionNode& node) {
    std::vector<int> values;
    for (std::size_t i = 0; i < node.inputs.size(); ++i) values.push_back(static_cast<int>(i));
    return aggregates_of(node, values, values);
  }

  // Aggregate number a of each use.
  static std::vector<Aggregate> column(const std::vector<GroupUse>& uses, std::size_t a) {
    std::vector<Aggregate> result;
    for (const GroupUse& use : uses) result.push_back(use.aggregates[a]);
    return result;
  }

  // The number of the aggregate in the group; `by_use` are its values in each evaluation.
  int add_aggregate(std::size_t g, const Aggregate& first, const std::vector<Aggregate>& by_use, const ReductionNode& node) {
    ReductionGroup& group = built_.pass.groups[g];
    Aggregate aggregate = first;
    aggregate.values.clear();
    for (std::size_t v = 0; v < first.values.size(); ++v) {
      std::vector<int> values;
      for (const Aggregate& use : by_use) values.push_back(use.values[v]);
      if (by_use.empty()) values.push_back(first.values[v]);
      const auto [entry, is_new] = values_[g].emplace(values, static_cast<int>(group.program.values.size()));
      if (is_new) {
        ElementType type = node.inputs[std::min(static_cast<std::size_t>(first.values[v]), node.inputs.size() - 1)].dtype();
        for (std::size_t u = 0; u < by_use.size(); ++u) {
          const GroupUse& use = uses_[g][u];
          Evaluation& evaluation = built_.pass.scans[use.scan].evaluations[use.evaluation];
          type = evaluation.program.values[static_cast<std::size_t>(values[u])].type;
          evaluation.groups[use.input].values.push_back(values[u]);
        }
        group.program.values.push_back({type, InputValue{static_cast<int>(group.program.values.size())}});
        group.program.inputs.push_back({native_dtype(type), {}});
      }
      aggregate.values.push_back(entry->second);
    }
    const auto found = std::ranges::find(group.aggregates, aggregate);
    const auto index = static_cast<int>(found - group.aggregates.begin());
    if (found == group.aggregates.end()) group.aggregates.push_back(std::move(aggregate));
    return index;
  }

  const std::vector<Request>& requests_;
  const PassContext& context_;
  BuiltPass built_;
  std::vector<Work> works_;
  Partners partners_;
  std::map<std::vector<std::string>, std::size_t> scans_;
  std::map<std::ptrdiff_t, std::map<DatasetUse, std::size_t>> datasets_;  // by scan
  std::vector<std::vector<GroupUse>> uses_;                               // by group
  std::vector<std::map<std::vector<int>, int>> values_;                   // by group: its values, by what they are in each use
};

}  // namespace

std::vector<Dim> domain_of(const Array& array) {
  const auto* node = std::get_if<ReductionNode>(&array.node().kind);
  return node != nullptr ? all_dims(node->inputs) : array.dims();
}

BuiltPass build_pass(const std::vector<Request>& requests, const PassContext& context) {
  return Assembly(requests, context).build();
}

}  // namespace xylem::detail
