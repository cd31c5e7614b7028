#pragma once

#include <Kokkos_Core.hpp>
#include <cstddef>
#include <type_traits>

#include "xylem/model/local_array.hpp"
#include "xylem/support/error.hpp"

namespace xylem {

/// The elements that this rank holds of a resolved container as a Kokkos view, `local_view<const float**>(container.data())`: of
/// as many dims as the array has, row-major, in the memory of the array, which must outlive the view. Element (0, 0) of the view
/// is element `place().start` of the whole. float16 is seen as std::uint16_t, booleans as std::uint8_t. Throws UsageError where
/// type or number of dims are others.
template <class DataType>
[[nodiscard]] auto local_view(const LocalArray& array) {
  using View = Kokkos::View<DataType, Kokkos::LayoutRight, Kokkos::HostSpace, Kokkos::MemoryTraits<Kokkos::Unmanaged>>;
  using Value = typename View::value_type;
  static_assert(std::is_const_v<Value>, "the elements are read, not written: local_view<const double*>");
  constexpr auto dims = static_cast<std::size_t>(View::rank);
  if (array.shape().size() != dims) {
    throw UsageError("an array of {} dims is asked for as a view of {}", array.shape().size(), dims);
  }
  using Plain = std::remove_const_t<Value>;
  const ElementType type = array.dtype();
  const bool floats = type == ElementType::float32 || type == ElementType::float64;
  if (std::is_floating_point_v<Plain> != floats || (std::is_signed_v<Plain> && !floats) != is_signed_integer(type)) {
    throw UsageError("elements of type {} are asked for as ones of another", type_name(type));
  }
  Kokkos::LayoutRight layout;
  for (std::size_t d = 0; d < dims; ++d) layout.dimension[d] = static_cast<std::size_t>(array.place().count[d]);
  return View(array.elements<Plain>().data(), layout);
}

}  // namespace xylem
