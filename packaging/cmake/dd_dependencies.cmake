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

# RE2 matches patterns that come from settings in time linear in the text.
find_path(DD_RE2_INCLUDE re2/re2.h REQUIRED)
find_library(DD_RE2_LIBRARY NAMES libre2.a re2 REQUIRED)
add_library(dd_re2 INTERFACE)
target_include_directories(dd_re2 SYSTEM INTERFACE "${DD_RE2_INCLUDE}")
target_link_libraries(dd_re2 INTERFACE "${DD_RE2_LIBRARY}" Threads::Threads)
