# Every library that xylem needs. All are required; docs/dependencies.md says why each is here.

include(${CMAKE_CURRENT_LIST_DIR}/XylemFindSettings.cmake)
find_package(MPI REQUIRED COMPONENTS C)

find_package(HDF5 1.10.8 REQUIRED COMPONENTS C)
if(NOT HDF5_IS_PARALLEL)
  message(FATAL_ERROR
    "xylem needs a parallel HDF5, and the one found is serial: ${HDF5_INCLUDE_DIRS} (${HDF5_C_LIBRARIES}). "
    "Install a parallel build (Debian and Ubuntu: libhdf5-openmpi-dev; Spack: hdf5+mpi), or point HDF5_ROOT at one.")
endif()

# Found without a version: Kokkos' own version file accepts one major release only (see docs/dependencies.md).
find_package(Kokkos REQUIRED CONFIG)
if(Kokkos_VERSION VERSION_LESS 3.4 OR NOT Kokkos_VERSION VERSION_LESS 6)
  message(FATAL_ERROR "xylem supports Kokkos 3.4 to 5.x, and the one found in ${Kokkos_DIR} is ${Kokkos_VERSION}.")
endif()

find_package(Boost 1.74 REQUIRED CONFIG COMPONENTS program_options)  # and Boost.Multiprecision, which is headers only
find_package(fmt 9.1 REQUIRED)
find_package(yaml-cpp 0.7 REQUIRED)
find_package(cereal 1.3.2 REQUIRED)
find_package(libdeflate 1.14 REQUIRED)
find_package(zstd REQUIRED)
find_package(lz4 REQUIRED)
find_package(blosc REQUIRED)
if(XYLEM_BUILD_TESTS)
  find_package(GTest REQUIRED)

  # The tests' oracles. Several pythons may lie on PATH, and the distribution's packages serve its own.
  function(xylem_has_python_modules result python)
    execute_process(COMMAND ${python} -c "import numpy, h5py, xarray, netCDF4, h5netcdf" RESULT_VARIABLE failed OUTPUT_QUIET ERROR_QUIET)
    if(failed)
      set(${result} FALSE PARENT_SCOPE)
    endif()
  endfunction()
  find_program(XYLEM_PYTHON python3 HINTS /usr/bin VALIDATOR xylem_has_python_modules
    DOC "The python3 of the tests, with numpy, h5py, xarray, netCDF4 and h5netcdf")
  if(NOT XYLEM_PYTHON)
    message(FATAL_ERROR
      "The tests need a python3 with numpy, h5py, xarray, netCDF4 and h5netcdf, and none was found. "
      "Install them (Debian and Ubuntu: python3-numpy python3-h5py python3-xarray python3-netcdf4 python3-h5netcdf), point XYLEM_PYTHON at one that has them, "
      "or leave the tests out (-DXYLEM_BUILD_TESTS=OFF).")
  endif()
  foreach(reader ncdump ncks cdo)  # of results
    find_program(XYLEM_${reader} ${reader})
    if(NOT XYLEM_${reader})
      message(FATAL_ERROR "The tests need ${reader}, and it was not found. Install it (Debian and Ubuntu: netcdf-bin nco cdo), "
        "set XYLEM_${reader}, or leave the tests out (-DXYLEM_BUILD_TESTS=OFF).")
    endif()
  endforeach()
endif()

include(${CMAKE_CURRENT_LIST_DIR}/XylemFoundTargets.cmake)
