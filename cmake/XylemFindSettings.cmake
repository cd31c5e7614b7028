# How packages are found. Used by xylem's own build and by its installed package (xylemConfig.cmake), before find_package.

set(HDF5_PREFER_PARALLEL TRUE)

# From HDF5 2 on, Debian's h5pcc links hdf5_openmpi or hdf5_mpich. FindHDF5 finds that, and then ends with an error all the same: it has
# no location for its target hdf5::hdf5, which it looks for under the name hdf5.
if(NOT DEFINED HDF5_hdf5_LIBRARY)
  find_library(_xylem_hdf5 NAMES hdf5_openmpi hdf5_mpich NO_CACHE)
  if(_xylem_hdf5)
    set(HDF5_hdf5_LIBRARY "${_xylem_hdf5}")
  endif()
  unset(_xylem_hdf5)
endif()
