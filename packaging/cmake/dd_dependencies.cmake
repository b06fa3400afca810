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
