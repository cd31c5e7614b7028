# cmake -D GIT=... -D SOURCE=... -D TEMPLATE=... -D OUTPUT=... -P XylemVersion.cmake: writes what the program says of itself, with
# the commit of SOURCE. OUTPUT stays as it is where nothing in it changes. A folder inside another project's checkout has no commit.
set(XYLEM_COMMIT "unknown")
if(GIT)
  execute_process(COMMAND ${GIT} rev-parse --show-cdup WORKING_DIRECTORY ${SOURCE}
    OUTPUT_VARIABLE up OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
  if(failed EQUAL 0 AND up STREQUAL "")
    execute_process(COMMAND ${GIT} describe --always --dirty WORKING_DIRECTORY ${SOURCE}
      OUTPUT_VARIABLE described OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
    if(failed EQUAL 0)
      set(XYLEM_COMMIT ${described})
    endif()
  endif()
endif()
configure_file(${TEMPLATE} ${OUTPUT} @ONLY)
