#pragma once

#include <Kokkos_Core.hpp>
#include <cstdint>

/// What xylem uses of Kokkos that is not the same from 3.4.01 to 5.x, in one place.
namespace xylem {

/// Where host kernels run: Serial, OpenMP or Threads, as Kokkos was built.
using HostExecution = Kokkos::DefaultHostExecutionSpace;

/// Calls functor(i) for i in [0, n) on the host execution space and waits for all of them.
template <class Functor>
void host_parallel_for(const char* label, std::int64_t n, const Functor& functor) {
  using Policy = Kokkos::RangePolicy<HostExecution, Kokkos::IndexType<std::int64_t>>;
  const HostExecution space;
  Kokkos::parallel_for(label, Policy(space, 0, n), functor);
  space.fence();  // without a label: Kokkos 3.4 takes none
}

/// The threads of the host execution space.
inline std::int64_t host_concurrency() { return HostExecution().concurrency(); }

}  // namespace xylem
