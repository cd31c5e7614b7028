#include "xylem/kernels/custom.hpp"

#include <exception>
#include <thread>

#include "xylem/kernels/kokkos_bridge.hpp"
#include "xylem/support/error.hpp"

namespace xylem::detail {
namespace {

// The thread that the program starts with, which starts Kokkos. Kokkos before 4.0 takes host kernels from no other; workers
// beside it are threads enough.
const std::thread::id main_thread = std::this_thread::get_id();

bool launches_kernels() { return std::this_thread::get_id() == main_thread && Kokkos::is_initialized(); }

[[noreturn]] void rethrow(const std::exception_ptr& failure, const std::string& name) {
  try {
    std::rethrow_exception(failure);
  } catch (const Error&) {
    throw;
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& error) {
    throw DataError("{}() failed ({})", name, error.what());
  } catch (...) {
    throw DataError("{}() failed (it threw what is no std::exception)", name);
  }
}

}  // namespace

void run_custom(const std::string& name, std::int64_t n, std::int64_t size,
                const std::function<void(std::int64_t, std::int64_t)>& body) {
  if (n == 0) return;
  const std::int64_t parts = (n + size - 1) / size;
  std::vector<std::exception_ptr> failures(static_cast<std::size_t>(parts));
  // Exceptions may not leave a kernel.
  const auto run = [&](std::int64_t part) {
    try {
      body(part * size, std::min(n, (part + 1) * size));
    } catch (...) {
      failures[static_cast<std::size_t>(part)] = std::current_exception();
    }
  };
  if (parts > 1 && launches_kernels()) {
    host_parallel_for("xylem::custom", parts, run);
  } else {
    for (std::int64_t part = 0; part < parts; ++part) run(part);
  }
  for (const std::exception_ptr& failure : failures) {
    if (failure) rethrow(failure, name);
  }
}

}  // namespace xylem::detail
