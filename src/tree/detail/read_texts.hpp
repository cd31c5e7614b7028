#pragma once

#include <optional>
#include <string>
#include <vector>

#include "xylem/comm/communicator.hpp"

namespace xylem {

/// The whole content of files, each read by one rank, on every rank. Throws, on all ranks alike, UsageError for a file that is
/// not there, ResourceError for one that cannot be read or is of more than 256 MiB; with `skip` it has no text, and a line in
/// `warnings`. Collective: yes.
[[nodiscard]] std::vector<std::optional<std::string>> read_texts(const Communicator& comm, const std::vector<std::string>& files,
                                                                 bool skip, std::vector<std::string>& warnings);

}  // namespace xylem
