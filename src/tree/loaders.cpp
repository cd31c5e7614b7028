#include "detail/loaders.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <utility>

#include "xylem/support/text.hpp"

namespace xylem {
namespace {

const std::array<Loader, 6>& loaders() {
  static const std::array<Loader, 6> all{{{"hdf5", LoaderKind::hdf5},
                                          {"hdf5_proxy", LoaderKind::hdf5},
                                          {"hdf5_as_dask", LoaderKind::hdf5},
                                          {"yaml", LoaderKind::yaml},
                                          {"yaml_to_object", LoaderKind::yaml},
                                          {"text", LoaderKind::text}}};
  return all;
}

constexpr std::array<std::pair<const char*, const char*>, 3> aliases{
    {{"yml", "yaml"}, {"yml_to_object", "yaml_to_object"}, {"plain_text", "text"}}};

// dantro 0.21's others: they give objects of Python libraries, or read files whole.
constexpr std::array others{"fspath",         "fstree", "numpy_binary", "numpy_txt",    "pandas_csv",
                            "pandas_generic", "pickle", "pkl",          "xr_dataarray", "xr_dataset"};

}  // namespace

const Loader* find_loader(const std::string& name) {
  std::string wanted = lower_ascii(name);
  for (const auto& [alias, meant] : aliases) {
    if (wanted == alias) wanted = meant;
  }
  const auto found = std::ranges::find(loaders(), wanted, &Loader::name);
  return found == loaders().end() ? nullptr : &*found;
}

std::vector<std::string> loader_names() {
  std::vector<std::string> names;
  for (const Loader& loader : loaders()) names.push_back(loader.name);
  return names;
}

std::string unknown_loader(const std::string& name) {
  const std::vector<std::string> names = loader_names();
  if (std::ranges::find(others, lower_ascii(name)) != others.end()) {
    return fmt::format("dantro's loader '{}' is not here; there are {} (netCDF-4 files are HDF5)", printable(name),
                       fmt::join(names, ", "));
  }
  return fmt::format("there is no loader '{}'{}; there are {}", printable(name), did_you_mean(name, names),
                     fmt::join(names, ", "));
}

}  // namespace xylem
