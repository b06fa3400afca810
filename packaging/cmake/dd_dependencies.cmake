# Third-party libraries, from the distribution's packages. All are linked statically and hidden,
# except libcurl, which is opened at run time by the thread that sends.

find_package(absl REQUIRED)
find_package(ZLIB REQUIRED)
find_package(CURL REQUIRED)  # headers only
find_package(Protobuf REQUIRED)
if(DD_TESTS)
  find_package(GTest REQUIRED)
  find_package(benchmark REQUIRED)
endif()

# RE2 matches patterns that come from settings in time linear in the text. Debian's libre2.a is
# compiled for programs; for a preloaded host (host/preload) its code comes from the source package and
# only the generated tables, which that lacks, from libre2.a.
find_path(DD_RE2_INCLUDE re2/re2.h REQUIRED)
find_library(DD_RE2_LIBRARY NAMES libre2.a re2 REQUIRED)
if(DD_WANTS_PRELOADED)
  execute_process(COMMAND "${PROJECT_SOURCE_DIR}/packaging/re2-source" OUTPUT_VARIABLE DD_RE2_SOURCE
                  OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_VARIABLE DD_RE2_PROBLEM)
endif()
add_library(dd_re2 INTERFACE)
target_include_directories(dd_re2 SYSTEM INTERFACE "${DD_RE2_INCLUDE}")
if(DD_RE2_SOURCE)
  file(GLOB sources "${DD_RE2_SOURCE}/re2/*.cc")
  list(FILTER sources EXCLUDE REGEX "/(filtered_re2|prefilter|prefilter_tree|set)[.]cc$")
  add_library(dd_re2_shareable STATIC ${sources} "${DD_RE2_SOURCE}/util/rune.cc"
              "${DD_RE2_SOURCE}/util/strutil.cc")
  target_include_directories(dd_re2_shareable SYSTEM PRIVATE "${DD_RE2_SOURCE}")
  target_compile_options(dd_re2_shareable PRIVATE -w -O2 -DNDEBUG -fPIC -ftls-model=initial-exec)
  target_link_libraries(dd_re2 INTERFACE dd_re2_shareable)
elseif(DD_WANTS_PRELOADED)
  message(STATUS "No ddpython is preloaded: ${DD_RE2_PROBLEM}")
endif()
target_link_libraries(dd_re2 INTERFACE "${DD_RE2_LIBRARY}" Threads::Threads)
