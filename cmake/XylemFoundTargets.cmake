# What the packages found lack. Used by xylem's own build and by its installed package (xylemConfig.cmake).

# MPI's C++ classes are long gone from the standard; keep their leftovers out of mpi.h.
set_property(TARGET MPI::MPI_C APPEND PROPERTY INTERFACE_COMPILE_DEFINITIONS OMPI_SKIP_MPICXX MPICH_SKIP_MPICXX)

# Debian 12's package (3.4.01, from Trilinos) gives Kokkos::kokkos an include folder that does not exist.
get_target_property(_kokkos_includes Kokkos::kokkos INTERFACE_INCLUDE_DIRECTORIES)
if(_kokkos_includes AND NOT _kokkos_includes MATCHES "\\$<" AND NOT EXISTS "${_kokkos_includes}")
  get_filename_component(_kokkos_includes "${Kokkos_INCLUDE_DIRS}" REALPATH)
  set_target_properties(Kokkos::kokkos PROPERTIES
    INTERFACE_INCLUDE_DIRECTORIES "${_kokkos_includes}"
    INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "${_kokkos_includes}")
endif()

# The target's name before yaml-cpp 0.8.
if(NOT TARGET yaml-cpp::yaml-cpp)
  add_library(yaml-cpp::yaml-cpp ALIAS yaml-cpp)
endif()

# FindHDF5 gives variables (its targets differ between CMake releases). Imported, so that an installed xylem names this target and
# not this machine's HDF5.
if(NOT TARGET xylem_hdf5)
  add_library(xylem_hdf5 INTERFACE IMPORTED)
  set_target_properties(xylem_hdf5 PROPERTIES
    INTERFACE_INCLUDE_DIRECTORIES "${HDF5_INCLUDE_DIRS}"
    INTERFACE_LINK_LIBRARIES "${HDF5_C_LIBRARIES};MPI::MPI_C")
endif()
