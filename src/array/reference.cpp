#include "xylem/array/reference.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "xylem/support/contract.hpp"
#include "xylem/support/text.hpp"

#include "detail/build.hpp"
#include "detail/reference.hpp"

namespace xylem {
namespace detail {

const Number& element(const ReferenceArray& array, const std::vector<Dim>& dims, const std::vector<std::int64_t>& index) {
  std::int64_t offset = 0;
  for (const Dim& dim : array.dims) {
    const auto place = std::ranges::find(dims, dim.name, &Dim::name) - dims.begin();
    offset = offset * dim.size + index[static_cast<std::size_t>(place)];
  }
  return array.values[static_cast<std::size_t>(offset)];
}

}  // namespace detail

namespace {

using Index = std::vector<std::int64_t>;

class Evaluator {
 public:
  explicit Evaluator(const ReferenceReader& reader) : reader_(reader) {}

  const ReferenceArray& evaluate(const Array& array) {
    const auto done = done_.find(&array.node());
    if (done != done_.end()) return done->second;
    ReferenceArray result{array.dims(), array.dtype(), {}};
    std::visit([&](const auto& kind) { make(kind, array, result); }, array.node().kind);
    return done_[&array.node()] = std::move(result);
  }

 private:
  void make(const SourceNode& node, const Array& array, ReferenceArray& result) {
    result.values = reader_(node);
    XYLEM_EXPECT(static_cast<std::int64_t>(result.values.size()) == num_elements(array.shape()), "a source gives all its values");
  }

  void make(const ConstantNode& node, const Array& array, ReferenceArray& result) {
    result.values.assign(static_cast<std::size_t>(*num_elements(array.shape())), node.value);
  }

  void make(const CoordinateNode& node, const Array&, ReferenceArray& result) {
    std::visit(
        [&](const auto& values) {
          if constexpr (!std::is_same_v<std::decay_t<decltype(values)>, std::vector<std::string>>) {
            result.values.assign(values.begin(), values.end());
          }
        },
        *node.values);
  }

  void make(const ElementwiseNode& node, const Array& array, ReferenceArray& result) {
    for (const Array& input : node.inputs) evaluate(input);
    detail::for_each_index(array.dims(), [&](const Index& index) {
      std::vector<Number> inputs;
      for (std::size_t i = 0; i < node.inputs.size(); ++i) {
        inputs.push_back(convert(detail::element(evaluate(node.inputs[i]), array.dims(), index), node.types.inputs[i]));
      }
      result.values.push_back(node.custom ? xylem::evaluate(*node.custom, inputs)
                                          : xylem::evaluate(node.operation, node.types, inputs));
    });
  }

  void make(const CastNode& node, const Array&, ReferenceArray& result) {
    for (const Number& value : evaluate(node.input).values) result.values.push_back(convert(value, result.dtype));
  }

  void make(const IselNode& node, const Array&, ReferenceArray& result) {
    const ReferenceArray& input = evaluate(node.input);
    std::vector<Index> positions;
    std::vector<Dim> chosen;  // the input's dims with as many elements as are chosen
    for (std::size_t i = 0; i < node.axes.size(); ++i) {
      positions.push_back(detail::positions_of(node.axes[i]));
      chosen.push_back({input.dims[i].name, static_cast<std::int64_t>(positions[i].size())});
    }
    detail::for_each_index(chosen, [&](Index index) {
      for (std::size_t i = 0; i < index.size(); ++i) index[i] = positions[i][static_cast<std::size_t>(index[i])];
      result.values.push_back(detail::element(input, input.dims, index));
    });
  }

  void make(const RenameNode& node, const Array&, ReferenceArray& result) { result.values = evaluate(node.input).values; }
  void make(const ExpandDimsNode& node, const Array&, ReferenceArray& result) { result.values = evaluate(node.input).values; }

  void make(const TransposeNode& node, const Array& array, ReferenceArray& result) {
    const ReferenceArray& input = evaluate(node.input);
    detail::for_each_index(array.dims(),
                           [&](const Index& index) { result.values.push_back(detail::element(input, array.dims(), index)); });
  }

  void make(const ConcatNode& node, const Array& array, ReferenceArray& result) {
    const std::size_t axis = array.axis(node.dim);
    detail::for_each_index(array.dims(), [&](Index index) {
      std::size_t part = 0;
      const auto extent = [&] { return node.is_new ? 1 : node.inputs[part].dims()[node.inputs[part].axis(node.dim)].size; };
      for (; index[axis] >= extent(); ++part) index[axis] -= extent();
      result.values.push_back(convert(detail::element(evaluate(node.inputs[part]), array.dims(), index), result.dtype));
    });
  }

  void make(const ReductionNode& node, const Array&, ReferenceArray& result) {
    for (const Array& input : node.inputs) evaluate(input);
    const std::vector<Dim> dims = detail::broadcast_dims(node.inputs);
    std::vector<Dim> kept, reduced;
    for (const Dim& dim : dims) {
      (std::ranges::find(node.dims, dim.name) != node.dims.end() ? reduced : kept).push_back(dim);
    }
    std::vector<Dim> both = kept;
    both.insert(both.end(), reduced.begin(), reduced.end());
    detail::for_each_index(kept, [&](const Index& outer) {
      std::vector<std::vector<Number>> lists(node.inputs.size());
      detail::for_each_index(reduced, [&](const Index& inner) {
        Index index = outer;
        index.insert(index.end(), inner.begin(), inner.end());
        for (std::size_t i = 0; i < lists.size(); ++i) lists[i].push_back(detail::element(evaluate(node.inputs[i]), both, index));
      });
      try {
        result.values.push_back(detail::reduce_elements(node, result.dtype, lists));
      } catch (const DataError& error) {
        throw DataError("{}{}", error.what(), place(kept, outer));
      }
    });
  }

  static std::string place(const std::vector<Dim>& dims, const Index& index) {
    std::string text;
    for (std::size_t i = 0; i < dims.size(); ++i)
      text += fmt::format("{}{}={}", i == 0 ? " at " : ", ", printable(dims[i].name), index[i]);
    return text;
  }

  const ReferenceReader& reader_;
  std::map<const ArrayNode*, ReferenceArray> done_;
};

}  // namespace

ReferenceArray evaluate_reference(const Array& array, const ReferenceReader& reader) { return Evaluator(reader).evaluate(array); }

}  // namespace xylem
