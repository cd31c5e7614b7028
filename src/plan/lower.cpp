#include <algorithm>
#include <cmath>
#include <map>

#include "xylem/support/contract.hpp"

#include "detail/piece.hpp"

namespace xylem::detail {
namespace {

// A piece cannot be lowered as it is: along `axis` new ones begin at these indices, counted from its begin.
struct Cuts {
  std::size_t axis;
  std::vector<std::int64_t> at;
};

template <class... Visitors>
struct Overloaded : Visitors... {
  using Visitors::operator()...;
};
template <class... Visitors>
Overloaded(Visitors...) -> Overloaded<Visitors...>;  // Clang before 17 deduces nothing for aggregates

// How positions along an array's dims follow the indices of a piece; as LeafAxis.
using Views = std::vector<LeafAxis>;

class Lowering {
 public:
  Lowering(const Box& box, const FindIntermediate& intermediate, std::map<const ArrayNode*, std::vector<std::int64_t>>& offsets)
      : box_(box), intermediate_(intermediate), offsets_(offsets), builder_(piece_.program) {
    piece_.box = box;
  }

  Piece lower(const std::vector<Array>& arrays, const std::vector<Dim>& domain) {
    for (const Array& array : arrays) {
      Views views;
      for (const Dim& dim : array.dims()) {
        const auto axis = std::ranges::find(domain, dim.name, &Dim::name) - domain.begin();
        views.push_back({static_cast<int>(axis), box_.start[static_cast<std::size_t>(axis)], 1});
      }
      piece_.outputs.push_back(value(array, views));
    }
    return std::move(piece_);
  }

 private:
  [[nodiscard]] std::int64_t count(const LeafAxis& view) const {
    return view.axis < 0 ? 1 : box_.count[static_cast<std::size_t>(view.axis)];
  }

  // What many others are made of is lowered once.
  int value(const Array& array, const Views& views) {
    const auto [known, is_new] = values_.try_emplace({&array.node(), views}, -1);
    if (is_new) known->second = lowered(array, views);
    return known->second;
  }

  int lowered(const Array& array, const Views& views) {
    const ArrayNode& node = array.node();
    return std::visit(
        Overloaded{[&](const SourceNode& source) {
                     PieceLeaf leaf{source.info, source.decoding, array, 0, views};
                     return input(std::move(leaf), {source.info->dtype, source.decoding}, node.dtype);
                   },
                   [&](const ConstantNode& constant) { return builder_.constant(constant.value, node.dtype); },
                   [&](const CoordinateNode&) { return intermediate(array, views); },
                   [&](const ElementwiseNode& apply) {
                     std::vector<int> inputs;
                     for (const Array& in : apply.inputs) inputs.push_back(value(in, views_by_name(in, node.dims, views)));
                     return builder_.apply({apply.operation, apply.types, std::move(inputs), apply.custom});
                   },
                   [&](const CastNode& cast) { return builder_.cast(value(cast.input, views), node.dtype); },
                   [&](const IselNode& isel) { return value(isel.input, select(isel, views)); },
                   [&](const RenameNode& rename) { return value(rename.input, views); },
                   [&](const TransposeNode& transpose) {
                     return value(transpose.input, views_by_name(transpose.input, node.dims, views));
                   },
                   [&](const ExpandDimsNode& expand) { return value(expand.input, Views(views.begin() + 1, views.end())); },
                   [&](const ConcatNode& concat) { return joined(concat, node, views); },
                   [&](const ReductionNode&) { return intermediate(array, views); }},
        node.kind);
  }

  static Views views_by_name(const Array& input, const std::vector<Dim>& dims, const Views& views) {
    Views result;
    for (const Dim& dim : input.dims()) {
      result.push_back(views[static_cast<std::size_t>(std::ranges::find(dims, dim.name, &Dim::name) - dims.begin())]);
    }
    return result;
  }

  int input(PieceLeaf leaf, const ProgramInput& program_input, ElementType type) {
    for (LeafAxis& axis : leaf.axes) {
      if (count(axis) == 1) axis.step = axis.axis < 0 ? 0 : 1;
    }
    for (std::size_t i = 0; i < piece_.leaves.size(); ++i) {
      if (piece_.leaves[i].same_values(leaf)) return leaf_values_[i];
    }
    piece_.leaves.push_back(std::move(leaf));
    leaf_values_.push_back(builder_.input(program_input, type));
    return leaf_values_.back();
  }

  int intermediate(const Array& array, const Views& views) {
    PieceLeaf leaf;
    leaf.intermediate = intermediate_(array);
    leaf.axes = views;
    return input(std::move(leaf), {native_dtype(array.dtype()), {}}, array.dtype());
  }

  Views select(const IselNode& isel, const Views& views) const {
    Views result;
    std::size_t next = 0;
    for (const AxisSelection& selection : isel.axes) {
      if (const auto* position = std::get_if<std::int64_t>(&selection)) {
        result.push_back({-1, *position, 0});
        continue;
      }
      const LeafAxis& view = views[next++];
      if (const auto* stride = std::get_if<Stride>(&selection)) {
        result.push_back({view.axis, stride->start + stride->step * view.start, stride->step * view.step});
      } else {
        result.push_back(follow(std::get<std::vector<std::int64_t>>(selection), view));
      }
    }
    return result;
  }

  // Positions from a list, which must be equally spaced.
  [[nodiscard]] LeafAxis follow(const std::vector<std::int64_t>& list, const LeafAxis& view) const {
    const auto at = [&](std::int64_t i) { return list[static_cast<std::size_t>(view.start + view.step * i)]; };
    const std::int64_t n = count(view);
    if (n == 1) return {view.axis, at(0), view.axis < 0 ? 0 : 1};
    std::vector<std::int64_t> cuts;
    std::int64_t first = 0;
    for (std::int64_t i = 1; i < n; ++i) {
      const std::int64_t step = at(i) - at(i - 1);
      if (step != 0 && (i - first == 1 || step == at(first + 1) - at(first))) continue;
      cuts.push_back(i);
      first = i;
    }
    if (!cuts.empty()) throw Cuts{static_cast<std::size_t>(view.axis), std::move(cuts)};
    return {view.axis, at(0), at(1) - at(0)};
  }

  int joined(const ConcatNode& concat, const ArrayNode& node, const Views& views) {
    const auto dim = static_cast<std::size_t>(std::ranges::find(node.dims, concat.dim, &Dim::name) - node.dims.begin());
    std::vector<std::int64_t>& begins = offsets_[&node];
    if (begins.empty()) {
      begins.push_back(0);
      for (const Array& in : concat.inputs) {
        begins.push_back(begins.back() + (concat.is_new ? 1 : in.dims()[in.axis(concat.dim)].size));
      }
    }
    const LeafAxis& view = views[dim];
    // The last input that begins at or before a position: empty ones hold none.
    const auto part_of = [&](std::int64_t position) { return std::ranges::upper_bound(begins, position) - begins.begin() - 1; };
    const std::int64_t n = count(view);
    const auto part = part_of(view.start);
    std::vector<std::int64_t> cuts;
    if (n > 1) {
      for (std::int64_t i = 0; i < n;) {
        const auto here = static_cast<std::size_t>(part_of(view.start + view.step * i));
        i = (view.step > 0 ? (begins[here + 1] - 1 - view.start) / view.step : (view.start - begins[here]) / -view.step) + 1;
        if (i < n) cuts.push_back(i);
      }
    }
    if (!cuts.empty()) throw Cuts{static_cast<std::size_t>(view.axis), std::move(cuts)};
    const Array& in = concat.inputs[static_cast<std::size_t>(part)];
    Views inner = views;
    inner[dim].start -= begins[static_cast<std::size_t>(part)];
    return builder_.cast(value(in, views_by_name(in, node.dims, inner)), node.dtype);
  }

  Box box_;
  const FindIntermediate& intermediate_;
  std::map<const ArrayNode*, std::vector<std::int64_t>>& offsets_;  // of concatenated inputs
  Piece piece_;
  ProgramBuilder builder_;
  std::vector<int> leaf_values_;
  std::map<std::pair<const ArrayNode*, Views>, int> values_;
};

}  // namespace

bool PieceLeaf::same_values(const PieceLeaf& other) const {
  if (axes != other.axes || (info == nullptr) != (other.info == nullptr)) return false;
  if (info == nullptr) return intermediate == other.intermediate;
  return info->ref == other.info->ref && decoding == other.decoding;
}

int ProgramBuilder::find_or_add(ProgramValue value) {
  const auto same = [&](const ProgramValue& other) {
    if (other.type != value.type || other.kind.index() != value.kind.index()) return false;
    if (const auto* constant = std::get_if<ConstantValue>(&value.kind)) {
      const Number& theirs = std::get<ConstantValue>(other.kind).value;
      const auto* number = std::get_if<double>(&constant->value);
      if (number == nullptr || theirs.index() != constant->value.index()) return theirs == constant->value;
      return std::signbit(*number) == std::signbit(std::get<double>(theirs)) &&
             (*number == std::get<double>(theirs) || (std::isnan(*number) && std::isnan(std::get<double>(theirs))));
    }
    if (const auto* apply = std::get_if<ApplyValue>(&value.kind)) {
      const auto& theirs = std::get<ApplyValue>(other.kind);
      return apply->operation == theirs.operation && apply->types.inputs == theirs.types.inputs &&
             apply->inputs == theirs.inputs && apply->custom == theirs.custom;
    }
    if (const auto* cast = std::get_if<CastValue>(&value.kind)) return cast->input == std::get<CastValue>(other.kind).input;
    return std::get<InputValue>(value.kind).input == std::get<InputValue>(other.kind).input;
  };
  const auto found = std::ranges::find_if(program_.values, same);
  const auto index = static_cast<int>(found - program_.values.begin());
  if (found == program_.values.end()) program_.values.push_back(std::move(value));
  return index;
}

int ProgramBuilder::input(const ProgramInput& input, ElementType type) {
  program_.inputs.push_back(input);
  return find_or_add({type, InputValue{static_cast<int>(program_.inputs.size()) - 1}});
}
int ProgramBuilder::constant(const Number& value, ElementType type) { return find_or_add({type, ConstantValue{value}}); }
int ProgramBuilder::apply(ApplyValue value) {
  const ElementType type = value.types.result;
  return find_or_add({type, std::move(value)});
}
int ProgramBuilder::cast(int value, ElementType to) { return type(value) == to ? value : find_or_add({to, CastValue{value}}); }

std::vector<Piece> lower(const std::vector<Array>& arrays, const std::vector<Dim>& domain, const Box& box,
                         const FindIntermediate& intermediate) {
  std::vector<Piece> pieces;
  std::map<const ArrayNode*, std::vector<std::int64_t>> offsets;
  std::vector<Box> open{box};
  while (!open.empty()) {
    const Box here = std::move(open.back());
    open.pop_back();
    if (here.size() == 0) continue;
    try {
      pieces.push_back(Lowering(here, intermediate, offsets).lower(arrays, domain));
    } catch (Cuts& cuts) {
      cuts.at.push_back(here.count[cuts.axis]);
      std::vector<Box> parts;
      std::int64_t begin = 0;
      for (const std::int64_t end : cuts.at) {
        Box& part = parts.emplace_back(here);
        part.start[cuts.axis] += begin;
        part.count[cuts.axis] = end - begin;
        begin = end;
      }
      open.insert(open.end(), parts.rbegin(), parts.rend());
    }
  }
  return pieces;
}

std::vector<Dim> all_dims(const std::vector<Array>& inputs) {
  std::vector<Dim> dims;
  for (const Array& input : inputs) {
    for (const Dim& dim : input.dims()) {
      if (std::ranges::find(dims, dim.name, &Dim::name) == dims.end()) dims.push_back(dim);
    }
  }
  return dims;
}

DType native_dtype(ElementType type) {
  DType dtype;
  dtype.type_class = type == ElementType::boolean ? TypeClass::boolean
                     : is_signed_integer(type)    ? TypeClass::integer
                     : is_unsigned_integer(type)  ? TypeClass::uinteger
                                                  : TypeClass::floating;
  dtype.size = element_size(type);
  dtype.big_endian = std::endian::native == std::endian::big;
  return dtype;
}

}  // namespace xylem::detail
