# The umbrella target xylem::xylem, and an installation that find_package(xylem CONFIG) finds wherever it is moved to.
include(CMakePackageConfigHelpers)

get_property(layers GLOBAL PROPERTY XYLEM_LAYERS)
list(TRANSFORM layers PREPEND xylem_)
add_library(xylem_all INTERFACE)
add_library(xylem::xylem ALIAS xylem_all)
set_target_properties(xylem_all PROPERTIES EXPORT_NAME xylem)
target_sources(xylem_all INTERFACE FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}/include
  FILES ${PROJECT_SOURCE_DIR}/include/xylem/xylem.hpp)
target_link_libraries(xylem_all INTERFACE ${layers})

# A project that uses it may have a newer compiler of the same kind, not one of an older major release.
string(REGEX MATCH "^[0-9]+" XYLEM_OLDEST_COMPILER "${CMAKE_CXX_COMPILER_VERSION}")

set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/xylem)
install(TARGETS ${layers} xylem_all EXPORT xylemTargets FILE_SET HEADERS)
install(EXPORT xylemTargets NAMESPACE xylem:: DESTINATION ${package_folder})
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/xylemConfig.cmake.in ${PROJECT_BINARY_DIR}/xylemConfig.cmake
  INSTALL_DESTINATION ${package_folder})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/xylemConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES
  ${PROJECT_BINARY_DIR}/xylemConfig.cmake ${PROJECT_BINARY_DIR}/xylemConfigVersion.cmake
  ${PROJECT_SOURCE_DIR}/cmake/XylemFindSettings.cmake ${PROJECT_SOURCE_DIR}/cmake/XylemFoundTargets.cmake
  ${PROJECT_SOURCE_DIR}/cmake/Findlibdeflate.cmake ${PROJECT_SOURCE_DIR}/cmake/Findzstd.cmake
  ${PROJECT_SOURCE_DIR}/cmake/Findlz4.cmake ${PROJECT_SOURCE_DIR}/cmake/Findblosc.cmake
  DESTINATION ${package_folder})
