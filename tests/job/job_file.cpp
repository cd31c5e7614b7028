// Job files as they are read: operations become expressions, and every mistake is one line with its place.
#include "detail/job_file.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "xylem/support/error.hpp"

namespace xylem::detail {
namespace {

const std::string head = "version: 1\nload: {sim: {loader: hdf5_proxy, glob_str: '*.h5'}}\n";

JobFile read(const std::string& text, const std::vector<std::string>& settings = {}) {
  return read_job_file("job.yml", text, settings);
}

// The expression of the last operation of a `transform` that begins with the tags a and b.
std::string expression_of(const std::string& operation) {
  const std::string text = head + "define: {a: 1, b: 2}\ntransform:\n" + operation + "\n";
  return read(text, {"compute_only=[a]"}).operations.back().expression;
}

std::string error_of(const std::string& text, const std::vector<std::string>& settings = {}) {
  try {
    (void)read(text, settings);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "no error";
}

TEST(JobFile, OperationsAreExpressions) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"- add: [!dag_tag a, !dag_tag b]", "add(`a`, `b`)"},
      {"- {operation: add, args: [!dag_tag a, 2.5], tag: x}", "add(`a`, 2.5)"},
      {"- sub: [!dag_tag a, -3]", "subtract(`a`, -3)"},
      {"- np.sqrt: [!dag_tag a]", "sqrt(`a`)"},
      {"- sqrt: !dag_tag a", "sqrt(`a`)"},
      {"- .mean: [!dag_tag a, time]", "mean(`a`, `time`)"},
      {"- .mean: {dim: time}\n  args: [!dag_tag a]", "mean(`a`, `time`)"},
      {"- .std: {dim: [lat, lon], ddof: 1, skipna: false}\n  args: [!dag_tag a]",
       "std(`a`, `lat`, `lon`, `ddof`=1, `skipna`=false)"},
      {"- mean: [!dag_tag a]\n  kwargs: {weights: !dag_tag b}", "mean(`a`, `weights`=`b`)"},
      {"- where: [!dag_tag a, '>', 0.0]", "where(`a` > (0.0), `a`)"},
      {"- where: [!dag_tag a, in interval, [1, 4]]", "where(((`a` >= 1) and (`a` <= 4)), `a`)"},
      {"- where: [!dag_tag a, !dag_tag b, 0]", "where(`a`, `b`, 0)"},
      {"- .where: [!dag_tag a, !dag_tag b]", "where(`b`, `a`)"},
      {"- isin: [!dag_tag a, [1, 2]]", "isin(`a`, [1, 2])"},
      {"- .sel: {lat: !slice [-30, 30], lon: 4.5, name: [x, y]}\n  args: [!dag_tag a]",
       "`a`[`lat`=-30..30, `lon`=@4.5, `name`=@[\"x\", \"y\"]]"},
      {"- .sel: {lat: 45, method: nearest, tolerance: 2}\n  args: [!dag_tag a]", "`a`[`lat`=~45 within 2]"},
      {"- .isel: {time: !slice [null, 10, 2], lat: -1, lon: [1, 3]}\n  args: [!dag_tag a]",
       "`a`[`time`=:10:2, `lat`=-1, `lon`=[1, 3]]"},
      {"- .astype: float32\n  args: [!dag_tag a]", "astype(`a`, `float32`)"},
      {"- .rename: {old: new}\n  args: [!dag_tag a]", "rename(`a`, `old`=`new`)"},
      {"- concat: [[!dag_tag a, !dag_tag b]]\n  kwargs: {dim: time}", "concat(`a`, `b`, `dim`=`time`)"},
      {"- squared: !dag_tag a", "(`a`) ** 2"},
      {"- expression: 'a - mean(b, time)'", "a - mean(b, time)"},
      {"- add: [!dag_tag a, 1]\n- sqrt", "sqrt(`.2`)"},
      {"- {add: [!dag_tag a, 1], tag: x}\n- mul: [!dag_prev , 2]", "multiply(`x`, 2)"},
      {"- {add: [!dag_tag a, 1], tag: x}\n- {mul: [2], with_previous_result: true}", "multiply(`x`, 2)"},
      {"- add: [!dag_tag a, 1e3]", "add(`a`, 1000.0)"},
      {"- add: [!dag_tag a, .nan]", "add(`a`, nan)"},
  };
  for (const auto& [operation, expression] : cases) EXPECT_EQ(expression_of(operation), expression) << operation;
}

TEST(JobFile, SelectionsComeInOrderOfTheirTags) {
  const JobFile job = read(head +
                           "select:\n  t: {path: atm/t, sel: {lat: !slice [0, null]}}\n  b: atm/b\n"
                           "  c: {path: !dag_tag b, isel: {x: 0}, transform: [sqrt, {mul: [2]}]}\n"
                           "transform: [{expression: 't + c', tag: sum}, {expression: 'sum * 2', tag: _hidden}]\n");
  std::vector<std::pair<std::string, std::string>> made;
  for (const JobOperation& operation : job.operations) made.emplace_back(operation.tag, operation.expression);
  const std::vector<std::pair<std::string, std::string>> expected{
      {"b", "`atm/b`"}, {".1", "`b`[`x`=0]"},  {".2", "sqrt(`.1`)"}, {"c", "multiply(`.2`, 2)"}, {"t", "`atm/t`[`lat`=0..]"},
      {"sum", "t + c"}, {"_hidden", "sum * 2"}};
  EXPECT_EQ(made, expected);
  EXPECT_EQ(job.results, (std::vector<std::string>{"sum"}));
}

TEST(JobFile, SettingsOverride) {
  const JobFile job =
      read(head + "transform: [{expression: '1', tag: x}]\n",
           {"resources.memory_per_rank=64MiB", "resources.threads=3", "transform.0.tag=y", "data_dir=/d", "out_dir=o"});
  EXPECT_EQ(job.options.memory_limit, std::int64_t{64} << 20);
  EXPECT_EQ(job.options.threads, 3);
  EXPECT_EQ(job.results, (std::vector<std::string>{"y"}));
  EXPECT_EQ(job.data_dir, "/d");
  EXPECT_EQ(job.out_dir, "/d/o");
}

TEST(JobFile, MergeKeysStandForTheirEntries) {
  const JobFile job = read(head +
                           "combine:\n  a: &base {group: g, field: f, dim: time, method: merge}\n  b: {<<: *base, field: h}\n"
                           "  c: {field: i, <<: [{dim: x}, *base]}\n"
                           "transform:\n  - &op {.mean: {dim: time}, args: [!dag_tag a], tag: m}\n  - {<<: *op, tag: n}\n");
  ASSERT_EQ(job.combine.size(), 3u);
  EXPECT_EQ(job.combine[1].options.field, "h");
  EXPECT_EQ(job.combine[1].options.combine.dim, "time");
  EXPECT_EQ(job.combine[2].options.combine.dim, "x");
  EXPECT_EQ(job.combine[2].options.combine.method, CombineMethod::merge);
  EXPECT_EQ(job.operations.at(1).expression, "mean(`a`, `time`)");
  EXPECT_EQ(job.results, (std::vector<std::string>{"m", "n"}));
  EXPECT_EQ(error_of(head + "report: {<<: 5}\n"), "job.yml:3:10: '<<' merges a mapping or a list of them, not '5'");
}

TEST(JobFile, GroupsOfTimeSeriesNeedNoDim) {
  const std::string combine = "combine: {c: {group: g}}\ntransform: [{expression: c, tag: x}]\n";
  const std::string load = "load_cfg: {sim: {loader: hdf5_proxy, glob_str: '*.h5'}}";
  EXPECT_EQ(error_of(head + combine), "job.yml:3:14: an entry of 'combine' needs a 'dim', or a 'pspace'");
  const JobFile job = read("version: 1\nload: {create_groups: [{path: g, Cls: TimeSeriesGroup}], " + load + "}\n" + combine);
  EXPECT_EQ(job.load.create_groups.at(0).path, "g");
  EXPECT_EQ(job.combine.at(0).options.combine.dim, "");
  EXPECT_EQ(
      read(head + "combine: {c: {group: g, dim: [a, b]}}\ntransform: [{expression: c, tag: x}]\n").combine.at(0).options.dims,
      (std::vector<std::string>{"a", "b"}));
}

TEST(JobFile, MistakesHaveTheirPlace) {
  const std::string transform = head + "transform:\n";
  const std::vector<std::pair<std::string, std::string>> cases{
      {"version: 1\nlaod: {}\n", "job.yml:2:1: 'job' has no key 'laod'; did you mean 'load'?"},
      {"version: 2\nload: {}\n", "job.yml:1:10: jobs of version 2 are not known: this is version 1"},
      {"load: {}\n", "job.yml:1:1: a job begins with 'version: 1'"},
      {"version: 1\n", "job.yml:1:1: the job has no 'load': say which files are read"},
      {"- 1\n", "job.yml:1:1: job is a mapping, not a list"},
      {"version: [1\n", "job.yml:2:1: end of sequence flow not found"},
      {head + "load: {}\n", "job.yml:3:1: the key 'load' stands twice: keep one"},
      {head + "resources: {memory_per_rank: lots}\n", "job.yml:3:30: memory_per_rank"},
      {head + "resources: {threads: 0}\n", "job.yml:3:22: threads is 0: it is from 1 to 1024"},
      {head + "resources: {schedule: sometimes}\n", "job.yml:3:23: schedule is static or dynamic, not 'sometimes'"},
      {head + "transform: []\n", "job.yml:1:1: the job computes nothing"},
      {transform + "  - {mean: [!dag_tag z], tag: x}\n", "job.yml:4:13: no tag 'z' is defined before this"},
      {transform + "  - {meen: [1], tag: x}\n", "job.yml:4:5: no operation 'meen'; did you mean 'mean'?"},
      {transform + "  - {mean: [1], sum: [1]}\n", "job.yml:4:17: an operation is one thing: this is 'mean' and 'sum'"},
      {transform + "  - {mean: [1], alow_failure: true}\n",
       "job.yml:4:17: an operation has no key 'alow_failure'; did you mean 'allow_failure'?"},
      {transform + "  - {expresion: '1', tag: x}\n", "job.yml:4:5: no operation 'expresion'; did you mean 'expression'?"},
      {transform + "  - {expression: 'meen(a)', tag: x}\n", "job.yml:4:18: no function 'meen'; did you mean 'mean'?"},
      {transform + "  - {expression: '1', tag: a/b}\nstore: [{file: x.nc}]\n",
       "job.yml:4:18: the result 'a/b' cannot be written under this name"},
      {head + "combine: {c: {group: g, dim: x, fields: {a: {pth: b}}}}\n", "job.yml:3:46: a field has no key 'pth'"},
      {head + "combine: {c: {group: g, dim: x, fields: {a: {path: b, dtype: int}}}}\n", "job.yml:3:62: no type 'int'"},
      {head + "combine: {c: {group: g, dim: x, field: y, fields: {a: b}}}\n", "job.yml:3:51: 'field' is there already"},
      {head + "combine: {c: {group: g, dim: []}}\n", "job.yml:3:30: dim is empty"},
      {transform + "  - sqrt\n", "job.yml:4:5: there is no operation before this one"},
      {transform + "  - {expression: 'mean(', tag: x}\n", "job.yml:4:18: "},
      {transform + "  - {expression: 'a', tag: x}\n  - {expression: 'b', tag: x}\n",
       "job.yml:5:28: the tag 'x' stands for something else already"},
      {transform + "  - {expression: 'a', tag: x, fallback: 0}\n", "job.yml:4:41: a fallback needs 'allow_failure: true'"},
      {transform + "  - {expression: 'a', tag: x, allow_failure: maybe}\n",
       "job.yml:4:46: allow_failure is false or silent or log"},
      {transform + "  - {mean: {axis: 0}, args: [1], tag: x}\n",
       "job.yml:4:19: reductions take dims by name: write 'dim', not 'axis'"},
      {transform + "  - {mean: [!dag_node 0], tag: x}\n", "job.yml:4:13: the YAML tag '!dag_node' is not known here"},
      {head + "select: {t: {sel: {x: 1}}}\n", "job.yml:3:13: an entry of 'select' needs a 'path'"},
      {transform + "  - {expression: 'a', tag: x}\ncompute_only: [y]\n", "job.yml:5:16: no tag 'y'"},
      {transform + "  - {expression: 'a', tag: x}\nstore: [{file: a.nc}, {file: ./a.nc}]\n",
       "job.yml:5:30: two entries write './a.nc'"},
      {transform + "  - {expression: 'a', tag: x}\nstore: [{tags: [y], file: a.nc}]\n", "job.yml:5:17: no result 'y'"},
      {transform + "  - {expression: 'a', tag: x}\nstore: [{tags: all}]\n", "job.yml:5:9: an entry of 'store' needs a 'file'"},
  };
  for (const auto& [text, problem] : cases) EXPECT_EQ(error_of(text).substr(0, problem.size()), problem) << text;
}

TEST(JobFile, MistakesInSettings) {
  const std::string job = head + "transform: [{expression: '1', tag: x}]\n";
  EXPECT_EQ(error_of(job, {"x"}), "--set 'x' sets nothing: write --set KEY.KEY=VALUE");
  EXPECT_EQ(error_of(job, {"resources.threads=two"}), "--set 'resources.threads=two': threads is an integer, not 'two'");
  EXPECT_EQ(error_of(job, {"transform.0.tag="}), "--set 'transform.0.tag=' sets nothing: write null, or '' for an empty text");
  EXPECT_EQ(error_of(job, {"load.sim.proxy_kwargs={resolve: chunked}"}).substr(0, 48),
            "job.yml: load entry 'sim': 'proxy_kwargs': there");
  EXPECT_EQ(error_of(job, {"transform.7.tag=x"}), "--set 'transform.7.tag=x': '7' is no entry of a list of 1");
  EXPECT_EQ(error_of(job, {"version.a=x"}), "--set 'version.a=x': 'a' is under '1', which has no keys");
  EXPECT_EQ(error_of(job, {"resource.threads=2"}), "job.yml with --set: 'job' has no key 'resource'; did you mean 'resources'?");
}

}  // namespace
}  // namespace xylem::detail
