#include "xylem/kernels/instruction_set.hpp"

#include "xylem/support/multiversion.hpp"

namespace xylem {
namespace detail {

// Chosen as the kernels are.
#if defined(XYLEM_HAS_VERSIONS)
__attribute__((target("default"))) const char* chosen_version() { return "x86-64"; }
__attribute__((target("arch=x86-64-v3"))) const char* chosen_version() { return "x86-64-v3"; }
__attribute__((target("arch=x86-64-v4"))) const char* chosen_version() { return "x86-64-v4"; }
#elif defined(__AVX512F__)
const char* chosen_version() { return "x86-64-v4"; }
#elif defined(__AVX2__)
const char* chosen_version() { return "x86-64-v3"; }
#elif defined(__x86_64__)
const char* chosen_version() { return "x86-64"; }
#else
const char* chosen_version() { return "the compiler's"; }
#endif

}  // namespace detail

const char* instruction_set() noexcept { return detail::chosen_version(); }

}  // namespace xylem
