#include "detail/job_arrays.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "xylem/array/expression.hpp"
#include "xylem/support/error.hpp"
#include "xylem/support/text.hpp"

namespace xylem::detail {
namespace {

class Maker {
 public:
  Maker(const JobFile& job, const DataArrays& data, const std::map<std::string, Array>& combined, bool only_fallbacks)
      : job_(job), data_(data), only_fallbacks_(only_fallbacks) {
    for (const auto& [tag, array] : combined) made_.arrays.emplace(tag, array);
  }

  JobArrays run() {
    for (const JobOperation& operation : job_.operations) {
      hangs_on_failure_ = data_failed_ = false;
      std::optional<Array> array;
      try {
        if (only_fallbacks_ && operation.failure != FailureRule::stop) throw UsageError("it could not be computed");
        array = parse_expression(operation.expression, names());
        if (operation.failure != FailureRule::stop) hangs_on_failure_ = true;
      } catch (const Error& error) {
        if (error.kind() != ErrorKind::usage && error.kind() != ErrorKind::data) throw;
        if (operation.failure == FailureRule::stop) {
          const std::string text = fmt::format("{}: {}", operation.place, error.what());
          if (error.kind() == ErrorKind::data || data_failed_) throw DataError("{}", text);
          throw UsageError("{}", text);
        }
        if (operation.failure != FailureRule::silent) {
          made_.failures.push_back(fmt::format("{}: '{}' failed ({}); {}", operation.place, printable(operation.tag),
                                               error.what(),
                                               operation.fallback.empty() ? "it is left out" : "its fallback stands in"));
        }
        if (!operation.fallback.empty()) array = parse_expression(operation.fallback, names());
      }
      if (hangs_on_failure_) made_.may_fail.insert(operation.tag);
      made_.arrays.emplace(operation.tag, std::move(array));
    }
    return std::move(made_);
  }

 private:
  // Tags come before paths of the data tree.
  ExpressionNames names() {
    return {[this](const std::string& name) -> std::optional<Array> {
              const auto tag = made_.arrays.find(name);
              if (tag == made_.arrays.end()) return find_data(name);
              if (made_.may_fail.contains(name)) hangs_on_failure_ = true;
              if (!tag->second) throw UsageError("'{}' failed, and has no fallback", printable(name));
              return tag->second;
            },
            [this] {
              std::vector<std::string> all = data_.paths();
              for (const auto& [tag, array] : made_.arrays) all.push_back(tag);
              return all;
            }};
  }

  std::optional<Array> find_data(const std::string& name) {
    std::optional<Array> found;
    try {
      found = data_.find(name);
    } catch (const DataError&) {
      data_failed_ = true;  // what the expression makes of it is a mistake in the expression
      throw;
    }
    const auto later = std::ranges::find(job_.operations, name, &JobOperation::tag);
    if (!found && later != job_.operations.end()) {
      throw UsageError("'{}' is made only later, at {}: an operation refers to what was made before it", printable(name),
                       later->place);
    }
    return found;
  }

  const JobFile& job_;
  const DataArrays& data_;
  bool only_fallbacks_;
  bool hangs_on_failure_ = false;
  bool data_failed_ = false;
  JobArrays made_;
};

}  // namespace

JobArrays make_job_arrays(const JobFile& job, const DataArrays& data, const std::map<std::string, Array>& combined,
                          bool only_fallbacks) {
  return Maker(job, data, combined, only_fallbacks).run();
}

}  // namespace xylem::detail
