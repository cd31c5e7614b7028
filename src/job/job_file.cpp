#include "detail/job_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <set>

#include "xylem/support/bytes.hpp"
#include "xylem/support/error.hpp"
#include "xylem/support/text.hpp"

#include "detail/job_operations.hpp"

namespace xylem::detail {
namespace {

std::filesystem::path expand_user(const std::string& path) {
  const char* home = std::getenv("HOME");
  if (home == nullptr || (path != "~" && !path.starts_with("~/"))) return path;
  return std::filesystem::path(home) / path.substr(std::min<std::size_t>(2, path.size()));
}

void read_folders(JobFile& job) {
  const JobYaml& yaml = job.yaml;
  const YAML::Node data = yaml.root()["data_dir"], out = yaml.root()["out_dir"];
  const std::filesystem::path folder = data ? expand_user(yaml.text(data, "data_dir")) : ".";
  job.data_dir = folder.string();
  job.out_dir = out ? (folder / expand_user(yaml.text(out, "out_dir"))).lexically_normal().string() : ".";
}

void read_resources(JobFile& job, const YAML::Node& node) {
  const JobYaml& yaml = job.yaml;
  yaml.expect_keys(node, job_section("resources"));
  if (const YAML::Node memory = node["memory_per_rank"]) {
    const std::string text = yaml.text(memory, "memory_per_rank");
    try {
      job.options.memory_limit = parse_bytes(text, "memory_per_rank");
    } catch (const UsageError& error) {
      yaml.fail(memory, error.what());
    }
  }
  if (const YAML::Node threads = node["threads"]) {
    const std::int64_t number = yaml.integer(threads, "threads");
    if (number < 1 || number > 1024) yaml.fail(threads, fmt::format("threads is {}: it is from 1 to 1024", number));
    job.options.threads = static_cast<int>(number);
    job.own_threads = false;
  }
  if (const YAML::Node io = node["io"]) {
    constexpr std::array strategies{"auto", "direct", "hyperslab", "collective"};
    job.options.io = parse_io_strategy(strategies[yaml.choice(io, "io", strategies)]);
  }
  constexpr std::array schedules{"static", "dynamic"}, sums{"exact", "fast"};
  if (const YAML::Node schedule = node["schedule"]) {
    job.options.schedule =
        yaml.choice(schedule, "schedule", schedules) == 0 ? Schedule::static_dealing : Schedule::dynamic_dealing;
  }
  if (const YAML::Node sum = node["sum"]) job.options.sums = yaml.choice(sum, "sum", sums) == 0 ? SumMode::exact : SumMode::fast;
}

// A file of a run: in out_dir, and not out of it.
std::string output_name(const JobYaml& yaml, const YAML::Node& node, const std::string& what) {
  const std::string name = yaml.text(node, what);
  const std::filesystem::path last = std::filesystem::path(name).filename();
  if (last.empty() || last == "." || last == "..")
    yaml.fail(node, fmt::format("{} '{}' is a folder: name a file", what, printable(name)));
  return name;
}

std::vector<std::string> all_results(const std::vector<JobOperation>& operations, std::size_t first) {
  std::vector<std::string> tags;
  for (std::size_t i = first; i < operations.size(); ++i) {
    const std::string& tag = operations[i].tag;
    if (tag[0] != '.' && tag[0] != '_') tags.push_back(tag);
  }
  return tags;
}

bool is_all(const YAML::Node& node) { return node.IsScalar() && node.Scalar() == "all"; }

std::vector<std::string> read_tags(const JobYaml& yaml, const YAML::Node& node, const std::string& what,
                                   const std::vector<std::string>& known, const char* kind) {
  std::vector<std::string> tags;
  for (const YAML::Node& item : yaml.items(node, what + " (but for the word all)")) {
    const std::string tag = yaml.text(item, "a tag");
    if (std::ranges::find(known, tag) == known.end()) {
      yaml.fail(item, fmt::format("no {} '{}'{}", kind, printable(tag), did_you_mean(tag, known)));
    }
    if (std::ranges::find(tags, tag) != tags.end()) yaml.fail(item, fmt::format("'{}' stands twice: keep one", printable(tag)));
    tags.push_back(tag);
  }
  if (tags.empty()) yaml.fail(node, fmt::format("{} is empty: name tags, or leave it out", what));
  return tags;
}

void read_results(JobFile& job, std::size_t first_transform) {
  const JobYaml& yaml = job.yaml;
  const YAML::Node only = yaml.root()["compute_only"];
  if (!only || is_all(only)) {
    job.results = all_results(job.operations, first_transform);
    if (job.results.empty()) {
      yaml.fail(yaml.root(), "the job computes nothing: give operations of 'transform' a tag, or name tags in 'compute_only'");
    }
    return;
  }
  std::vector<std::string> known;
  for (const JobOperation& operation : job.operations) known.push_back(operation.tag);
  job.results = read_tags(yaml, only, "compute_only", known, "tag");
}

void read_storage(const JobYaml& yaml, const YAML::Node& entry, JobStore& store) {
  ResultStorage& storage = store.storage;
  const YAML::Node chunks = entry["chunks"], compression = entry["compression"];
  if (chunks && chunks.IsSequence()) {
    for (const YAML::Node& extent : chunks) {
      storage.chunk.push_back(yaml.integer(extent, "a chunk's extent"));
      if (storage.chunk.back() < 1)
        yaml.fail(extent, fmt::format("a chunk's extent is {}: it is at least 1", storage.chunk.back()));
    }
    if (storage.chunk.empty()) yaml.fail(chunks, "chunks has no extents: write auto, or one for each dim");
    storage.chunked = true;
  } else if (chunks) {
    constexpr std::array words{"none", "auto"};
    storage.chunked = yaml.choice(chunks, "chunks (but for a list)", words) == 1;
  }
  if (compression && compression.IsMap()) {
    for (const auto& [key, value] : yaml.entries(compression, "compression")) {
      if (key.Scalar() != "gzip") yaml.fail(key, fmt::format("compression is gzip, not '{}'", printable(key.Scalar())));
      const std::int64_t level = yaml.integer(value, "gzip");
      if (level < 1 || level > 9) yaml.fail(value, fmt::format("gzip is {}: it is from 1 (fast) to 9 (small)", level));
      storage.deflate = static_cast<int>(level);
    }
  } else if (compression) {
    constexpr std::array words{"none"};
    (void)yaml.choice(compression, "compression (but for {gzip: 1 to 9})", words);
  }
  if (storage.deflate > 0) {
    if (chunks && !storage.chunked) yaml.fail(chunks, "compressed results are in chunks: leave this out, or write auto");
    storage.chunked = true;
  }
  if (const YAML::Node action = entry["exists_action"]) {
    constexpr std::array words{"raise", "overwrite", "append"};
    store.existing = static_cast<Existing>(yaml.choice(action, "exists_action", words));
  }
}

void read_stores(JobFile& job, const YAML::Node& node) {
  const JobYaml& yaml = job.yaml;
  std::set<std::string> files;
  for (const YAML::Node& entry : yaml.items(node, "store")) {
    yaml.expect_keys(entry, job_section("store[]"));
    JobStore store;
    if (!entry["file"]) yaml.fail(entry, "an entry of 'store' needs a 'file'");
    store.file = output_name(yaml, entry["file"], "file");
    store.place = yaml.place(entry["file"]);
    if (!files.insert(std::filesystem::path(store.file).lexically_normal().string()).second) {
      yaml.fail(entry["file"], fmt::format("two entries write '{}': put their tags into one", printable(store.file)));
    }
    if (const YAML::Node tags = entry["tags"]; tags && !is_all(tags)) {
      store.tags = read_tags(yaml, tags, "tags", job.results, "result");
    }
    for (const std::string& tag : store.tags.empty() ? job.results : store.tags) {
      try {
        expect_result_name(tag);
      } catch (const UsageError& error) {
        throw UsageError("{}: {}", std::ranges::find(job.operations, tag, &JobOperation::tag)->place, error.what());
      }
    }
    read_storage(yaml, entry, store);
    job.stores.push_back(std::move(store));
  }
}

void read_report(JobFile& job, const YAML::Node& node) {
  const JobYaml& yaml = job.yaml;
  yaml.expect_keys(node, job_section("report"));
  if (const YAML::Node json = node["json"]) job.report = output_name(yaml, json, "json");
  if (const YAML::Node progress = node["progress"]) {
    const std::string text = yaml.text(progress, "progress");
    if (text == "false") {
      job.progress_seconds = 0;
    } else if (text != "true") {
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), job.progress_seconds);
      const std::string_view unit(end, text.data() + text.size());
      if (error != std::errc() || !(job.progress_seconds > 0) || (unit != "s" && !unit.empty())) {
        yaml.fail(progress, fmt::format("progress is true, false or seconds as in 10s, not '{}'", printable(text)));
      }
    }
  }
  if (const YAML::Node tree = node["tree"]) {
    constexpr std::array words{"false", "true", "condensed"};
    job.tree = static_cast<TreeReport>(yaml.choice(tree, "tree", words));
  }
}

}  // namespace

JobFile read_job_file(const std::string& file, const std::string& text, const std::vector<std::string>& settings) {
  JobFile job{JobYaml(file, text, settings)};
  const JobYaml& yaml = job.yaml;
  const YAML::Node& root = yaml.root();
  yaml.expect_keys(root, job_section("job"));
  if (!root["version"]) yaml.fail(root, "a job begins with 'version: 1'");
  if (const std::int64_t version = yaml.integer(root["version"], "version"); version != 1) {
    yaml.fail(root["version"], fmt::format("jobs of version {} are not known: this is version 1", version));
  }
  if (!root["load"]) yaml.fail(root, "the job has no 'load': say which files are read");
  job.load = parse_manager_config(root["load"], file);
  read_folders(job);
  if (const YAML::Node node = root["resources"]) read_resources(job, node);
  if (const YAML::Node node = root["decode"]) {
    yaml.expect_keys(node, job_section("decode"));
    if (node["cf"]) job.decode_cf = yaml.boolean(node["cf"], "cf");
  }
  std::vector<std::string> combined;
  if (const YAML::Node node = root["combine"]) {
    const bool may_be_typed =
        std::ranges::any_of(job.load.create_groups, [](const NewGroup& group) { return group.type.has_value(); });
    job.combine = read_combine(yaml, node, may_be_typed);
    for (const JobCombine& entry : job.combine) combined.push_back(entry.tag);
  }
  const std::size_t first_transform = read_operations(yaml, combined, job.operations);
  read_results(job, first_transform);
  if (const YAML::Node node = root["store"]) read_stores(job, node);
  if (const YAML::Node node = root["report"]) read_report(job, node);
  return job;
}

}  // namespace xylem::detail
