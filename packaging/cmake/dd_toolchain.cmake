# Compiler and linker settings that hold for every target.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
# Programs have fixed addresses, since the static libpython of most builds is not position
# independent; what they are made of may also go into a library (host/preload).
set(CMAKE_POSITION_INDEPENDENT_CODE OFF)

find_program(DD_CCACHE ccache)
if(DD_CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER "${DD_CCACHE}")
  set(CMAKE_CXX_COMPILER_LAUNCHER "${DD_CCACHE}")
endif()

find_package(Threads REQUIRED)

add_library(dd_flags INTERFACE)
target_compile_options(dd_flags INTERFACE
  -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Wno-missing-field-initializers
  -fPIC -ftls-model=initial-exec -ffunction-sections -fdata-sections -fno-semantic-interposition
  "$<$<CONFIG:RelWithDebInfo>:-g1>")
if(DD_WERROR)
  target_compile_options(dd_flags INTERFACE -Werror)
endif()
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  target_compile_options(dd_flags INTERFACE -Wthread-safety -Wno-unused-command-line-argument)
elseif(CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # Finds overlaps in std::string's operator+ that are none (GCC bug 105651).
  target_compile_options(dd_flags INTERFACE -Wno-restrict)
endif()
if(DD_CHECKS)
  target_compile_definitions(dd_flags INTERFACE DD_CHECKS=1)
endif()
if(DD_SANITIZE)
  target_compile_options(dd_flags INTERFACE "-fsanitize=${DD_SANITIZE}" -fno-omit-frame-pointer
                         -fno-sanitize-recover=all)
  target_link_options(dd_flags INTERFACE "-fsanitize=${DD_SANITIZE}")
  # gcc's tsan knows no fences: those of core/remote_config/family are between processes, which it does not see.
  if(DD_SANITIZE MATCHES "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(dd_flags INTERFACE -Wno-tsan)
  endif()
endif()
target_link_options(dd_flags INTERFACE -Wl,--gc-sections
  $<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:-no-pie>)
target_include_directories(dd_flags INTERFACE "${PROJECT_SOURCE_DIR}" "${PROJECT_BINARY_DIR}")
