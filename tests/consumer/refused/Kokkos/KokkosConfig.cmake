# Another Kokkos than any that xylem was built with.
add_library(Kokkos::kokkos INTERFACE IMPORTED)
