# dd_fuzz(NAME json DEPS core_json)
#
# A fuzz target: tests/fuzz/<NAME>_fuzz.cc over tests/fuzz/corpus/<NAME>. In the `fuzz` preset it is a
# libFuzzer program, fuzz_<NAME>: run it over a copy of the corpus for as long as you like. Elsewhere
# tests/fuzz/smoke.cc drives it. In ctest both do a short, repeatable run. PYTHON targets embed the
# first interpreter (tests/fuzz/python.h); RUNS is how many changed inputs the short run tries.

function(dd_fuzz)
  cmake_parse_arguments(F "PYTHON" "NAME;RUNS" "DEPS;LINK" ${ARGN})
  if(NOT F_RUNS)
    set(F_RUNS 20000)
  endif()
  set(target "fuzz_${F_NAME}")
  set(corpus "${CMAKE_CURRENT_SOURCE_DIR}/corpus/${F_NAME}")
  add_executable(${target} ${F_NAME}_fuzz.cc)
  dd_common(${target})
  set_target_properties(${target} PROPERTIES UNITY_BUILD OFF)
  set(tag)
  if(F_PYTHON)
    list(GET DD_PYTHON_TAGS 0 tag)
    target_sources(${target} PRIVATE python.cc)
    target_compile_definitions(${target} PRIVATE
      "DD_PYTHON_EXECUTABLE=\"${DD_PYTHON_${tag}_EXECUTABLE}\"")
    target_link_options(${target} PRIVATE
      "-Wl,--dynamic-list=${PROJECT_SOURCE_DIR}/packaging/cmake/python.symbols")
    list(APPEND F_LINK "dd_python_embed.${tag}")
  endif()
  dd_resolve(deps "${tag}" ${F_DEPS})
  target_link_libraries(${target} PRIVATE ${deps} ${F_LINK})
  if(DD_SANITIZE MATCHES "fuzzer")
    target_link_options(${target} PRIVATE -fsanitize=fuzzer)
    set(found "${CMAKE_CURRENT_BINARY_DIR}/found_${F_NAME}")  # where new inputs are written
    file(MAKE_DIRECTORY "${found}")
    add_test(NAME ${target} COMMAND ${target} -runs=${F_RUNS} -seed=1 -timeout=20 -max_len=4096
             "${found}" "${corpus}")
  else()
    target_sources(${target} PRIVATE smoke.cc)
    add_test(NAME ${target} COMMAND ${target} "${corpus}" ${F_RUNS})
  endif()
  set_tests_properties(${target} PROPERTIES LABELS "unit;fuzz" TIMEOUT 300
    ENVIRONMENT "PYTHONMALLOC=malloc;ASAN_OPTIONS=detect_leaks=0")
  add_dependencies(dd_unit_tests ${target})
endfunction()
