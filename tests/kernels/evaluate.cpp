#include "xylem/kernels/evaluate.hpp"

#include <algorithm>
#include <utility>

#include "evaluate_oracle.hpp"

namespace xylem {
namespace {

// Evaluates a random tile of the program and compares all needed values of all elements with their scalar meaning.
void check(Random& random, const Program& program, const std::vector<bool>& needed, Evaluator& evaluator, int rows, int cols) {
  std::vector<Stored> stored;
  std::vector<InputView> views;
  for (const ProgramInput& input : program.inputs) {
    stored.push_back(random_elements(random, input, rows, cols));
    views.push_back(stored.back().view);
  }
  std::vector<std::vector<Number>> expected;
  bool fails = false;
  for (int i = 0; i < rows * cols && !fails; ++i) {
    std::vector<Number> inputs;
    for (std::size_t k = 0; k < views.size(); ++k) {
      const InputView& view = views[k];
      inputs.push_back(decode(program.inputs[k], view.data + i / cols * view.row_stride + i % cols * view.col_stride));
    }
    auto values = evaluate_element(program, inputs);
    fails = !values;
    if (values) expected.push_back(std::move(*values));
  }
  if (fails) {
    EXPECT_THROW(evaluator.evaluate(rows, cols, views), DataError);
    return;
  }
  ASSERT_NO_THROW(evaluator.evaluate(rows, cols, views));
  ASSERT_EQ(evaluator.values().size(), program.values.size());
  for (std::size_t v = 0; v < program.values.size(); ++v) {
    if (!needed[v]) continue;
    const ElementType type = program.values[v].type;
    for (int i = 0; i < rows * cols; ++i) {
      const Number actual = element(type, evaluator.values()[v], i);
      const Number& wanted = expected[static_cast<std::size_t>(i)][v];
      ASSERT_TRUE(is_same(actual, wanted)) << description(program, v) << ": " << text(actual) << " instead of " << text(wanted)
                                           << " for element " << i << " of " << rows << "x" << cols;
    }
  }
}

void check(Random& random, const Program& program, int rows, int cols) {
  Evaluator evaluator(program);
  check(random, program, std::vector<bool>(program.values.size(), true), evaluator, rows, cols);
}

ProgramInput native_input(ElementType type) { return {dtype_of(type, std::endian::native == std::endian::big), {}}; }

// A program of one operation on inputs of these types; nothing where it does not take them.
std::optional<Program> application(Operation operation, const std::vector<ElementType>& types) {
  Program program;
  ApplyValue apply{operation, {}, {}};
  std::vector<Operand> operands;
  for (const ElementType type : types) {
    const int i = static_cast<int>(operands.size());
    program.inputs.push_back(native_input(type));
    program.values.push_back({type, InputValue{i}});
    apply.inputs.push_back(i);
    operands.push_back({type});
  }
  try {
    apply.types = operation_types(operation, operands);
  } catch (const UsageError&) {
    // Integers to the power of integers, which only constants may be.
    if (operation != Operation::power || types[0] != types[1] || !is_signed_integer(types[0])) return std::nullopt;
    apply.types = {types, types[0]};
  }
  program.values.push_back({apply.types.result, apply});
  return program;
}

TEST(Evaluate, EveryOperationOnEveryType) {
  Random random(1);
  for (const OperationInfo& info : operations()) {
    int programs = 0;
    for (const ElementType first : kElementTypes) {
      for (const ElementType second : kElementTypes) {
        std::vector<ElementType> types{first, second};
        if (info.arity == 1) types.pop_back();
        if (info.arity == 3) types.insert(types.begin(), ElementType::boolean);
        if (info.arity == 1 && second != ElementType::boolean) continue;
        const auto program = application(info.operation, types);
        if (!program) continue;
        ++programs;
        check(random, *program, 1, info.arity == 1 ? Evaluator::max_tile : 301);
        if (HasFatalFailure()) return;
      }
    }
    EXPECT_GE(programs, info.types == TypeRule::bitwise && info.arity == 1 ? 9 : 11) << info.name;
  }
}

TEST(Evaluate, EveryCast) {
  Random random(2);
  for (const ElementType from : kElementTypes) {
    for (const ElementType to : kElementTypes) {
      Program program{{native_input(from)}, {{from, InputValue{0}}, {to, CastValue{0}}}};
      check(random, program, 1, 1777);
      for (int i = 0; i < 200 && !HasFatalFailure(); ++i) check(random, program, 1, 1 + below(random, 3));  // some fit
      if (HasFatalFailure()) return;
    }
  }
}

TEST(Evaluate, CastsOfNumbersThatDoNotFitSayWhich) {
  const Program program{{native_input(ElementType::float32)},
                        {{ElementType::float32, InputValue{0}}, {ElementType::int8, CastValue{0}}}};
  Evaluator evaluator(program);
  const float numbers[] = {1, -128.75F, 127.5F, 300.5F};
  const InputView view{reinterpret_cast<const std::byte*>(numbers), 0, 4};
  evaluator.evaluate(1, 3, std::span(&view, 1));
  EXPECT_EQ(element(ElementType::int8, evaluator.values()[1], 1), Number(std::int64_t{-128}));
  try {
    evaluator.evaluate(1, 4, std::span(&view, 1));
    FAIL();
  } catch (const DataError& error) {
    EXPECT_NE(std::string(error.what()).find("300.5"), std::string::npos) << error.what();
  }
}

// All there are: square roots, rounding, and storing.
TEST(Evaluate, EveryHalf) {
  Program program{{{dtype_of(ElementType::float16, false), {}}}, {{ElementType::float16, InputValue{0}}}};
  for (const Operation operation : {Operation::sqrt, Operation::sin, Operation::round}) {
    program.values.push_back({ElementType::float16, ApplyValue{operation, {{ElementType::float16}, ElementType::float16}, {0}}});
  }
  Evaluator evaluator(program);
  for (unsigned first = 0; first < 0x10000; first += Evaluator::max_tile) {
    std::vector<std::byte> memory(2 * Evaluator::max_tile), again(memory.size());
    for (unsigned i = 0; i < Evaluator::max_tile; ++i) {
      memory[2 * i] = static_cast<std::byte>((first + i) & 0xffU);
      memory[2 * i + 1] = static_cast<std::byte>((first + i) >> 8);
    }
    const InputView view{memory.data(), 0, 2};
    evaluator.evaluate(1, Evaluator::max_tile, std::span(&view, 1));
    store_elements(ElementType::float16, evaluator.values()[0], Evaluator::max_tile, again.data());
    for (int i = 0; i < Evaluator::max_tile; ++i) {
      const Number half = decode(program.inputs[0], memory.data() + 2 * i);
      ASSERT_TRUE(is_same(element(ElementType::float16, evaluator.values()[0], i), half));
      ASSERT_TRUE(is_same(decode(program.inputs[0], again.data() + 2 * i), half)) << text(half);
      const auto values = evaluate_element(program, {half});
      for (std::size_t v = 1; v < values->size(); ++v) {
        const Number actual = element(ElementType::float16, evaluator.values()[v], i);
        ASSERT_TRUE(is_same(actual, (*values)[v])) << description(program, v) << " of " << text(half) << ": " << text(actual);
      }
    }
  }
}

CfDecoding random_decoding(Random& random, ElementType stored) {
  CfDecoding decoding;
  if (is_integer(stored)) {
    using enum CfDecoding::Signedness;
    const CfDecoding::Signedness all[] = {as_stored, as_unsigned, as_signed};
    decoding.signedness = pick(random, all, 3);
  }
  const ElementType packed = *element_type(packed_dtype(dtype_of(stored, false), decoding));
  const auto bound = [&]() -> std::optional<Number> {
    const Number number = random_number(random, packed);
    const auto* real = std::get_if<double>(&number);
    return below(random, 4) != 0 || (real != nullptr && std::isnan(*real)) ? std::nullopt : std::optional(number);
  };
  for (int i = below(random, 3); i > 0; --i) decoding.missing.push_back(random_number(random, packed));
  decoding.valid_min = bound();
  decoding.valid_max = bound();
  decoding.scaled = below(random, 2) == 0;
  if (decoding.scaled) {
    decoding.scale_factor = (below(random, 2) == 0 ? 1 : -1) * std::ldexp(1 + below(random, 1000), below(random, 20) - 15);
    decoding.add_offset = below(random, 2) == 0 ? 0 : std::ldexp(below(random, 1000) - 500, -3);
    if (below(random, 3) == 0) decoding.unpacked_min = below(random, 200) - 150;
    if (below(random, 3) == 0) decoding.unpacked_max = below(random, 200) - 50;
  }
  return decoding;
}

TEST(Evaluate, LoadsEveryStoredType) {
  Random random(3);
  for (const ElementType type : kElementTypes) {
    for (const bool big_endian : {false, true}) {
      for (int i = 0; i < 150; ++i) {
        ProgramInput input{dtype_of(type, big_endian), {}};
        if (i % 3 != 0) input.decoding = random_decoding(random, type);
        const Program program{{input}, {{decoded_type(input.stored, input.decoding), InputValue{0}}}};
        const int rows = 1 + (i % 4 == 0 ? 0 : below(random, 40)), cols = 1 + (i % 4 == 1 ? 0 : below(random, 50));
        check(random, program, rows, cols);
        if (HasFatalFailure()) return;
      }
    }
  }
}

// The types of an operation on values of the program; nothing where it does not take them.
std::optional<OperationTypes> types_of(const Program& program, Operation operation, const std::vector<int>& inputs) {
  std::vector<Operand> operands;
  for (const int input : inputs) {
    const ProgramValue& value = program.values[static_cast<std::size_t>(input)];
    const auto* constant = std::get_if<ConstantValue>(&value.kind);
    const bool weak = constant != nullptr && element_size(value.type) == 8;
    operands.push_back({value.type, weak, constant == nullptr ? std::nullopt : std::optional(constant->value)});
  }
  try {
    return operation_types(operation, operands);
  } catch (const UsageError&) {
    return std::nullopt;
  }
}

Program random_program(Random& random) {
  Program program;
  for (int i = 1 + below(random, 3); i > 0; --i) {
    const ElementType type = pick(random, kElementTypes);
    program.inputs.push_back(
        {dtype_of(type, below(random, 2) == 0), below(random, 2) == 0 ? CfDecoding{} : random_decoding(random, type)});
  }
  for (int left = 2 + below(random, 20); left > 0; --left) {
    const int n = static_cast<int>(program.values.size());
    const int choice = n == 0 ? 0 : below(random, 12);
    if (choice <= 1) {
      const int i = below(random, static_cast<int>(program.inputs.size()));
      const ProgramInput& input = program.inputs[static_cast<std::size_t>(i)];
      program.values.push_back({decoded_type(input.stored, input.decoding), InputValue{i}});
    } else if (choice == 2) {
      const ElementType type = pick(random, kElementTypes);
      program.values.push_back({type, ConstantValue{random_number(random, type)}});
    } else if (choice == 3) {
      const int input = below(random, n);
      const ElementType type = pick(random, kElementTypes);
      // Most random floats do not fit in integers.
      if (is_floating(program.values[static_cast<std::size_t>(input)].type) && is_integer(type) && below(random, 8) != 0)
        continue;
      program.values.push_back({type, CastValue{input}});
    } else {
      ApplyValue apply{pick(random, operations()).operation, {}, {}};
      for (int i = 0; i < operation_info(apply.operation).arity; ++i) apply.inputs.push_back(below(random, n));
      if (auto types = types_of(program, apply.operation, apply.inputs)) {
        apply.types = std::move(*types);
        program.values.push_back({apply.types.result, apply});
      }
    }
  }
  return program;
}

TEST(Evaluate, RandomPrograms) {
  Random random(4);
  for (int i = 0; i < 2000; ++i) {
    SCOPED_TRACE(i);
    const Program program = random_program(random);
    std::vector<bool> needed(program.values.size());
    for (std::size_t v = 0; v < needed.size(); ++v) needed[v] = i % 2 == 0 || below(random, 3) == 0;
    Evaluator evaluator(program, needed);
    for (int tile = 0; tile < 3; ++tile) {
      const int rows = 1 + below(random, 9), cols = 1 + below(random, 9);
      check(random, program, needed, evaluator, rows, cols);
      if (HasFatalFailure()) return;
    }
  }
}

TEST(Evaluate, SquaresOfEveryType) {
  Random random(6);
  for (const ElementType type : kElementTypes) {
    if (type == ElementType::boolean) continue;
    const Number two = convert(std::int64_t{2}, type);
    Program program{{native_input(type)}, {{type, InputValue{0}}, {type, ConstantValue{two}}}};
    program.values.push_back({type, ApplyValue{Operation::power, {{type, type}, type}, {0, 1}}});
    check(random, program, 1, Evaluator::max_tile);
    if (HasFatalFailure()) return;
  }
}

// Sums, differences and products of floats, of which only the last is looked at.
TEST(Evaluate, OperationsThatShareALoop) {
  Random random(6);
  constexpr Operation all[] = {Operation::add, Operation::subtract, Operation::multiply, Operation::sqrt, Operation::power};
  int fused = 0;
  for (int i = 0; i < 4000; ++i) {
    SCOPED_TRACE(i);
    const ElementType type = i % 2 == 0 ? ElementType::float32 : ElementType::float64;
    Program program{{native_input(type), native_input(below(random, 8) == 0 ? ElementType::float32 : type)}, {}};
    program.values = {{type, InputValue{0}},
                      {*element_type(program.inputs[1].stored), InputValue{1}},
                      {ElementType::float64, ConstantValue{0.3}},
                      {ElementType::int64, ConstantValue{std::int64_t{2}}}};
    for (int left = 2 + below(random, 6); left > 0; --left) {
      const int n = static_cast<int>(program.values.size());
      ApplyValue apply{pick(random, all, std::size(all)), {}, {}};
      const auto recent = [&] { return std::max(0, n - 1 - below(random, 3)); };
      apply.inputs.push_back(recent());
      if (apply.operation == Operation::power)
        apply.inputs.push_back(below(random, 4) == 0 ? recent() : 3);
      else if (apply.operation != Operation::sqrt)
        apply.inputs.push_back(below(random, 2) == 0 ? recent() : below(random, n));
      if (auto types = types_of(program, apply.operation, apply.inputs)) {
        apply.types = std::move(*types);
        program.values.push_back({apply.types.result, apply});
      }
    }
    std::vector<bool> needed(program.values.size());
    needed.back() = true;
    Evaluator evaluator(program, needed);
    check(random, program, needed, evaluator, 1, 77);
    if (HasFatalFailure()) return;
    fused += std::ranges::count(evaluator.values(), nullptr) > 0 ? 1 : 0;
  }
  EXPECT_GT(fused, 1000);
}

TEST(Evaluate, LargestTilesInOneEvaluator) {
  Random random(5);
  const Program program = *application(Operation::hypot, {ElementType::float32, ElementType::int16});
  Evaluator evaluator(program);
  for (const auto& [rows, cols] : {std::pair{1, 2048}, {2048, 1}, {32, 64}, {1, 1}, {2, 1023}, {3, 7}, {1024, 2}}) {
    check(random, program, {true, true, true}, evaluator, rows, cols);
  }
  const std::vector<InputView> views(2);
  EXPECT_THROW(evaluator.evaluate(1, 2049, views), InternalError);
  EXPECT_THROW(evaluator.evaluate(0, 1, views), InternalError);
}

// Elements that lie as they are needed are not copied, others are.
TEST(Evaluate, ContiguousNativeElementsAreNotCopied) {
  const Program program{{native_input(ElementType::float64)}, {{ElementType::float64, InputValue{0}}}};
  Evaluator evaluator(program);
  const std::vector<double> numbers(12, 3.5);
  InputView view{reinterpret_cast<const std::byte*>(numbers.data()), 32, 8};
  evaluator.evaluate(3, 4, std::span(&view, 1));
  EXPECT_EQ(evaluator.values()[0], numbers.data());
  view.row_stride = 40;
  evaluator.evaluate(2, 4, std::span(&view, 1));
  EXPECT_NE(evaluator.values()[0], numbers.data());
}

}  // namespace
}  // namespace xylem
