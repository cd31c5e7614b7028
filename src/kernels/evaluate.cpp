#include "xylem/kernels/evaluate.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "xylem/model/half.hpp"
#include "xylem/support/contract.hpp"

#include "detail/element_kernels.hpp"

namespace xylem {
namespace detail {
namespace {

template <class... Visitors>
struct Overloaded : Visitors... {
  using Visitors::operator()...;
};

bool is_comparison(Operation operation) { return operation_info(operation).types == TypeRule::comparison; }

}  // namespace

class EvaluatorImpl {
 public:
  explicit EvaluatorImpl(const Program& program) : program_(program) {
    for (const ProgramInput& input : program_.inputs) loaders_.emplace_back(input);
    for (const ProgramValue& value : program_.values) {
      registers_.push_back(make_register(value.type));
      pointers_.push_back(registers_.back().get());
      const auto* constant = std::get_if<ConstantValue>(&value.kind);
      if (constant == nullptr) continue;
      for (int i = 0; i < Evaluator::max_tile; ++i) put(value.type, registers_.back().get(), i, constant->value);
    }
  }

  void evaluate(int rows, int cols, std::span<const InputView> inputs) {
    const int n = rows * cols;
    XYLEM_EXPECT(n <= Evaluator::max_tile && inputs.size() == loaders_.size(), "a tile that fits, and all inputs");
    for (std::size_t v = 0; v < program_.values.size(); ++v) {
      const ProgramValue& value = program_.values[v];
      void* out = registers_[v].get();
      std::visit(Overloaded{[&](const InputValue& in) {
                              const auto i = static_cast<std::size_t>(in.input);
                              const bool ready = loaders_[i].lies_ready(rows, cols, inputs[i]);
                              pointers_[v] = ready ? static_cast<const void*>(inputs[i].data) : out;
                              if (!ready) loaders_[i].load(rows, cols, inputs[i], out);
                            },
                            [](const ConstantValue&) {}, [&](const ApplyValue& apply) { run(apply, value.type, out, n); },
                            [&](const CastValue& cast) { convert_all(cast.input, value.type, out, n); }},
                 value.kind);
    }
  }

  [[nodiscard]] std::span<const void* const> values() const noexcept { return pointers_; }

 private:
  using Register = std::unique_ptr<std::byte[]>;
  static Register make_register(ElementType type) {
    return Register(new std::byte[static_cast<std::size_t>(Evaluator::max_tile) * static_cast<std::size_t>(register_size(type))]);
  }

  [[nodiscard]] ElementType type_of(int value) const { return program_.values[static_cast<std::size_t>(value)].type; }

  [[nodiscard]] bool is_two(int value) const {
    const auto* constant = std::get_if<ConstantValue>(&program_.values[static_cast<std::size_t>(value)].kind);
    return constant != nullptr && convert(constant->value, ElementType::float64) == Number(2.0);
  }

  void convert_all(int input, ElementType to, void* out, int n) const {
    const void* in = pointers_[static_cast<std::size_t>(input)];
    const ElementType from = type_of(input);
    if (cast(from, to, in, out, n)) return;
    for (int i = 0; i < n; ++i) static_cast<void>(convert(get(from, in, i), to));  // one of them throws
  }

  // The elements of an input as `type`: its register, or a copy.
  const void* operand(int input, ElementType type, std::size_t place, int n) {
    if (type_of(input) == type) return pointers_[static_cast<std::size_t>(input)];
    if (converted_.size() <= place) converted_.resize(place + 1);
    if (!converted_[place]) converted_[place] = make_register(ElementType::float64);
    convert_all(input, type, converted_[place].get(), n);
    return converted_[place].get();
  }

  void run(const ApplyValue& apply, ElementType result, void* out, int n) {
    const OperationInfo& info = operation_info(apply.operation);
    const auto in = [&](std::size_t i, ElementType type) { return operand(apply.inputs[i], type, i, n); };
    switch (info.types) {
      case TypeRule::choice: {
        const void* condition = in(0, ElementType::boolean);
        const void* yes = in(1, result);
        return choose(register_size(result), condition, yes, in(2, result), out, n);
      }
      case TypeRule::predicate:
        return predicate(apply.operation, type_of(apply.inputs[0]), in(0, type_of(apply.inputs[0])), out, n);
      case TypeRule::truth: {
        const void* first = in(0, ElementType::boolean);
        const void* second = apply.inputs.size() > 1 ? in(1, ElementType::boolean) : first;
        arithmetic(apply.operation, ElementType::boolean, first, second, out, n);
        return;
      }
      default: break;
    }
    const std::vector<ElementType>& types = apply.types.inputs;
    std::array<const void*, 2> operands{in(0, types[0]), nullptr};
    operands[1] = apply.inputs.size() > 1 ? in(1, types[1]) : operands[0];
    const bool same = types.back() == types[0];
    if (apply.operation == Operation::power && same && types[0] == result && result != ElementType::boolean &&
        is_two(apply.inputs[1]) && arithmetic(Operation::multiply, result, operands[0], operands[0], out, n)) {
      return;
    }
    if (same && is_comparison(apply.operation) && comparison(apply.operation, types[0], operands[0], operands[1], out, n)) return;
    if (same && types[0] == result && arithmetic(apply.operation, result, operands[0], operands[1], out, n)) return;
    if (same && types[0] == result && mathematics(apply.operation, result, operands[0], operands[1], out, n)) return;
    // All else element by element.
    std::array<Number, 2> numbers;
    for (int i = 0; i < n; ++i) {
      for (std::size_t a = 0; a < apply.inputs.size(); ++a) numbers[a] = get(types[a], operands[a], i);
      put(result, out, i, xylem::evaluate(apply.operation, apply.types, std::span(numbers.data(), apply.inputs.size())));
    }
  }

  Program program_;
  std::vector<Loader> loaders_;
  std::vector<Register> registers_;
  std::vector<const void*> pointers_;
  std::vector<Register> converted_;
};

}  // namespace detail

Evaluator::Evaluator(const Program& program) : impl_(std::make_unique<detail::EvaluatorImpl>(program)) {}
Evaluator::~Evaluator() = default;
Evaluator::Evaluator(Evaluator&&) noexcept = default;

void Evaluator::evaluate(int rows, int cols, std::span<const InputView> inputs) { impl_->evaluate(rows, cols, inputs); }
std::span<const void* const> Evaluator::values() const noexcept { return impl_->values(); }

namespace {

// The sign and payload of a NaN depend on the order in which a processor takes its operands.
template <class T>
void store_reals(const void* from, std::int64_t n, std::byte* to) {
  const T* values = static_cast<const T*>(from);
  for (std::int64_t i = 0; i < n; ++i) {
    const T value = std::isnan(values[i]) ? std::numeric_limits<T>::quiet_NaN() : values[i];
    std::memcpy(to + i * static_cast<std::int64_t>(sizeof value), &value, sizeof value);
  }
}

}  // namespace

void store_elements(ElementType type, const void* from, std::int64_t n, std::byte* to) {
  if (type == ElementType::float64) return store_reals<double>(from, n, to);
  if (type == ElementType::float32) return store_reals<float>(from, n, to);
  if (type != ElementType::float16) {
    std::memcpy(to, from, static_cast<std::size_t>(n * element_size(type)));
    return;
  }
  for (std::int64_t i = 0; i < n; ++i) {
    const float value = static_cast<const float*>(from)[i];
    const std::uint16_t bits = half_bits(std::isnan(value) ? std::numeric_limits<float>::quiet_NaN() : value);
    std::memcpy(to + i * 2, &bits, 2);
  }
}

}  // namespace xylem
