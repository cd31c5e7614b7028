# xylem_add_test(FILE [LAYERS layer...] [LINK target...] [RANKS n...] [TIMEOUT seconds] [BUILD_ONLY])
#
# Builds the test program FILE (named after its folder and stem) with GoogleTest. Without RANKS it runs once, without mpirun.
# With RANKS it runs under mpirun once a rank count, as NAME.np1, NAME.np2, ...; a hang is a failure (TIMEOUT, 60 s by default).
# BUILD_ONLY makes a plain program that another test runs.
set(XYLEM_TEST_ENVIRONMENT
  OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1
  PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe  # OpenMPI 5 and later
  OMPI_MCA_btl_vader_single_copy_mechanism=none
  OMP_NUM_THREADS=1 OMP_PROC_BIND=false
  ASAN_OPTIONS=detect_leaks=0)  # MPI libraries leak by themselves: only programs that do not start MPI are held to it

function(xylem_add_test file)
  cmake_parse_arguments(arg "BUILD_ONLY" "TIMEOUT" "LAYERS;LINK;RANKS" ${ARGN})
  get_filename_component(folder ${CMAKE_CURRENT_SOURCE_DIR} NAME)
  get_filename_component(stem ${file} NAME_WE)
  set(name ${folder}.${stem})
  set(target test_${folder}_${stem})
  add_executable(${target} ${file})
  xylem_compile_options(${target})
  list(TRANSFORM arg_LAYERS PREPEND xylem::)
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  target_link_libraries(${target} PRIVATE ${arg_LAYERS} ${arg_LINK} GTest::gtest)
  if(arg_BUILD_ONLY)
    return()
  endif()
  if(arg_RANKS)
    target_link_libraries(${target} PRIVATE xylem_test_mpi_main)
    foreach(ranks IN LISTS arg_RANKS)
      xylem_add_command_test(${name}.np${ranks} RANKS ${ranks} TIMEOUT "${arg_TIMEOUT}" COMMAND $<TARGET_FILE:${target}>)
    endforeach()
  else()
    target_link_libraries(${target} PRIVATE GTest::gtest_main)
    xylem_add_command_test(${name} TIMEOUT "${arg_TIMEOUT}" COMMAND $<TARGET_FILE:${target}>
      ENVIRONMENT ASAN_OPTIONS=detect_leaks=1)
  endif()
endfunction()

# xylem_add_command_test(NAME COMMAND command... [RANKS n] [TIMEOUT seconds] [ENVIRONMENT VAR=value...])
#
# Exit code 0 is success, and 77 says that the test cannot run here.
function(xylem_add_command_test name)
  cmake_parse_arguments(arg "" "RANKS;TIMEOUT" "COMMAND;ENVIRONMENT" ${ARGN})
  if(arg_RANKS)
    list(PREPEND arg_COMMAND ${MPIEXEC_EXECUTABLE} ${MPIEXEC_NUMPROC_FLAG} ${arg_RANKS})
  endif()
  add_test(NAME ${name} COMMAND ${arg_COMMAND})
  if(NOT arg_RANKS)
    set(arg_RANKS 1)
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 60)
  endif()
  set_tests_properties(${name} PROPERTIES TIMEOUT ${arg_TIMEOUT} PROCESSORS ${arg_RANKS} SKIP_RETURN_CODE 77
    ENVIRONMENT "${XYLEM_TEST_ENVIRONMENT};${arg_ENVIRONMENT}")
endfunction()
