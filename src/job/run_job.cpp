#include "xylem/job/run_job.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <set>

#include "xylem/exec/execute.hpp"
#include "xylem/job/compute.hpp"
#include "xylem/job/damaged_files.hpp"
#include "xylem/job/run_report.hpp"
#include "xylem/output/result_table.hpp"
#include "xylem/output/result_writer.hpp"
#include "xylem/plan/planner.hpp"
#include "xylem/plan/result_chunks.hpp"
#include "xylem/plan/result_variable.hpp"
#include "xylem/support/bytes.hpp"
#include "xylem/support/error.hpp"
#include "xylem/support/log.hpp"
#include "xylem/support/memory.hpp"
#include "xylem/support/text.hpp"
#include "xylem/tree/object.hpp"

#include "detail/job_arrays.hpp"

namespace xylem {
namespace {

using namespace detail;
namespace fs = std::filesystem;

std::string read_text(const Communicator& comm, const std::string& file) {
  return comm.agree([&] {
    std::string text;
    if (comm.rank() == 0) {
      std::error_code error;
      if (!fs::exists(file, error)) throw UsageError("the job file '{}' is not there", printable(file));
      std::ifstream stream(file, std::ios::binary);
      if (fs::is_directory(file, error) || !stream) throw UsageError("the job file '{}' cannot be read", printable(file));
      text.assign(std::istreambuf_iterator<char>(stream), {});
    }
    return text;
  });
}

void make_folder_of(const std::string& path) {
  const fs::path folder = fs::path(path).parent_path();
  std::error_code error;
  if (!folder.empty()) fs::create_directories(folder, error);
  if (error) throw ResourceError("the folder '{}' cannot be made ({})", printable(folder.string()), error.message());
}

class JobRun {
 public:
  JobRun(const Communicator& comm, const JobRequest& request, const std::string& text, const JobFile& job, RunReport& report,
         const std::function<void(const std::string&)>& print)
      : comm_(comm), request_(request), text_(text), job_(job), report_(report), print_(print) {}

  void run() {
    const std::int64_t idle = resident_bytes();
    comm_.agree([&] { expect_outputs(); });
    report_.begin_stage("load");
    DataManager data(comm_, job_.data_dir);
    data.load_from_cfg(job_.load);
    for (const std::string& warning : data.warnings()) logging::warning("{}", warning);
    print_tree(data);
    files_.clear();
    for (const auto* files : {&data.files().files, &data.files().linked_files}) {
      for (const FileTree& file : *files) files_.push_back(file.file);
    }
    report_.set_inputs(files_);
    report_.set_skipped(data.files().skipped);
    skipped_ = data.files().skipped;
    for (const SkippedFile& file : skipped_) files_.push_back(file.file);  // nobody writes over them either

    report_.begin_stage("plan");
    std::vector<std::string> texts;
    for (const JobOperation& operation : job_.operations) texts.push_back(operation.expression + ' ' + operation.fallback);
    for (const JobCombine& entry : job_.combine) texts.push_back(entry.group);
    DataArrays arrays(comm_, data, texts, job_.decode_cf);
    for (const std::string& note : arrays.notes()) logging::note("{}", note);
    for (bool only_fallbacks = false;;) {
      const auto combined = comm_.agree([&] { return combine(data, arrays); });
      const JobArrays made = comm_.agree([&] { return make_job_arrays(job_, arrays, combined, only_fallbacks); });
      try {
        return compute(data, made, idle);
      } catch (const Error& error) {
        const bool of_the_data = error.kind() == ErrorKind::data || (error.kind() == ErrorKind::usage && is_executing_);
        if (!of_the_data || !error.agreed()) throw;
        is_executing_ = false;
        if (leave_out_damaged(data, made, arrays)) continue;
        const auto may_fail = [&](const std::string& tag) { return made.may_fail.contains(tag); };
        if (only_fallbacks || error.kind() != ErrorKind::data || std::ranges::none_of(job_.results, may_fail)) throw;
        // What failed may be told by no rank but one; whatever may fail gives way.
        logging::warning("{}; once more, without what may fail", error.what());
        only_fallbacks = true;
      }
    }
  }

 private:
  // Files of entries that say `on_error: skip` and whose data turn out to be damaged, all at once. False where there is none.
  // Collective: yes.
  bool leave_out_damaged(const DataManager& data, const JobArrays& made, DataArrays& arrays) {
    std::vector<NamedArray> results;
    for (const std::string& tag : job_.results) {
      if (const auto& array = made.arrays.at(tag)) results.push_back({tag, *array});
    }
    const auto may_be_skipped = [&](const std::string& file) { return data.may_be_skipped(file); };
    const std::vector<SkippedFile> damaged = find_damaged_files(comm_, datasets_of(results), may_be_skipped);
    for (const SkippedFile& file : damaged) {
      logging::warning("left out: {}", file.reason);
      skipped_.push_back(file);
    }
    arrays.leave_out(damaged);
    report_.set_skipped(skipped_);
    return !damaged.empty();
  }

  [[nodiscard]] std::string path_of(const JobStore& store) const {
    return (fs::path(job_.out_dir) / store.file).lexically_normal().string();
  }

  // What is there already, before anything is read.
  void expect_outputs() const {
    for (const JobStore& store : job_.stores) {
      std::error_code ignored;
      if (store.existing != Existing::refuse || !fs::exists(path_of(store), ignored)) continue;
      throw UsageError("{}: '{}' exists already; write 'exists_action: overwrite' or 'append' beside it, or name another file",
                       store.place, printable(path_of(store)));
    }
  }

  void print_tree(const DataManager& data) {
    if (job_.tree == TreeReport::none) return;
    TreeFormat format;
    if (job_.tree == TreeReport::condensed) format.condensed = default_condense_threshold;
    print_(data.tree(format));
  }

  std::map<std::string, Array> combine(const DataManager& data, const DataArrays& arrays) {
    std::map<std::string, Array> combined;
    std::vector<std::string> notes;
    for (const JobCombine& entry : job_.combine) {
      try {
        const Array whole =
            entry.is_sweep ? combine_sweep(data, arrays, entry, notes) : arrays.combine(entry.group, entry.options, &notes);
        combined.emplace(entry.tag, entry.dtype ? whole.astype(*entry.dtype) : whole);
      } catch (const UsageError& error) {
        throw UsageError("{}: {}", entry.place, error.what());
      } catch (const DataError& error) {
        throw DataError("{}: {}", entry.place, error.what());
      }
    }
    for (const std::string& note : notes) {
      if (told_.insert(note).second) logging::note("{}", note);
    }
    return combined;
  }

  static Array combine_sweep(const DataManager& data, const DataArrays& arrays, const JobCombine& entry,
                             std::vector<std::string>& notes) {
    std::optional<ParameterSpace> space = entry.space;
    if (!space) {
      const Node* group = data.find(entry.group);
      const auto found = group != nullptr && group->objects().contains("pspace") ? group->objects().at("pspace") : nullptr;
      const auto* yaml = dynamic_cast<const YamlContainer*>(found.get());
      if (yaml == nullptr) {
        throw UsageError("the group '{}' has no attribute 'pspace' with YAML: load it with load_as_attr, or name the parameters",
                         printable(entry.group));
      }
      space = parameter_space(yaml->content());
    }
    StateCombineOptions options{entry.options.field, entry.options.combine.method, entry.options.combine.join, {}};
    for (const JobSubspace& wanted : entry.subspace) options.subspace[wanted.dim] = positions_in(*space, wanted);
    return arrays.combine(entry.group, *space, options, &notes);
  }

  void compute(const DataManager& data, const JobArrays& made, std::int64_t idle) {
    for (const std::string& failure : made.failures) logging::warning("{}", failure);
    std::vector<NamedArray> arrays;
    std::vector<ResultVariable> variables;
    comm_.agree([&] {
      for (const std::string& tag : job_.results) {
        const auto& array = made.arrays.at(tag);
        if (!array) continue;
        arrays.push_back({tag, *array});
        variables.push_back(describe_result(tag, *array));
      }
      if (arrays.empty()) throw UsageError("{}: none of the results can be computed", printable(request_.file));
    });
    const Plan plan = plan_arrays(comm_, data.files(), arrays, job_.options, idle,
                                  [&](const std::vector<Shape>& stored) { return writers_memory(variables, stored); });
    report_.set_plan(plan);
    if (request_.dry_run) return print_(explain(plan));

    report_.begin_stage("create");
    std::vector<Output> outputs = create_outputs(variables, plan);
    report_.begin_stage("compute");
    ResultCollector collector(variables);
    is_executing_ = true;
    report_.set_times(execute(comm_, plan, [&](std::size_t result, const Box& box, std::span<const std::byte> values) {
      for (Output& output : outputs) {
        const auto place = std::ranges::find(output.numbers, result);
        if (place != output.numbers.end()) {
          output.writer->write(static_cast<std::size_t>(place - output.numbers.begin()), box, values);
        }
      }
      collector.write(result, box, values);
    }));
    is_executing_ = false;
    report_.begin_stage("write");
    for (Output& output : outputs) output.writer->finish();  // all of them, before any has its name
    std::vector<std::string> written;
    for (Output& output : outputs) {
      output.writer->commit();
      written.push_back(output.path);
      report_.set_outputs(written);
    }
    print_results(variables, collector.collect(comm_), outputs);
  }

  // Of all stores together, where results are made of these stored chunks, or of any where there are none.
  [[nodiscard]] std::int64_t writers_memory(const std::vector<ResultVariable>& variables,
                                            const std::vector<Shape>& stored) const {
    std::int64_t bytes = 0;
    for (const JobStore& store : job_.stores) {
      const std::vector<std::size_t> numbers = numbers_of(store, variables);
      ResultStorage storage = store.storage;
      storage.stored = stored.empty() ? stored : pick(stored, numbers);
      bytes += result_writer_memory(pick(variables, numbers), storage);
    }
    return bytes;
  }

  struct Output {
    std::string path;
    std::vector<std::size_t> numbers;  ///< of the results in it
    std::unique_ptr<ResultWriter> writer;
  };

  // The results of a file, by number; those that failed are in none.
  static std::vector<std::size_t> numbers_of(const JobStore& store, const std::vector<ResultVariable>& variables) {
    std::vector<std::size_t> numbers;
    for (std::size_t i = 0; i < variables.size(); ++i) {
      const bool wanted = store.tags.empty() || std::ranges::find(store.tags, variables[i].name) != store.tags.end();
      if (wanted) numbers.push_back(i);
    }
    return numbers;
  }

  template <class T>
  static std::vector<T> pick(const std::vector<T>& all, const std::vector<std::size_t>& numbers) {
    std::vector<T> some;
    for (const std::size_t i : numbers) {
      if (i < all.size()) some.push_back(all[i]);
    }
    return some;
  }

  std::vector<Output> create_outputs(const std::vector<ResultVariable>& variables, const Plan& plan) {
    const std::vector<Shape> stored = stored_chunks(plan);
    std::vector<Output> outputs;
    comm_.agree([&] {
      for (const JobStore& store : job_.stores) {
        outputs.push_back({path_of(store), numbers_of(store, variables), {}});
        const std::string& path = outputs.back().path;
        if (comm_.rank() == 0) make_folder_of(path);
        for (const std::string& file : files_) {
          std::error_code ignored;
          if (fs::equivalent(path, file, ignored)) {
            throw UsageError("the output '{}' is one of the files that are read: choose another name", printable(path));
          }
        }
      }
    });
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      const JobStore& store = job_.stores[i];
      Output& output = outputs[i];
      ResultFile file{store.existing, store.storage, {}};
      file.storage.stored = pick(stored, output.numbers);
      file.storage.threads = plan.options.threads;
      file.provenance = provenance(skipped_);
      file.provenance["xylem_job"] = text_;
      output.writer = std::make_unique<ResultWriter>(comm_, output.path, pick(variables, output.numbers),
                                                     history_line(request_.command), file);
    }
    return outputs;
  }

  void print_results(const std::vector<ResultVariable>& variables, const std::vector<ResultElements>& elements,
                     const std::vector<Output>& outputs) {
    std::string text;
    std::vector<bool> stored(variables.size(), false);
    for (const Output& output : outputs) {
      for (const std::size_t i : output.numbers) stored[i] = true;
      text += format_results(pick(variables, output.numbers), pick(elements, output.numbers), output.path);
    }
    std::vector<std::size_t> others;
    for (std::size_t i = 0; i < variables.size(); ++i) {
      if (!stored[i]) others.push_back(i);
    }
    print_(text + format_results(pick(variables, others), pick(elements, others), ""));
  }

  const Communicator& comm_;
  const JobRequest& request_;
  const std::string& text_;
  const JobFile& job_;
  RunReport& report_;
  const std::function<void(const std::string&)>& print_;
  std::vector<std::string> files_;
  std::vector<SkippedFile> skipped_;
  std::set<std::string> told_;  // notes
  bool is_executing_ = false;
};

}  // namespace

void run_job(const Communicator& comm, const JobRequest& request, const std::function<void(const std::string&)>& print) {
  std::string text = comm.broadcast(read_text(comm, request.file), 0);
  JobFile job = comm.agree([&] { return read_job_file(request.file, text, request.settings); });
  job.options.topology = {request.dry_run ? request.ranks.value_or(comm.size()) : comm.size()};
  if (job.own_threads) use_own_threads(comm, job.options);
  for (JobStore& store : job.stores) store.storage.threads = job.options.threads;
  if (request.dry_run && job.options.topology.ranks != comm.size() && (job.own_threads || job.options.memory_limit == 0)) {
    logging::note("planned for {} and {} a rank: resources.threads and resources.memory_per_rank say what ranks have elsewhere",
                  plural(static_cast<std::size_t>(job.options.threads), "thread"),
                  job.options.memory_limit == 0 ? "the memory of this node" : format_bytes(job.options.memory_limit));
  }
  for (const std::string& setting : request.settings) text += fmt::format("# --set {}\n", setting);
  Progress::set_plain_interval(job.progress_seconds);
  std::string path;
  if (!job.report.empty() && !request.dry_run) {
    path = (fs::path(job.out_dir) / job.report).lexically_normal().string();
    comm.agree([&] {
      if (comm.rank() == 0) make_folder_of(path);
    });
  }
  RunReport report(comm, path, request.command);
  report.run([&] {
    JobRun(comm, request, text, job, report, print).run();
    return 0;
  });
}

}  // namespace xylem
