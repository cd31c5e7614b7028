#pragma once

#include <memory>
#include <vector>

#include "xylem/array/array.hpp"
#include "xylem/model/custom.hpp"

namespace xylem {

/// Applies a function of a program's own (custom_function(), kernels/custom.hpp) to as many inputs as it takes, as elementwise():
/// dims and coords match by name, and inputs become the types that the function takes. The result has no attributes. Takes part
/// in plans as any operation does: fused with others, computed in the same pass, known again where the same object is applied to
/// the same inputs. Throws UsageError for a wrong number of inputs, for a type that does not convert safely, and for numbers
/// alone.
[[nodiscard]] Array apply(const std::shared_ptr<const CustomFunction>& function, const std::vector<Array>& inputs);

/// Reduces arrays over `dims` (none given: all) by a reduction of a program's own (custom_reduction(), kernels/custom.hpp).
/// Inputs are repeated along dims that they lack, and become the types that the reduction takes; the result has no attributes. Of
/// the options skipna (by default elements of which any input is missing are left out; without it the reduction sees NaN) and
/// keepdims. The result of no elements is what the reduction makes of its identity. Throws UsageError as apply().
[[nodiscard]] Array reduce(const std::shared_ptr<const CustomReduction>& reduction, const std::vector<Array>& inputs,
                           const DimNames& dims = {}, const ReduceOptions& options = {});

}  // namespace xylem
