// Options to a plan, for the subcommands that compute expressions.
#include "planned.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "xylem/array/catalog.hpp"
#include "xylem/exec/coordinates.hpp"
#include "xylem/job/compute.hpp"
#include "xylem/plan/result_variable.hpp"
#include "xylem/support/bytes.hpp"
#include "xylem/support/error.hpp"
#include "xylem/support/log.hpp"
#include "xylem/support/memory.hpp"
#include "xylem/support/text.hpp"

namespace xylem::drivers {
namespace {

struct Expression {
  std::string name;
  std::string text;
};

Expression split(const std::string& argument) {
  const std::size_t equals = argument.find('=');
  const auto trimmed = [](std::string text) {
    text.erase(0, text.find_first_not_of(" \t\n"));
    text.erase(text.find_last_not_of(" \t\n") + 1);
    return text;
  };
  // "a == b" and "t[time=3]" have no name in front.
  const std::string name = equals == std::string::npos ? "" : trimmed(argument.substr(0, equals));
  const bool is_name = !name.empty() && name.find_first_of("()[]<>!=,+*/ ") == std::string::npos && argument[equals + 1] != '=';
  if (!is_name) throw UsageError("-e '{}' names no result: write -e 'NAME=EXPRESSION'", printable(argument));
  return {name, trimmed(argument.substr(equals + 1))};
}

}  // namespace

struct ExpressionPlanner::Options {
  std::vector<Expression> expressions;
  std::int64_t memory = 0;
  PlanOptions plan;
  CatalogOptions catalog;

  static Options read(const po::variables_map& arguments, const std::string& command);
};

ExpressionPlanner::Options ExpressionPlanner::Options::read(const po::variables_map& arguments, const std::string& command) {
  Options options;
  if (arguments["files"].as<std::vector<std::string>>().empty()) {
    throw UsageError("xylem {}: name at least one file; see xylem {} --help", command, command);
  }
  if (arguments.count("expression") == 0) {
    throw UsageError("xylem {}: say what to compute with -e 'NAME=EXPRESSION'; see xylem {} --help", command, command);
  }
  for (const std::string& argument : arguments["expression"].as<std::vector<std::string>>()) {
    const Expression expression = split(argument);
    if (std::ranges::find(options.expressions, expression.name, &Expression::name) != options.expressions.end()) {
      throw UsageError("two results are called '{}': name each once", printable(expression.name));
    }
    options.expressions.push_back(expression);
  }
  if (arguments.count("memory") != 0) options.memory = parse_bytes(arguments["memory"].as<std::string>(), "--memory");
  const auto choice = [&](const char* option, const char* first, const char* second) {
    const std::string value = arguments[option].as<std::string>();
    if (value != first && value != second)
      throw UsageError("--{} is '{}': it is {} or {}", option, printable(value), first, second);
    return value == second;
  };
  if (choice("schedule", "static", "dynamic")) options.plan.schedule = Schedule::dynamic_dealing;
  if (choice("sum", "exact", "fast")) options.plan.sums = SumMode::fast;
  options.plan.io = parse_io_strategy(arguments["io"].as<std::string>());
  if (arguments.count("threads") != 0) options.plan.threads = arguments["threads"].as<int>();
  if (options.plan.threads < 1 || options.plan.threads > 1024) {
    throw UsageError("--threads is {}: it is from 1 to 1024", options.plan.threads);
  }
  if (arguments.count("without") != 0) {
    for (const std::string& name : arguments["without"].as<std::vector<std::string>>()) options.plan.without.insert(name);
  }
  options.catalog.decode_cf = arguments.count("raw") == 0;
  if (arguments.count("concat") != 0) options.catalog.concat = arguments["concat"].as<std::string>();
  if (choice("method", "concat", "merge")) options.catalog.method = CombineMethod::merge;
  const auto join = arguments["join"].as<std::string>();
  if (join != "exact" && join != "inner" && join != "outer") {
    throw UsageError("--join is '{}': it is exact, inner or outer", printable(join));
  }
  options.catalog.join = join == "inner" ? Join::inner : join == "outer" ? Join::outer : Join::exact;
  options.catalog.labels_from = LabelSource::parse(arguments["coords-from"].as<std::string>());
  const bool joins = options.catalog.concat.has_value();
  for (const char* option : {"method", "join", "coords-from"}) {
    if (!joins && !arguments[option].defaulted())
      throw UsageError("--{} needs the dim that it is about: name it with --concat", option);
  }
  return options;
}

void add_plan_options(po::options_description& options) {
  // clang-format off
  options.add_options()
      ("expression,e", po::value<std::vector<std::string>>()->composing()->value_name("NAME=EXPR"),
       "a result and what it is, such as 'clim = mean(t - 273.15, time)'; may be repeated, and all are computed together. "
       "docs/expressions.md has the language.")
      ("concat", po::value<std::string>()->value_name("DIM"),
       "the dim along which datasets of several files are one array. Default: the one along which sizes or labels differ.")
      ("method", po::value<std::string>()->default_value("concat")->value_name("concat|merge"),
       "along --concat: files one after the other, or each element at the place of its label, with what no file has missing.")
      ("join", po::value<std::string>()->default_value("exact")->value_name("exact|inner|outer"),
       "labels of other dims that not all files have: an error, left out, or taken, with what a file lacks missing.")
      ("coords-from", po::value<std::string>()->default_value("data")->value_name("data|name[:REGEX]|attr:NAME"),
       "the labels along --concat: the files' own, what REGEX finds in their names, or an attribute of the dataset or a group above it.")
      ("memory", po::value<std::string>()->value_name("SIZE"),
       "what one rank may use beyond an idle process, such as 128MiB. Default: the least of the node's memory, its control group's limit and Slurm's, divided by the node's ranks.")
      ("schedule", po::value<std::string>()->default_value("static")->value_name("static|dynamic"),
       "how blocks are dealt to ranks: shares of equal size, or from a shared counter; the results are the same.")
      ("threads", po::value<int>()->value_name("N"),
       "threads of each rank that read, decode and compute; they share its --memory. Default: the CPUs that each rank has, by Slurm or by its "
       "mask and control group, or fewer where they are of no use.")
      ("io", po::value<std::string>()->default_value("auto")->value_name("auto|direct|hyperslab|collective"),
       "how stored data are read: by our own reads and decoders, by HDF5, or by all ranks together through MPI-IO (one thread a rank, static "
       "dealing); auto is direct wherever that can be.")
      ("sum", po::value<std::string>()->default_value("exact")->value_name("exact|fast"),
       "exact: sums are exact and rounded once, the same bits whoever computes them; fast: plain additions, for comparison.")
      ("without", po::value<std::vector<std::string>>()->composing()->value_name("PASS"),
       "leave out an optimizer pass: push-selections, share-reads, keep-small-inputs, column-order, bands.")
      ("raw", "take elements as stored: no _FillValue, missing_value, valid_range, scale_factor, add_offset, _Unsigned.");
  // clang-format on
  add_load_options(options);
}

ExpressionPlanner::ExpressionPlanner(const Communicator& world, const po::variables_map& arguments, const std::string& command,
                                     RunReport* report)
    : world_(world),
      idle_(resident_bytes()),
      own_threads_(arguments.count("threads") == 0),
      options_(std::make_unique<Options>(world.agree([&] { return Options::read(arguments, command); }))),
      report_(report) {
  if (report_ != nullptr) report_->begin_stage("load");
  tree_ = load(world, arguments, ScanDepth::contents);
  for (const auto* files : {&tree_.files, &tree_.linked_files}) {
    for (const FileTree& file : *files) inputs_.push_back(file.file);
  }
  if (report_ != nullptr) report_->set_inputs(inputs_);
  for (const SkippedFile& file : tree_.skipped) inputs_.push_back(file.file);
}

ExpressionPlanner::~ExpressionPlanner() = default;

Planned ExpressionPlanner::plan(Damage& damage, std::optional<int> ranks, const MemoryBeside& beside) {
  CatalogOptions catalog_options = options_->catalog;
  for (const SkippedFile& file : damage.files) catalog_options.damaged.insert(file.file);
  for (const SkippedFile& file : damage.unlabelled) {
    catalog_options.unlabelled.insert(file.file);
    const auto erased = std::erase_if(tree_.files, [&](const FileTree& other) { return other.file == file.file; });
    if (erased > 0) tree_.skipped.push_back(file);
  }
  Planned planned;
  planned.skipped = tree_.skipped;
  planned.skipped.insert(planned.skipped.end(), damage.files.begin(), damage.files.end());
  if (report_ != nullptr) {
    report_->set_skipped(planned.skipped);
    report_->begin_stage("plan");
  }
  world_.agree([&] {
    if (tree_.files.empty()) throw DataError("none of {} could be read", plural(tree_.skipped.size(), "file"));
  });
  std::vector<std::string> texts;
  for (const Expression& expression : options_->expressions) texts.push_back(expression.text);
  Catalog catalog = world_.agree([&] { return Catalog(tree_, texts, catalog_options); });
  std::ranges::copy_if(catalog.coordinates(), std::back_inserter(damage.labels),
                       [](const auto& info) { return is_read_as_coordinate(*info); });
  damage.is_reading = true;
  catalog.know(read_coordinates(world_, catalog.coordinates(), catalog.coordinate_decodings()));
  damage.is_reading = false;
  std::vector<NamedArray> arrays;
  world_.agree([&] {
    const ExpressionNames names = catalog.names();
    for (const Expression& expression : options_->expressions) {
      arrays.push_back({expression.name, parse_expression(expression.text, names)});
      planned.variables.push_back(describe_result(expression.name, arrays.back().array));
    }
  });
  damage.datasets = datasets_of(arrays);
  for (const std::string& note : catalog.notes()) logging::note("{}", note);

  PlanOptions options = options_->plan;
  options.topology = {ranks.value_or(world_.size())};
  options.memory_limit = options_->memory;
  if (own_threads_) use_own_threads(world_, options);
  const bool elsewhere = ranks && *ranks != world_.size();
  if (elsewhere && (own_threads_ || options_->memory == 0)) {
    logging::note("planned for {} and {} a rank: --threads and --memory say what ranks have elsewhere",
                  plural(static_cast<std::size_t>(options.threads), "thread"),
                  options_->memory == 0 ? "the memory of this node" : format_bytes(options_->memory));
  }
  damage.is_reading = true;
  planned.plan = plan_arrays(world_, tree_, arrays, options, idle_, [&](const std::vector<Shape>& stored) {
    return beside ? beside(planned.variables, stored, options.threads) : 0;
  });
  damage.is_reading = false;
  if (report_ != nullptr) report_->set_plan(planned.plan);
  return planned;
}

}  // namespace xylem::drivers
