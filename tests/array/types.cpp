#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <limits>
#include <random>
#include <sstream>

#include "xylem/model/operation.hpp"
#include "xylem/model/reduction.hpp"
#include "xylem/support/error.hpp"

using namespace xylem;

namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

Operand operand(const std::string& name) {
  if (name == "int") return {ElementType::int64, true, std::int64_t{3}};
  if (name == "float") return {ElementType::float64, true, 1.5};
  return {*find_element_type(name)};
}

std::string result_name(Operation operation, const std::vector<Operand>& operands) {
  try {
    return type_name(operation_types(operation, operands).result);
  } catch (const UsageError&) {
    return "error";
  }
}

std::string message(Operation operation, const std::vector<Operand>& operands) {
  try {
    static_cast<void>(operation_types(operation, operands));
  } catch (const UsageError& error) {
    return error.what();
  }
  return "no error";
}

// Known ways in which xylem differs from NumPy: rounding keeps booleans, and integers to the power of what may be negative is an
// error.
bool differs(Operation operation, const std::string& left, const std::string& right) {
  if (operation == Operation::round) return right == "bool";
  if (operation != Operation::power) return false;
  const auto exponent = find_element_type(right);
  const auto base = find_element_type(left);
  const bool integral_base = left == "int" || (base && !is_floating(*base));
  return integral_base && exponent && is_signed_integer(*exponent);
}

Number value_of(Operation operation, ElementType type, const std::vector<Number>& inputs) {
  const std::vector<Operand> operands(inputs.size(), Operand{type});
  return evaluate(operation, operation_types(operation, operands), inputs);
}

}  // namespace

TEST(OperationTypes, AreNumPys) {
  std::ifstream file(std::string(ARRAY_TEST_FOLDER) + "/numpy_types.txt");
  std::string line;
  std::vector<std::string> operands;
  int checked = 0;
  while (std::getline(file, line)) {
    std::istringstream words(line);
    std::string name, left, expected;
    words >> name;
    if (name == "#") {
      operands.assign(std::istream_iterator<std::string>(words), {});
      continue;
    }
    words >> left;
    const auto operation = find_operation(name);
    ASSERT_TRUE(operation) << name;
    for (std::size_t i = 0; words >> expected; ++i) {
      if (expected == "-" || differs(*operation, left, operands[i])) continue;
      std::vector<Operand> inputs;
      if (operation_info(*operation).arity == 3) inputs.push_back({ElementType::boolean});
      if (left != "-") inputs.push_back(operand(left));
      inputs.push_back(operand(operands[i]));
      EXPECT_EQ(result_name(*operation, inputs), expected) << name << " " << left << " " << operands[i];
      ++checked;
    }
  }
  EXPECT_GT(checked, 5000);
}

TEST(OperationTypes, EveryOperationStandsAtItsPlace) {
  int place = 0;
  for (const OperationInfo& info : operations()) {
    EXPECT_EQ(static_cast<int>(info.operation), place++) << info.name;
    EXPECT_EQ(find_operation(info.name), info.operation);
  }
  EXPECT_EQ(place, static_cast<int>(Operation::where) + 1);
  place = 0;
  for (const ReductionInfo& info : reductions()) EXPECT_EQ(static_cast<int>(info.reduction), place++) << info.name;
  EXPECT_EQ(place, static_cast<int>(Reduction::quantile) + 1);
}

TEST(OperationTypes, WeakIntegersMustFit) {
  const Operand weak300{ElementType::int64, true, std::int64_t{300}};
  const Operand negative{ElementType::int64, true, std::int64_t{-1}};
  EXPECT_EQ(message(Operation::add, {{ElementType::int8}, weak300}),
            "300 does not fit in int8, the type that '+' computes in; convert the other side with astype first");
  EXPECT_EQ(result_name(Operation::add, {{ElementType::uint8}, negative}), "error");
  EXPECT_EQ(result_name(Operation::divide, {{ElementType::int8}, weak300}), "float64");
  EXPECT_EQ(result_name(Operation::add, {{ElementType::float16}, weak300}), "float16");
  // Compared as they are.
  const auto types = operation_types(Operation::less, std::vector<Operand>{{ElementType::int8}, weak300});
  EXPECT_EQ(types.inputs[0], ElementType::int64);
  EXPECT_EQ(evaluate(Operation::less, types, std::vector<Number>{std::int64_t{127}, std::int64_t{300}}),
            Number(std::uint64_t{1}));
  const auto mixed = operation_types(Operation::less, std::vector<Operand>{{ElementType::uint64}, {ElementType::int8}});
  EXPECT_EQ(evaluate(Operation::greater, mixed, std::vector<Number>{~std::uint64_t{0}, std::int64_t{-1}}),
            Number(std::uint64_t{1}));
}

TEST(OperationTypes, MistakesAreExplained) {
  EXPECT_EQ(message(Operation::bitwise_and, {{ElementType::float32}, {ElementType::boolean}}),
            "'&' takes booleans and integers, not float32; put comparisons in parentheses, as in (x > 0) & (y > 0)");
  EXPECT_EQ(message(Operation::subtract, {{ElementType::boolean}, {ElementType::boolean}}),
            "'-' does not take booleans; convert them with astype(x, int8), or use !, != or bitwise_xor");
  EXPECT_EQ(message(Operation::where, {{ElementType::float32}, {ElementType::int8}, {ElementType::int8}}),
            "the condition of where() is float32, not bool; compare it with something, as in x > 0");
  EXPECT_EQ(message(Operation::power, {{ElementType::int32}, {ElementType::int32}}),
            "an integer to the power of integers that may be negative is no integer; make one of them a float: 2.0, or astype(x, "
            "float64)");
  EXPECT_EQ(message(Operation::power, {{ElementType::int32}, {ElementType::int64, true, std::int64_t{-2}}}),
            "an integer to the power of -2 is no integer; make one of them a float: 2.0, or astype(x, float64)");
}

TEST(OperationValues, IntegersWrapAndDivideAsNumPy) {
  using Op = Operation;
  const auto integer = [](Op op, ElementType type, std::int64_t a, std::int64_t b) {
    return std::get<std::int64_t>(value_of(op, type, {a, b}));
  };
  EXPECT_EQ(integer(Op::add, ElementType::int8, 127, 1), -128);
  EXPECT_EQ(integer(Op::multiply, ElementType::int16, 300, 300), 24464);
  EXPECT_EQ(integer(Op::floor_divide, ElementType::int32, -7, 2), -4);
  EXPECT_EQ(integer(Op::floor_divide, ElementType::int32, 7, -2), -4);
  EXPECT_EQ(integer(Op::remainder, ElementType::int32, -7, 3), 2);
  EXPECT_EQ(integer(Op::remainder, ElementType::int32, 7, -3), -2);
  EXPECT_EQ(integer(Op::floor_divide, ElementType::int32, 7, 0), 0);
  EXPECT_EQ(integer(Op::remainder, ElementType::int32, 7, 0), 0);
  EXPECT_EQ(integer(Op::floor_divide, ElementType::int64, std::numeric_limits<std::int64_t>::min(), -1),
            std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(value_of(Op::absolute, ElementType::int8, {std::int64_t{-128}}), Number(std::int64_t{-128}));
  EXPECT_EQ(value_of(Op::subtract, ElementType::uint8, {std::uint64_t{0}, std::uint64_t{1}}), Number(std::uint64_t{255}));
  EXPECT_EQ(value_of(Op::add, ElementType::boolean, {std::uint64_t{1}, std::uint64_t{1}}), Number(std::uint64_t{1}));
  EXPECT_EQ(value_of(Op::invert, ElementType::boolean, {std::uint64_t{1}}), Number(std::uint64_t{0}));
}

TEST(OperationValues, MissingValues) {
  using Op = Operation;
  const auto real = [](Op op, std::vector<Number> inputs) {
    return std::get<double>(value_of(op, ElementType::float64, inputs));
  };
  const auto truth = [](Op op, std::vector<Number> inputs) {
    return std::get<std::uint64_t>(value_of(op, ElementType::float64, inputs)) == 1;
  };
  EXPECT_TRUE(std::isnan(real(Op::minimum, {kNan, 1.0})));
  EXPECT_TRUE(std::isnan(real(Op::maximum, {1.0, kNan})));
  EXPECT_EQ(real(Op::fmin, {kNan, 1.0}), 1.0);
  EXPECT_EQ(real(Op::fmax, {1.0, kNan}), 1.0);
  EXPECT_EQ(real(Op::fillna, {kNan, 2.0}), 2.0);
  EXPECT_FALSE(truth(Op::equal, {kNan, kNan}));
  EXPECT_TRUE(truth(Op::not_equal, {kNan, kNan}));
  EXPECT_FALSE(truth(Op::less_equal, {kNan, 1.0}));
  EXPECT_TRUE(truth(Op::isnull, {kNan}));
  EXPECT_TRUE(truth(Op::logical_and, {kNan, 1.0}));
  EXPECT_EQ(real(Op::remainder, {-1.0, 3.0}), 2.0);
  EXPECT_EQ(real(Op::divide, {1.0, 0.0}), kInf);
  // 0 * inf and the like are missing although nothing was.
  EXPECT_TRUE(std::isnan(real(Op::multiply, {0.0, kInf})));
}

TEST(OperationValues, KeepTheMissingRuleOfTheirRow) {
  int checked = 0;
  for (const OperationInfo& info : operations()) {
    if (info.types == TypeRule::bitwise) continue;  // no floats, and nothing missing
    const auto n = static_cast<std::size_t>(info.arity);
    const auto result = [&](unsigned missing) {  // bit i: input i is missing
      std::vector<Operand> operands(n, Operand{ElementType::float64});
      std::vector<Number> inputs;
      for (std::size_t i = 0; i < n; ++i) inputs.emplace_back((missing >> i) & 1U ? kNan : 0.5);
      if (info.types == TypeRule::choice) {
        operands[0].type = ElementType::boolean;
        inputs[0] = std::uint64_t{1};
      }
      return evaluate(info.operation, operation_types(info.operation, operands), inputs);
    };
    for (unsigned missing = 1; missing < 1U << n; ++missing) {
      const Number value = result(missing);
      const auto* real = std::get_if<double>(&value);
      const auto* truth = std::get_if<std::uint64_t>(&value);
      const bool all = missing == (1U << n) - 1;
      switch (info.missing) {
        case MissingRule::propagates: EXPECT_TRUE(real && std::isnan(*real)) << info.name; break;
        case MissingRule::compared: EXPECT_EQ(truth && *truth == 1, info.operation == Operation::not_equal) << info.name; break;
        case MissingRule::observed: EXPECT_NE(truth, nullptr) << info.name; break;
        case MissingRule::skipped: EXPECT_EQ(real && std::isnan(*real), all) << info.name; break;
        case MissingRule::filled: EXPECT_EQ(real && std::isnan(*real), all) << info.name; break;
        case MissingRule::chosen: EXPECT_EQ(real && std::isnan(*real), (missing & 2U) != 0) << info.name; break;
      }
      ++checked;
    }
  }
  EXPECT_GT(checked, 80);
}

TEST(Convert, IsNumPysWhereItIsDefined) {
  EXPECT_EQ(convert(std::int64_t{300}, ElementType::int8), Number(std::int64_t{44}));
  EXPECT_EQ(convert(std::int64_t{-1}, ElementType::uint16), Number(std::uint64_t{65535}));
  EXPECT_EQ(convert(-2.9, ElementType::int32), Number(std::int64_t{-2}));
  EXPECT_EQ(convert(0.1, ElementType::float32), Number(double{0.1F}));
  EXPECT_EQ(convert(65520.0, ElementType::float16), Number(kInf));
  EXPECT_EQ(convert(65519.0, ElementType::float16), Number(65504.0));
  EXPECT_EQ(convert(kNan, ElementType::boolean), Number(std::uint64_t{1}));
  // Rounded once: by way of float64 this would be 16777216.
  EXPECT_EQ(convert(std::int64_t{(std::int64_t{1} << 60) + (std::int64_t{1} << 36) + 1}, ElementType::float32),
            Number(double{static_cast<float>((std::int64_t{1} << 60) + (std::int64_t{1} << 37))}));
  EXPECT_THROW(static_cast<void>(convert(kNan, ElementType::int32)), DataError);
  EXPECT_THROW(static_cast<void>(convert(128.0, ElementType::int8)), DataError);
  EXPECT_EQ(convert(127.9, ElementType::int8), Number(std::int64_t{127}));
  EXPECT_EQ(convert(-0.9, ElementType::uint8), Number(std::uint64_t{0}));
  EXPECT_THROW(static_cast<void>(convert(0x1p63, ElementType::int64)), DataError);
  EXPECT_EQ(convert(-0x1p63, ElementType::int64), Number(std::numeric_limits<std::int64_t>::min()));
}

TEST(ReductionTypes, Table) {
  using R = Reduction;
  const auto type = [](R r, ElementType t, bool weighted = false, bool nothing = false) {
    return reduction_type(r, t, weighted, nothing);
  };
  EXPECT_EQ(type(R::sum, ElementType::float32), ElementType::float64);
  EXPECT_EQ(type(R::sum, ElementType::int8), ElementType::int64);
  EXPECT_EQ(type(R::sum, ElementType::uint16), ElementType::uint64);
  EXPECT_EQ(type(R::sum, ElementType::boolean), ElementType::int64);
  EXPECT_EQ(type(R::sum, ElementType::int8, true), ElementType::float64);
  EXPECT_EQ(type(R::mean, ElementType::int8), ElementType::float64);
  EXPECT_EQ(type(R::min, ElementType::float16), ElementType::float16);
  EXPECT_EQ(type(R::max, ElementType::boolean), ElementType::boolean);
  EXPECT_EQ(type(R::max, ElementType::int8, false, true), ElementType::float64);
  EXPECT_EQ(type(R::argmax, ElementType::float32), ElementType::int64);
  EXPECT_EQ(type(R::any, ElementType::float32), ElementType::boolean);
  EXPECT_EQ(type(R::std, ElementType::float16), ElementType::float64);
}
