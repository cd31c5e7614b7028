#pragma once

namespace xylem {

/// The instruction set that kernels run with on this processor: "x86-64", "x86-64-v3" (AVX2) or "x86-64-v4" (AVX-512), chosen
/// when the program starts; or the one that they were compiled for, where there is no choice. The bits do not depend on it.
[[nodiscard]] const char* instruction_set() noexcept;

}  // namespace xylem
