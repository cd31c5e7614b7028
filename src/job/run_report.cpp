#include "xylem/job/run_report.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <exception>
#include <filesystem>
#include <utility>

#include "xylem/comm/archive.hpp"
#include "xylem/exec/session.hpp"
#include "xylem/storage/hdf5.hpp"
#include "xylem/support/error.hpp"
#include "xylem/support/json.hpp"
#include "xylem/support/log.hpp"
#include "xylem/support/memory.hpp"
#include "xylem/support/text.hpp"
#include "xylem/support/version.hpp"

namespace xylem {
namespace {

std::string now() {
  const std::time_t time = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&time, &utc);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text.data();
}

std::string hidden_name(const std::string& path) {
  const std::filesystem::path full(path);
  return (full.parent_path() / ("." + full.filename().string() + ".part")).string();
}

const char* kind_name(int exit_code) {
  switch (static_cast<ErrorKind>(exit_code)) {
    case ErrorKind::usage: return "usage";
    case ErrorKind::data: return "data";
    case ErrorKind::resource: return "resource";
    case ErrorKind::internal: break;
  }
  return "internal";
}

bool is_agreed(const std::exception_ptr& exception) {
  try {
    std::rethrow_exception(exception);
  } catch (const Error& error) {
    return error.agreed();
  } catch (...) {
    return false;
  }
}

[[noreturn]] void fail(const std::string& path, int error) {
  throw ResourceError("cannot write the report '{}' ({}); name another file, or make room", printable(path),
                      std::strerror(error));
}

void optional_value(JsonWriter& json, const char* key, const std::optional<std::int64_t>& value) {
  json.key(key);
  value ? json.value(*value) : json.null();
}

}  // namespace

std::map<std::string, std::string> software_versions() {
  return {{"xylem", fmt::format("{} (commit {})", version(), commit())},
          {"kokkos", kokkos_description()},
          {"hdf5", h5::library_version()},
          {"mpi", mpi_library_version()}};
}

std::string versions_line() {
  std::string line;
  for (const auto& [name, version] : software_versions()) line += fmt::format("{}{} {}", line.empty() ? "" : ", ", name, version);
  return line;
}

std::map<std::string, std::string> provenance(const std::vector<SkippedFile>& skipped) {
  std::map<std::string, std::string> all{{"xylem_versions", versions_line()}};
  for (const SkippedFile& file : skipped) {
    std::string& text = all["xylem_skipped"];
    text += (text.empty() ? "" : "\n") + printable(file.file);
  }
  return all;
}

std::string history_line(const std::string& command) {
  constexpr std::size_t most = 8192;
  std::string line = command;
  for (char& c : line) {
    if (c == '\n') c = ' ';  // each line is a command
  }
  if (line.size() > most) {
    line.resize(most);
    while (!line.empty() && (static_cast<unsigned char>(line.back()) & 0xc0U) == 0x80) line.pop_back();
    if (!line.empty() && static_cast<unsigned char>(line.back()) >= 0xc0) line.pop_back();
    line += " ...";
  }
  return now() + ": " + line;
}

RunReport::RunReport(const Communicator& world, std::string path, std::string command)
    : world_(world), path_(std::move(path)), command_(std::move(command)), started_(now()), idle_bytes_(peak_resident_bytes()) {
  world_.agree([&] {
    if (path_.empty() || world_.rank() != 0) return;
    std::error_code error;
    if (std::filesystem::is_directory(path_, error)) fail(path_, EISDIR);
    descriptor_ = open(hidden_name(path_).c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (descriptor_ < 0) fail(path_, errno);
  });
}

RunReport::~RunReport() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  std::remove(hidden_name(path_).c_str());
}

void RunReport::set_read(std::int64_t stored_bytes, std::int64_t decoded_bytes) {
  stored_bytes_ = stored_bytes;
  decoded_bytes_ = decoded_bytes;
}

void RunReport::begin_stage(const std::string& name) {
  end_stage();
  stages_.push_back({name, -1});
  stage_timer_ = Timer();
}

void RunReport::end_stage() {
  if (!stages_.empty() && stages_.back().seconds < 0) stages_.back().seconds = stage_timer_.seconds();
}

void RunReport::set_inputs(const std::vector<std::string>& files) {
  if (path_.empty() || world_.rank() != 0) return;
  for (const std::string& file : files) {
    struct stat status {};
    const bool there = stat(file.c_str(), &status) == 0;
    inputs_.push_back({file, there ? static_cast<std::int64_t>(status.st_size) : -1,
                       there ? status.st_mtim.tv_sec * std::int64_t{1'000'000'000} + status.st_mtim.tv_nsec : 0});
  }
}

void RunReport::set_plan(const Plan& plan) {
  if (path_.empty()) return;
  plan_ = explain_json(plan);
  plan_.pop_back();  // the newline at its end
  for (std::size_t at = 0; (at = plan_.find('\n', at)) != std::string::npos; at += 3) plan_.insert(at + 1, "  ");
  forecast_bytes_ = plan.memory;
  stored_bytes_ = 0;
  for (const Pass& pass : plan.passes) *stored_bytes_ += pass.weight();
}

int RunReport::run(const std::function<int()>& body) {
  if (path_.empty()) return body();
  try {
    const int code = body();
    end_stage();
    const std::vector<Memory> memory = gather_memory();
    world_.agree([&] {
      if (world_.rank() == 0) write(to_json(code, "", memory));
    });
    return code;
  } catch (...) {
    end_stage();
    const Failure failure = current_failure();
    const bool agreed = is_agreed(std::current_exception());
    const std::vector<Memory> memory = agreed ? gather_memory() : std::vector<Memory>{{idle_bytes_, peak_resident_bytes()}};
    try {
      if (world_.rank() == 0 || !agreed) write(to_json(static_cast<int>(failure.kind), failure.message, memory));
    } catch (const Error& second) {
      logging::warning("{}", second.what());  // the first error is the one that counts
    }
    throw;
  }
}

std::vector<RunReport::Memory> RunReport::gather_memory() const {
  std::vector<Memory> all;
  for (const std::string& theirs : world_.all_gather(to_bytes(std::pair(idle_bytes_, peak_resident_bytes())))) {
    const auto [idle, peak] = from_bytes<std::pair<std::int64_t, std::int64_t>>(theirs);
    all.push_back({idle, peak});
  }
  return all;
}

std::string RunReport::to_json(int exit_code, const std::string& error, const std::vector<Memory>& memory) const {
  JsonWriter json;
  json.begin_object();
  json.key("command").value(command_).key("started").value(started_).key("seconds").value(timer_.seconds());
  json.key("ranks").value(world_.size());
  json.key("result").value(error.empty() ? "success" : "failure").key("exit_code").value(exit_code).key("error");
  if (error.empty()) {
    json.null();
  } else {
    json.begin_object().key("kind").value(kind_name(exit_code)).key("message").value(error).end_object();
  }
  json.key("warnings").begin_array();
  for (const std::string& warning : logging::warnings()) json.value(warning);
  json.end_array();
  json.key("versions").begin_object();
  for (const auto& [name, version] : software_versions()) json.key(name).value(version);
  json.end_object();
  json.key("inputs").begin_array();
  for (const Input& input : inputs_) {
    json.begin_object().key("path").value(input.path).key("size").value(input.size);
    json.key("mtime_ns").value(input.mtime_ns).end_object();
  }
  json.end_array().key("skipped").begin_array();
  for (const SkippedFile& file : skipped_) {
    json.begin_object().key("path").value(file.file).key("reason").value(file.reason).end_object();
  }
  json.end_array().key("outputs").begin_array();
  for (const std::string& output : outputs_) {
    std::error_code none;
    const auto size = std::filesystem::file_size(output, none);
    json.begin_object().key("path").value(output).key("size");
    none ? json.null() : json.value(static_cast<std::int64_t>(size));
    json.end_object();
  }
  json.end_array().key("bytes").begin_object();
  optional_value(json, "stored", stored_bytes_);
  optional_value(json, "decoded", decoded_bytes_);
  json.end_object();
  json.key("stages").begin_array();
  for (const Stage& stage : stages_) {
    json.begin_object().key("name").value(stage.name).key("seconds").value(stage.seconds).end_object();
  }
  json.end_array().key("rank_times").begin_array();
  for (const RankTimes& times : times_) {
    json.begin_object().key("read").value(times.read).key("decode").value(times.decode).key("wait").value(times.wait);
    json.key("evaluate").value(times.evaluate);
    json.key("merge").value(times.merge).key("write").value(times.write).key("total").value(times.total);
    json.key("blocks").value(times.blocks).end_object();
  }
  json.end_array().key("memory").begin_object();
  optional_value(json, "forecast", forecast_bytes_);
  json.key("ranks").begin_array();
  for (const Memory& rank : memory)
    json.begin_object().key("idle").value(rank.idle).key("peak_over_idle").value(rank.peak - rank.idle).end_object();
  json.end_array().end_object().key("plan");
  plan_.empty() ? json.null() : json.number_text(plan_);
  json.end_object();
  return json.str();
}

void RunReport::write(const std::string& text) {
  if (descriptor_ < 0) {  // another rank than the one that was to write
    descriptor_ = open(hidden_name(path_).c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (descriptor_ < 0) fail(path_, errno);
  }
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t count = ::write(descriptor_, text.data() + done, text.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) fail(path_, count < 0 ? errno : EIO);
    done += static_cast<std::size_t>(count);
  }
  if (fsync(descriptor_) != 0 || std::rename(hidden_name(path_).c_str(), path_.c_str()) != 0) fail(path_, errno);
  ::close(std::exchange(descriptor_, -1));
}

}  // namespace xylem
