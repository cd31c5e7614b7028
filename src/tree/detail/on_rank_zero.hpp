#pragma once

#include <string>
#include <type_traits>

#include "xylem/comm/archive.hpp"
#include "xylem/comm/communicator.hpp"

namespace xylem {

/// One rank asks the file system, for all. `f` must make no collective calls.
/// Collective: yes.
template <class F>
auto on_rank_zero(const Communicator& comm, F&& f) {
  const std::string bytes = comm.agree([&] { return comm.rank() == 0 ? to_bytes(f()) : std::string(); });
  return from_bytes<std::invoke_result_t<F>>(comm.broadcast(bytes, 0));
}

}  // namespace xylem
