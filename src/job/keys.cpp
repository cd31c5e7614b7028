#include "xylem/job/keys.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "xylem/support/error.hpp"

namespace xylem {
namespace {

constexpr std::array kTop{
    JobKey{"version", "1", "the version of this format; required"},
    JobKey{"data_dir", "path", "the folder that `load` looks in; default: the working directory"},
    JobKey{"out_dir", "path",
           "where results and reports go, made if need be; relative to data_dir, as in dantro; default: the working directory"},
    JobKey{"resources", "mapping", "memory, threads and how data are read"},
    JobKey{"load", "mapping: name to entry",
           "what is loaded, in dantro's words, or the arguments of a data manager (docs/loading.md); required"},
    JobKey{"combine", "mapping: tag to entry", "members of a group as one array (docs/many-files.md)"},
    JobKey{"decode", "mapping", "how stored values become numbers"},
    JobKey{"define", "mapping: tag to value or operations", "arrays made before others, in the order of the file"},
    JobKey{"select", "mapping: tag to path or entry", "arrays of the data tree, in the order of their tags"},
    JobKey{"transform", "list of operations", "what is computed"},
    JobKey{"compute_only", "all, or list of tags",
           "the results; default: all tags of `transform` that begin with neither '.' nor '_'"},
    JobKey{"store", "list of entries", "which results go to which file; what goes to none is printed"},
    JobKey{"report", "mapping", "what is told of the run"},
};

constexpr std::array kResources{
    JobKey{"memory_per_rank", "size",
           "what one rank may use beyond an idle process, such as 3GiB; default: its share of the node"},
    JobKey{"threads", "number", "threads of each rank; default: the CPUs that each rank has, or fewer where they are of no use"},
    JobKey{"io", "auto, direct, hyperslab or collective", "how stored data are read (docs/reading.md); default auto"},
    JobKey{"schedule", "static or dynamic", "how blocks are dealt to ranks; default static"},
    JobKey{"sum", "exact or fast", "exact: the same bits whoever computes them; default exact"},
};

constexpr std::array kCombine{
    JobKey{"group", "path", "the group whose members are combined; required"},
    JobKey{"field", "path", "the container in each member; default: the members themselves"},
    JobKey{"fields", "mapping: name to path, or to {path: .., dtype: ..}", "several fields at once: the tags are TAG/NAME"},
    JobKey{"dim", "name, or list of names",
           "the dim along which they are put together: one that they have, or a new one; several of a labelled group; required "
           "but for a sweep and for groups of time series"},
    JobKey{"coords_from", "data, name, name:REGEX, attr:NAME or attrs", "where the labels along the dim come from; default name"},
    JobKey{
        "method", "concat or merge",
        "one after the other, or each at the place of its label, gaps missing; dantro's try_concat and auto are merge; default "
        "concat"},
    JobKey{"join", "exact, inner or outer", "what becomes of labels of other dims that not all have; default exact"},
    JobKey{"pspace", "attrs, or mapping: parameter to values",
           "the group is a parameter sweep, its members are numbered states; attrs: the group's attribute pspace says of which"},
    JobKey{"subspace", "mapping: parameter to value, list, !slice, {loc: ..} or {idx: ..}",
           "the part of a sweep that is wanted, as in dantro: values (`rtol`, `atol` beside `loc`), or positions from 1; default "
           "all"},
};

constexpr std::array kDecode{
    JobKey{"cf", "true or false", "CF attributes (_FillValue, scale_factor, ...) decode values; default true"},
};

constexpr std::array kSelect{
    JobKey{"path", "path or tag", "a container of the data tree, or a tag of `combine` or `define`; required"},
    JobKey{"sel", "mapping: dim to labels", "a value, a list, or !slice [first, last], both included"},
    JobKey{"isel", "mapping: dim to positions", "a position, a list, or !slice [start, stop, step]"},
    JobKey{"transform", "list of operations", "applied to what was selected, each to the result of the one before"},
};

constexpr std::array kOperation{
    JobKey{"operation", "name",
           "a function of the expression language, or NumPy's, xarray's or dantro's name of one; `.name` calls it as a method; "
           "the name may also be a key itself, with the arguments as its value"},
    JobKey{"expression", "text", "an expression (docs/expressions.md), with tags and paths as names; instead of an operation"},
    JobKey{"args", "list", "arguments: numbers, dims, !dag_tag TAG, !dag_prev"},
    JobKey{"kwargs", "mapping", "arguments with a name"},
    JobKey{"tag", "name", "what the result is called"},
    JobKey{"with_previous_result", "true or false", "the first argument is the result of the operation before"},
    JobKey{"allow_failure", "true, log, warn, silent or false",
           "where it cannot be computed take `fallback`, or leave it out; default false"},
    JobKey{"fallback", "number, !dag_tag TAG or list of one", "what stands in for it"},
};

constexpr std::array kStore{
    JobKey{"file", "path", "netCDF-4 file, in out_dir; required"},
    JobKey{"tags", "all, or list of tags", "the results that it holds; default all"},
    JobKey{"chunks", "auto, none, or list of extents", "how results are chunked; default none, with compression auto"},
    JobKey{"compression", "none, or {gzip: 1 to 9}", "shuffle and deflate; default none"},
    JobKey{"exists_action", "raise, overwrite or append", "what becomes of a file that is there already; default raise"},
};

constexpr std::array kReport{
    JobKey{"json", "path", "the run report, in out_dir"},
    JobKey{"progress", "true, false, or seconds as in 10s",
           "how often a line of progress is written where standard error is no terminal; default 10s"},
    JobKey{"tree", "true, false or condensed", "print the data tree; default false"},
};

constexpr std::array kSections{
    JobSection{"job", kTop},       JobSection{"resources", kResources}, JobSection{"combine.TAG", kCombine},
    JobSection{"decode", kDecode}, JobSection{"select.TAG", kSelect},   JobSection{"transform[]", kOperation},
    JobSection{"store[]", kStore}, JobSection{"report", kReport},
};

}  // namespace

std::span<const JobSection> job_sections() noexcept { return kSections; }

const JobSection& job_section(const char* name) {
  const auto found = std::ranges::find(kSections, std::string_view(name), &JobSection::name);
  if (found == kSections.end()) throw InternalError("job files have no part '{}'", name);
  return *found;
}

}  // namespace xylem
