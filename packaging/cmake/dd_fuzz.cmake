# dd_fuzz(NAME json DEPS core_json)
#
# A fuzz target: tests/fuzz/<NAME>_fuzz.cc over tests/fuzz/corpus/<NAME>. In the `fuzz` preset it is a
# libFuzzer program, fuzz_<NAME>: run it over a copy of the corpus for as long as you like. Elsewhere
# tests/fuzz/smoke.cc drives it. In ctest both do a short, repeatable run.

function(dd_fuzz)
  cmake_parse_arguments(F "" "NAME" "DEPS;LINK" ${ARGN})
  set(target "fuzz_${F_NAME}")
  set(corpus "${CMAKE_CURRENT_SOURCE_DIR}/corpus/${F_NAME}")
  add_executable(${target} ${F_NAME}_fuzz.cc)
  dd_common(${target})
  set_target_properties(${target} PROPERTIES UNITY_BUILD OFF)
  target_link_libraries(${target} PRIVATE ${F_DEPS} ${F_LINK})
  if(DD_SANITIZE MATCHES "fuzzer")
    target_link_options(${target} PRIVATE -fsanitize=fuzzer)
    set(found "${CMAKE_CURRENT_BINARY_DIR}/found_${F_NAME}")  # where new inputs are written
    file(MAKE_DIRECTORY "${found}")
    add_test(NAME ${target} COMMAND ${target} -runs=20000 -seed=1 -timeout=20 -max_len=4096
             "${found}" "${corpus}")
  else()
    target_sources(${target} PRIVATE smoke.cc)
    add_test(NAME ${target} COMMAND ${target} "${corpus}" 20000)
  endif()
  set_tests_properties(${target} PROPERTIES LABELS "unit;fuzz" TIMEOUT 300)
  add_dependencies(dd_unit_tests ${target})
endfunction()
