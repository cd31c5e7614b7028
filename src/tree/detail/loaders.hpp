#pragma once

#include <cstdint>
#include <string>

#include "xylem/tree/load_config.hpp"

namespace xylem {

enum class LoaderKind : std::uint8_t { hdf5, yaml, text };

struct Loader {
  std::string name;
  LoaderKind kind;
};

/// The loader of a name or alias (in any case of letters, as in dantro), or null.
[[nodiscard]] const Loader* find_loader(const std::string& name);
/// What to say of a name that is no loader's.
[[nodiscard]] std::string unknown_loader(const std::string& name);

/// The format string of the target path of an entry: its own, or the one that stands for it.
[[nodiscard]] std::string target_format(const LoadEntry& entry);

}  // namespace xylem
