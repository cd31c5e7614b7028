#include "xylem/kernels/evaluate.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <map>
#include <utility>

#include "xylem/support/contract.hpp"

#include "detail/evaluate_load.hpp"
#include "detail/evaluate_steps.hpp"

namespace xylem {
namespace detail {
namespace {

struct Load {
  int input = 0;
  int output = 0;  // register
  TileLoader loader;
};

struct Fill {
  int output = 0;  // register
  ElementType type{};
  Number value{};
};

// True where elements of one type are those of another as they lie in registers.
bool is_same_in_register(ElementType from, ElementType to) {
  if (from == to || (from == ElementType::float16 && to == ElementType::float32)) return true;
  return is_integer(to) && !is_floating(from) && element_size(from) == element_size(to);
}

template <class Table>
bool contains(const Table& table, Operation operation) {
  return std::ranges::find(table, operation) != table.end();
}

// x ** 2 is x * x.
Program with_squares(Program program) {
  for (ProgramValue& value : program.values) {
    auto* apply = std::get_if<ApplyValue>(&value.kind);
    if (apply == nullptr || apply->operation != Operation::power) continue;
    const auto* exponent = std::get_if<ConstantValue>(&program.values[static_cast<std::size_t>(apply->inputs[1])].kind);
    if (exponent == nullptr || convert(exponent->value, ElementType::float64) != Number{2.0}) continue;
    apply->operation = Operation::multiply;
    apply->inputs[1] = apply->inputs[0];
  }
  return program;
}

std::span<const int> inputs_of(const ProgramValue& value) {
  if (const auto* apply = std::get_if<ApplyValue>(&value.kind)) return apply->inputs;
  if (const auto* cast = std::get_if<CastValue>(&value.kind)) return std::span(&cast->input, 1);
  return {};
}

// Which values are made within the step that uses them (run_fused): passes over tiles cost more than additions.
class Fusion {
 public:
  Fusion(const Program& program, const std::vector<bool>& needed)
      : program_(program), once_(program.values.size()), inlined_(once_), sums_(once_) {
    std::vector<int> uses(program.values.size());
    for (const ProgramValue& value : program.values) {
      for (const int input : inputs_of(value)) ++uses[static_cast<std::size_t>(input)];
    }
    for (std::size_t v = 0; v < uses.size(); ++v) once_[v] = uses[v] == 1 && !needed[v];
    for (std::size_t v = 0; v < uses.size(); ++v) {
      const bool root = is_apply(v, {Operation::sqrt});
      if (!root && !is_term(v)) continue;
      for (const int input : inputs_of(program.values[v])) {
        const auto i = static_cast<std::size_t>(input);
        if (!once_[i] || program.values[i].type != program.values[v].type || !(root ? sums_[i] : is_term(i) && !sums_[i]))
          continue;
        inlined_[i] = true;
        sums_[v] = !root;
      }
    }
  }

  [[nodiscard]] bool is_inlined(int value) const { return inlined_[static_cast<std::size_t>(value)]; }

 private:
  [[nodiscard]] bool is_apply(std::size_t v, std::initializer_list<Operation> operations) const {
    const ProgramValue& value = program_.values[v];
    const auto* apply = std::get_if<ApplyValue>(&value.kind);
    return apply != nullptr && (value.type == ElementType::float32 || value.type == ElementType::float64) &&
           std::ranges::find(operations, apply->operation) != operations.end();
  }
  [[nodiscard]] bool is_term(std::size_t v) const {
    return is_apply(v, {Operation::add, Operation::subtract, Operation::multiply});
  }

  const Program& program_;
  std::vector<bool> once_;  // one use, and not needed otherwise
  std::vector<bool> inlined_;
  std::vector<bool> sums_;  // that have inlined inputs
};

// A program as registers and instructions. A register belongs to one value, so that it can be looked at afterwards, but values
// that are the same elements share one.
class Code {
 public:
  Code(const Program& original, const std::vector<bool>& needed) : program_(with_squares(original)), fusion_(program_, needed) {
    for (const ProgramValue& value : program_.values) {
      const bool inlined = fusion_.is_inlined(static_cast<int>(values.size()));
      values.push_back(inlined ? none : std::visit([&](const auto& kind) { return add(value.type, kind); }, value.kind));
    }
  }

  static constexpr int none = -1;
  std::vector<Load> loads{};
  std::vector<Fill> fills{};
  std::vector<Step> constant_steps{};  // their results do not depend on the tile
  std::vector<Step> steps{};
  std::vector<int> values{};            // the register of each value, or none
  std::vector<std::int64_t> offsets{};  // of registers
  std::int64_t bytes = 0;               // of all registers

 private:
  int add_register(ElementType type, bool constant) {
    offsets.push_back(bytes);
    constant_.push_back(constant);
    // The extra line keeps equal elements of several registers out of one set of the cache.
    bytes += Evaluator::max_tile * native_size(type) + 64;
    return static_cast<int>(offsets.size()) - 1;
  }

  int add_constant(ElementType type, const Number& value) {
    fills.push_back({add_register(type, true), type, convert(value, type)});
    return fills.back().output;
  }

  int add_step(Step step) {
    const bool constant = std::ranges::all_of(step.inputs, [&](int input) { return constant_[static_cast<std::size_t>(input)]; });
    // A cast that throws does so when it is evaluated.
    const bool folded = constant && !(step.run == run_cast && is_floating(step.input) && !is_floating(step.type));
    step.output = add_register(step.type, folded);
    (folded ? constant_steps : steps).push_back(step);
    return step.output;
  }

  // An earlier value as another type.
  int converted(int value, ElementType to) {
    const ElementType from = program_.values[static_cast<std::size_t>(value)].type;
    const int input = values[static_cast<std::size_t>(value)];
    if (is_same_in_register(from, to)) return input;
    const auto [found, is_new] = converted_.try_emplace({value, to}, 0);
    if (is_new) {
      Step step{run_cast, {}, from, to};
      step.inputs.fill(input);
      found->second = add_step(step);
    }
    return found->second;
  }

  int add(ElementType type, const InputValue& kind) {
    const ProgramInput& input = program_.inputs[static_cast<std::size_t>(kind.input)];
    XYLEM_EXPECT(type == decoded_type(input.stored, input.decoding), "inputs have the type that decoding gives");
    loads.push_back({kind.input, add_register(type, false), TileLoader(input)});
    return loads.back().output;
  }

  int add(ElementType type, const ConstantValue& kind) { return add_constant(type, kind.value); }
  int add(ElementType type, const CastValue& kind) { return converted(kind.input, type); }

  int add_custom(ElementType type, const ApplyValue& kind) {
    Step step{run_custom_function, kind.operation, kind.types.inputs[0], type};
    step.custom = kind.custom.get();
    for (std::size_t i = 0; i < step.inputs.size(); ++i) {
      const std::size_t k = std::min(i, kind.inputs.size() - 1);
      step.inputs[i] = converted(kind.inputs[k], kind.types.inputs[k]);
    }
    return add_step(step);
  }

  int add(ElementType type, const ApplyValue& kind) {
    if (kind.custom) return add_custom(type, kind);
    XYLEM_EXPECT(type == kind.types.result, "an operation's value has the type of its result");
    const OperationInfo& info = operation_info(kind.operation);
    Step step{nullptr, kind.operation, kind.types.inputs[0], type};
    if (std::ranges::any_of(kind.inputs, [&](int i) { return fusion_.is_inlined(i); })) return add_fused(step, kind);
    for (std::size_t i = 0; i < step.inputs.size(); ++i) {
      const std::size_t k = std::min(i, kind.inputs.size() - 1);
      const ElementType to = info.types == TypeRule::truth ? ElementType::boolean : kind.types.inputs[k];
      step.inputs[i] = converted(kind.inputs[k], to);
    }
    switch (info.types) {
      case TypeRule::comparison: return add_comparison(step, kind.types.inputs[1]);
      case TypeRule::predicate: return add_predicate(step);
      case TypeRule::truth: return add_logic(step);
      case TypeRule::choice: step.run = run_where; return add_step(step);
      default: return add_arithmetic(step);
    }
  }

  const ApplyValue& apply(int value) const { return std::get<ApplyValue>(program_.values[static_cast<std::size_t>(value)].kind); }

  int add_fused(Step step, const ApplyValue& kind) {
    step.run = run_fused;
    step.root = kind.operation == Operation::sqrt;
    const ApplyValue& sum = step.root ? apply(kind.inputs[0]) : kind;
    step.operation = sum.operation;
    const auto set = [&](int value, Operation& operation, int* inputs) {
      const bool inlined = fusion_.is_inlined(value);
      operation = inlined ? apply(value).operation : Operation::positive;
      for (std::size_t i = 0; i < 2; ++i) {
        inputs[i] = converted(inlined ? apply(value).inputs[i] : value, step.type);
      }
    };
    set(sum.inputs[0], step.left, &step.inputs[0]);
    set(sum.inputs[1], step.right, &step.inputs[2]);
    std::fill(step.inputs.begin() + 4, step.inputs.end(), step.inputs[3]);
    if (step.operation != Operation::subtract && step.left < step.right) {
      std::swap(step.left, step.right);
      std::swap(step.inputs[0], step.inputs[2]);
      std::swap(step.inputs[1], step.inputs[3]);
    }
    return add_step(step);
  }

  int add_comparison(Step step, ElementType second) {
    const bool mixed = step.input != second;
    step.run = mixed ? run_mixed_comparison : run_comparison;
    if (step.operation == Operation::greater || step.operation == Operation::greater_equal) {
      step.operation = step.operation == Operation::greater ? Operation::less : Operation::less_equal;
      std::swap(step.inputs[0], step.inputs[1]);
      step.input = second;
    }
    return add_step(step);
  }

  int add_predicate(Step step) {
    const bool finite = step.operation == Operation::isfinite, given = step.operation == Operation::notnull;
    if (!is_floating(step.input)) return add_constant(ElementType::boolean, std::uint64_t{finite || given});
    if (finite || step.operation == Operation::isinf) {
      step.run = run_finiteness;
    } else {  // NaN is what is unlike itself
      step.run = run_comparison;
      step.operation = given ? Operation::equal : Operation::not_equal;
    }
    return add_step(step);
  }

  int add_logic(Step step) {
    switch (step.operation) {
      case Operation::logical_and: step.operation = Operation::bitwise_and; break;
      case Operation::logical_or: step.operation = Operation::bitwise_or; break;
      case Operation::logical_xor: step.operation = Operation::bitwise_xor; break;
      default: break;
    }
    step.run = run_integers;
    return add_step(step);
  }

  int add_arithmetic(Step step) {
    if (leaves_as_is(step.operation, step.type)) return step.inputs[0];
    if (is_floating(step.type)) {
      step.run = contains(kRealOperations, step.operation) ? run_reals : run_wide;
      return add_step(step);
    }
    if (step.operation == Operation::fmin) step.operation = Operation::minimum;
    if (step.operation == Operation::fmax) step.operation = Operation::maximum;
    if (step.operation == Operation::invert && step.type == ElementType::boolean) step.operation = Operation::logical_not;
    step.run = contains(kIntegerOperations, step.operation) ? run_integers : run_wide;
    return add_step(step);
  }

  // Operations that give their first input.
  static bool leaves_as_is(Operation operation, ElementType type) {
    switch (operation) {
      case Operation::positive: return true;
      case Operation::floor:
      case Operation::ceil:
      case Operation::trunc:
      case Operation::round:
      case Operation::fillna: return !is_floating(type);
      case Operation::absolute: return !is_floating(type) && !is_signed_integer(type);
      default: return false;
    }
  }

  Program program_;
  Fusion fusion_;
  std::vector<bool> constant_{};  // of registers
  std::map<std::pair<int, ElementType>, int> converted_{};
};

constexpr std::int64_t scratch_bytes = std::int64_t{Evaluator::max_tile} * 8;

}  // namespace

class EvaluatorImpl {
 public:
  EvaluatorImpl(const Program& program, const std::vector<bool>& needed)
      : code_(program, needed),
        memory_(static_cast<std::size_t>((scratch_bytes + code_.bytes) / 64)),
        registers_(code_.offsets.size()),
        values_(code_.values.size()) {
    for (std::size_t i = 0; i < registers_.size(); ++i) registers_[i] = place(i);
    for (const Fill& fill : code_.fills) this->fill(fill);
    for (const Step& step : code_.constant_steps) run(step, Evaluator::max_tile);
  }

  void evaluate(int rows, int cols, std::span<const InputView> inputs) {
    for (const Load& load : code_.loads) {
      const auto output = static_cast<std::size_t>(load.output);
      registers_[output] =
          load.loader.load(inputs[static_cast<std::size_t>(load.input)], rows, cols, memory_.front().bytes, place(output));
    }
    for (const Step& step : code_.steps) run(step, rows * cols);
    for (std::size_t v = 0; v < values_.size(); ++v) {
      const int made = code_.values[v];
      values_[v] = made == Code::none ? nullptr : registers_[static_cast<std::size_t>(made)];
    }
  }

  [[nodiscard]] std::span<const void* const> values() const noexcept { return values_; }

 private:
  struct alignas(64) Line {
    std::byte bytes[64];
  };

  std::byte* place(std::size_t index) { return memory_.front().bytes + scratch_bytes + code_.offsets[index]; }

  void fill(const Fill& fill) {
    with_native(fill.type, [&](auto zero) {
      using T = decltype(zero);
      const T value = std::visit([](auto v) { return static_cast<T>(v); }, fill.value);
      std::fill_n(reinterpret_cast<T*>(place(static_cast<std::size_t>(fill.output))), Evaluator::max_tile, value);
    });
  }

  void run(const Step& step, int n) {
    std::array<const void*, std::tuple_size_v<decltype(step.inputs)>> in;
    for (std::size_t i = 0; i < in.size(); ++i) in[i] = registers_[static_cast<std::size_t>(step.inputs[i])];
    step.run(step, in.data(), n, place(static_cast<std::size_t>(step.output)));
  }

  Code code_;
  std::vector<Line> memory_;  // the loaders' scratch, then the registers
  std::vector<const void*> registers_;
  std::vector<const void*> values_;
};

}  // namespace detail

void detail::run_custom_function(const Step& step, const void* const* in, int n, void* out) {
  step.custom->evaluate({in, step.custom->inputs().size()}, n, out);
}

Evaluator::Evaluator(const Program& program) : Evaluator(program, std::vector<bool>(program.values.size(), true)) {}
Evaluator::Evaluator(const Program& program, const std::vector<bool>& needed)
    : impl_(std::make_unique<detail::EvaluatorImpl>(program, needed)) {}
Evaluator::~Evaluator() = default;
Evaluator::Evaluator(Evaluator&&) noexcept = default;

void Evaluator::evaluate(int rows, int cols, std::span<const InputView> inputs) {
  XYLEM_EXPECT(rows > 0 && cols > 0 && std::int64_t{rows} * cols <= max_tile, "a tile of up to max_tile elements");
  impl_->evaluate(rows, cols, inputs);
}

std::span<const void* const> Evaluator::values() const noexcept { return impl_->values(); }

}  // namespace xylem
