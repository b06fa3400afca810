# dd_pytest(NAME host [DIR folder] [PRELOADED] [LABELS ...])
#
# One run of pytest for each interpreter: the tests in DIR (the current folder) find the program in
# DD_LAUNCHER and the python it stands in for in DD_PLAIN_PYTHON. pytest itself runs under the
# python3 that CMake found to have it. PRELOADED: once more with the other kind of host, where there is
# one (host/preload).

find_program(DD_PYTEST NAMES pytest pytest-3)

function(dd_pytest)
  cmake_parse_arguments(T "PRELOADED" "NAME;DIR" "LABELS" ${ARGN})
  if(NOT T_DIR)
    set(T_DIR "${CMAKE_CURRENT_SOURCE_DIR}")
  endif()
  if(NOT DD_PYTEST)
    message(WARNING "no pytest: the tests of ${T_NAME} are left out")
    return()
  endif()
  foreach(tag IN LISTS DD_PYTHON_TAGS)
    set(programs ddpython${tag})
    if(T_PRELOADED AND TARGET ddpython${tag}.preloaded)
      list(APPEND programs ddpython${tag}.preloaded)
    endif()
    foreach(program IN LISTS programs)
      string(REPLACE "ddpython" "${T_NAME}_pytest." test "${program}")
      add_test(NAME "${test}" COMMAND "${DD_PYTEST}" -q -p no:cacheprovider "${T_DIR}")
      set_tests_properties("${test}" PROPERTIES
        LABELS "program;${T_LABELS}" TIMEOUT 600
        ENVIRONMENT "DD_LAUNCHER=$<TARGET_FILE:${program}>;DD_PLAIN_PYTHON=${DD_PYTHON_${tag}_EXECUTABLE};PYTHONDONTWRITEBYTECODE=1")
    endforeach()
  endforeach()
endfunction()
