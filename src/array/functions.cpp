#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <limits>

#include "xylem/array/elementwise.hpp"
#include "xylem/array/expression.hpp"
#include "xylem/array/node.hpp"
#include "xylem/support/text.hpp"

#include "detail/builder.hpp"

namespace xylem::detail {
namespace {

constexpr std::size_t kAny = std::numeric_limits<std::size_t>::max();

Array call_where(const Arguments& arguments) {
  arguments.expect(2, 3);
  if (arguments.size() == 2) return where(arguments.array(0), arguments.array(1));
  return where(arguments.array(0), arguments.array(1), arguments.array(2));
}

Array call_clip(const Arguments& arguments) {
  arguments.expect(1, 3, {"min", "max"});
  const Array x = arguments.array(0);
  const auto bound = [&](std::size_t i, std::string_view keyword) -> std::optional<Array> {
    if (const Syntax* named = arguments.keyword(keyword)) return arguments.array(*named);
    if (arguments.size() > i) return arguments.array(i);
    return std::nullopt;
  };
  const auto low = bound(1, "min"), high = bound(2, "max");
  if (!low && !high) arguments.expect(2, 3);
  const Array raised = low ? maximum(x, *low) : x;
  return high ? minimum(raised, *high) : raised;
}

Array call_isin(const Arguments& arguments) {
  arguments.expect(2, 2);
  const Syntax& list = arguments.syntax(1);
  if (list.kind != SyntaxKind::list) arguments.fail(list.at, "isin() looks for a list of values, as in isin(x, [1, 4, 7])");
  std::vector<Array> values;
  for (const SyntaxPtr& value : list.operands) values.push_back(arguments.array(*value));
  return isin(arguments.array(0), values);
}

Array call_astype(const Arguments& arguments) {
  arguments.expect(2, 2);
  const std::string name = arguments.name(arguments.syntax(1), "a type");
  if (const auto type = find_element_type(name)) return arguments.array(0).astype(*type);
  std::vector<std::string> names;
  for (const ElementType type : kElementTypes) names.emplace_back(type_name(type));
  arguments.fail(arguments.syntax(1).at, fmt::format("no type '{}' (types: {})", printable(name), fmt::join(names, ", ")));
}

Array call_rename(const Arguments& arguments) {
  if (arguments.size() != 1) arguments.expect(1, 1);
  std::vector<std::pair<std::string, std::string>> names;
  for (const Keyword& keyword : arguments.keywords()) {
    names.emplace_back(keyword.name, arguments.name(*keyword.value, "a dim or coord"));
  }
  return arguments.array(0).rename(names);
}

Array call_transpose(const Arguments& arguments) {
  arguments.expect(1, kAny);
  const Array x = arguments.array(0);
  return x.transpose(arguments.dims(1, {x}));
}

Array call_expand_dims(const Arguments& arguments) {
  arguments.expect(2, 2);
  return arguments.array(0).expand_dims(arguments.name(arguments.syntax(1), "a dim"));
}

Array call_squeeze(const Arguments& arguments) {
  arguments.expect(1, kAny);
  const Array x = arguments.array(0);
  return x.squeeze(arguments.dims(1, {x}));
}

Array call_concat(const Arguments& arguments) {
  arguments.expect(1, kAny, {"dim"});
  const Syntax* dim = arguments.keyword("dim");
  if (dim == nullptr) arguments.expect(0, 0);
  return concat(arguments.arrays(0, arguments.size()), arguments.name(*dim, "a dim"));
}

Array call_coord(const Arguments& arguments) {
  arguments.expect(2, 2);
  return arguments.array(0).coord(arguments.name(arguments.syntax(1), "a coord"));
}

// quantile(x, q, dims...), q a number or a list of them.
Array call_quantile(const Arguments& arguments) {
  arguments.expect(1, kAny, {"q", "skipna", "keepdims"});
  const Syntax* named = arguments.keyword("q");
  if (named == nullptr && arguments.size() < 2) arguments.expect(2, kAny);
  const Syntax& q = named != nullptr ? *named : arguments.syntax(1);
  const auto number = [&](const Syntax& syntax) {
    const auto* value = syntax.kind == SyntaxKind::number ? &syntax.number : nullptr;
    if (value == nullptr)
      arguments.fail(syntax.at, "q is a number from 0 to 1, or a list of them, as in quantile(x, [0.1, 0.9])");
    return std::visit([](auto v) { return static_cast<double>(v); }, *value);
  };
  const Array x = arguments.array(0);
  const std::vector<std::string> dims = arguments.dims(named != nullptr ? 1 : 2, {x});
  const ReduceOptions options{.skipna = arguments.flag("skipna", true), .keepdims = arguments.flag("keepdims", false)};
  if (q.kind != SyntaxKind::list) return x.quantile(number(q), dims, options);
  std::vector<double> several;
  for (const SyntaxPtr& one : q.operands) several.push_back(number(*one));
  return x.quantile(several, dims, options);
}

Array call_median(const Arguments& arguments) {
  arguments.expect(1, kAny, {"skipna", "keepdims"});
  const Array x = arguments.array(0);
  const ReduceOptions options{.skipna = arguments.flag("skipna", true), .keepdims = arguments.flag("keepdims", false)};
  return x.median(arguments.dims(1, {x}), options);
}

// Functions that are neither an element-wise operation nor a reduction.
struct Function {
  const char* name;
  const char* usage;
  Array (*call)(const Arguments&);
};
constexpr std::array kFunctions{
    Function{"where", "where(condition, x) or where(condition, x, other)", call_where},
    Function{"clip", "clip(x, min, max), clip(x, min=...) or clip(x, max=...)", call_clip},
    Function{"isin", "isin(x, [values...])", call_isin},
    Function{"astype", "astype(x, type)", call_astype},
    Function{"rename", "rename(x, old=new, ...)", call_rename},
    Function{"transpose", "transpose(x) or transpose(x, dims...)", call_transpose},
    Function{"expand_dims", "expand_dims(x, dim)", call_expand_dims},
    Function{"squeeze", "squeeze(x) or squeeze(x, dims...)", call_squeeze},
    Function{"concat", "concat(x, y, ..., dim=name)", call_concat},
    Function{"quantile", "quantile(x, q, dims..., skipna=true, keepdims=false), q a number or a list", call_quantile},
    Function{"median", "median(x, dims..., skipna=true, keepdims=false)", call_median},
    Function{"coord", "coord(x, name)", call_coord},
};

Array call_operation(const Arguments& arguments, const OperationInfo& info) {
  const auto arity = static_cast<std::size_t>(info.arity);
  arguments.expect(arity, arity);
  return elementwise(info.operation, arguments.arrays(0, arity));
}

std::string usage_of(const OperationInfo& info) { return fmt::format("{}({})", info.name, info.arity == 1 ? "x" : "x, y"); }

// The options that a reduction takes, and their defaults.
std::vector<std::pair<std::string, std::string>> options_of(const ReductionInfo& info) {
  std::vector<std::pair<std::string, std::string>> options;
  if (info.takes_skipna) options.emplace_back("skipna", "true");
  if (info.takes_ddof) options.emplace_back("ddof", info.reduction == Reduction::cov ? "1" : "0");
  if (info.takes_min_count) options.emplace_back("min_count", "0");
  if (info.takes_weights) options.emplace_back("weights", "w");
  options.emplace_back("keepdims", "false");
  return options;
}

std::string usage_of(const ReductionInfo& info) {
  std::string usage = fmt::format("{}({}, dims...", info.name, info.inputs == 1 ? "x" : "x, y");
  for (const auto& [name, value] : options_of(info)) usage += fmt::format(", {}={}", name, value);
  return usage + ")";
}

// Not more than fits, whatever is written.
int small(std::int64_t value) { return static_cast<int>(std::min<std::int64_t>(value, std::numeric_limits<int>::max())); }

Array call_reduction(const Arguments& arguments, const ReductionInfo& info) {
  const auto inputs = static_cast<std::size_t>(info.inputs);
  std::vector<std::string> keywords;
  for (const auto& [name, value] : options_of(info)) keywords.push_back(name);
  arguments.expect(inputs, kAny, keywords);
  ReduceOptions options;
  options.skipna = arguments.flag("skipna", true);
  options.keepdims = arguments.flag("keepdims", false);
  options.min_count = arguments.integer("min_count", 0);
  if (arguments.keyword("ddof") != nullptr) options.ddof = small(arguments.integer("ddof", 0));
  const std::vector<Array> arrays = arguments.arrays(0, inputs);
  const std::vector<std::string> dims = arguments.dims(inputs, arrays);
  if (inputs == 2) return reduce(info.reduction, arrays[0], arrays[1], dims, options);
  if (const Syntax* weights = arguments.keyword("weights")) {
    return arrays[0].weighted(arguments.array(*weights)).reduce(info.reduction, dims, options);
  }
  return arrays[0].reduce(info.reduction, dims, options);
}

}  // namespace

Array call_function(const Builder& builder, const Syntax& call) {
  const auto found = std::ranges::find(kFunctions, std::string_view(call.text), &Function::name);
  if (found != kFunctions.end()) return found->call(Arguments(builder, call, found->usage));
  if (const auto reduction = find_reduction(call.text)) {
    const ReductionInfo& info = reduction_info(*reduction);
    return call_reduction(Arguments(builder, call, usage_of(info)), info);
  }
  if (const auto operation = find_operation(call.text)) {
    const OperationInfo& info = operation_info(*operation);
    return call_operation(Arguments(builder, call, usage_of(info)), info);
  }
  builder.fail(call.at, unknown_function(call.text));
}

}  // namespace xylem::detail

namespace xylem {

std::vector<std::string> expression_functions() {
  std::vector<std::string> names;
  for (const detail::Function& function : detail::kFunctions) names.emplace_back(function.name);
  for (const OperationInfo& info : operations()) names.emplace_back(info.name);
  for (const ReductionInfo& info : reductions()) names.emplace_back(info.name);
  return names;
}

}  // namespace xylem
