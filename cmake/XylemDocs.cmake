# The target `docs`: the C++ API as HTML, in docs/html of the build. Doxygen is needed for nothing else.
find_program(XYLEM_DOXYGEN doxygen DOC "doxygen, for the target docs and its test")
set(xylem_run_doxygen ${CMAKE_COMMAND} -E env XYLEM_VERSION=${PROJECT_VERSION} XYLEM_DOCS=${PROJECT_BINARY_DIR}/docs
  ${XYLEM_DOXYGEN} docs/Doxyfile)
if(XYLEM_DOXYGEN)
  file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/docs)
  add_custom_target(docs COMMAND ${xylem_run_doxygen} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR} VERBATIM)
else()
  add_custom_target(docs VERBATIM
    COMMAND ${CMAKE_COMMAND} -E echo "The API's pages need doxygen, and it was not found: install it, or set XYLEM_DOXYGEN."
    COMMAND ${CMAKE_COMMAND} -E false)
endif()
