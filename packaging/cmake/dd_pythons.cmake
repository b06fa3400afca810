# Which interpreters to build for. Sets DD_PYTHON_TAGS (3.11 3.12 ...) and, for each tag T,
# an interface library dd_python.T that carries headers, DD_PYTHON_<T>_EXECUTABLE and
# DD_PYTHON_<T>_LINK (what an executable that embeds it links).
#
# DD_PYTHON_<T>_HOST says how ddpython<T> comes by its interpreter: `linked` with its static library, or
# `preloaded` into its own program (host/preload), where there is no such library or, as Debian's, it
# is another build than the program and slower: DD_PYTHON_<T>_BEST.
#
# One interpreter per minor version. `auto` takes 3.11 to 3.13, Debian's python3.11 first, then every
# pythonX.Y found on PATH and under a version manager that has headers and a library.

set(DD_PYTHON_MINORS 3.11 3.12 3.13)

function(dd_python_candidates OUT)
  set(found)
  foreach(minor IN LISTS DD_PYTHON_MINORS)
    if(EXISTS "/usr/bin/python${minor}")
      list(APPEND found "/usr/bin/python${minor}")
    endif()
    file(GLOB managed "$ENV{HOME}/.pyenv/versions/${minor}.*/bin/python${minor}"
         "$ENV{HOME}/.local/share/uv/python/cpython-${minor}.*/bin/python${minor}"
         "/usr/local/bin/python${minor}" "/opt/python/*/bin/python${minor}")
    list(APPEND found ${managed})
  endforeach()
  set(${OUT} "${found}" PARENT_SCOPE)
endfunction()

function(dd_query_python EXE OUT)
  execute_process(
    COMMAND "${EXE}" -I -S -c "
import os, sys, sysconfig as s
v = s.get_config_var
archive = os.path.join(v('LIBPL') or '', v('LIBRARY') or '-')
shared = os.path.join(v('LIBDIR') or '', v('LDLIBRARY') or '-')
link = archive if archive.endswith('.a') and os.path.exists(archive) else shared
usable = sys.implementation.name == 'cpython' and os.path.exists(link) \
    and os.path.exists(os.path.join(v('INCLUDEPY'), 'Python.h'))
inside = 'libpython' not in open('/proc/self/maps').read()
best = 'linked' if link == archive and (not inside or v('LDLIBRARY') == v('LIBRARY')) else 'preloaded'
libs = ' '.join(str(v(n) or '') for n in ('LIBS', 'SYSLIBS', 'MODLIBS'))
print(';'.join(['%d.%d' % sys.version_info[:2], v('INCLUDEPY'), link if usable else '-', best,
                ' '.join(p for p in libs.split() if p.startswith('-l'))]))
"
    OUTPUT_VARIABLE answer OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE status ERROR_QUIET)
  if(NOT status EQUAL 0)
    set(answer "-;-;-;-;")
  endif()
  set(${OUT} "${answer}" PARENT_SCOPE)
endfunction()

if(DD_PYTHONS STREQUAL "auto")
  dd_python_candidates(candidates)
else()
  set(candidates ${DD_PYTHONS})
endif()

set(DD_PYTHON_TAGS)
foreach(exe IN LISTS candidates)
  dd_query_python("${exe}" answer)
  list(LENGTH answer fields)
  if(fields LESS 4)
    continue()
  endif()
  list(GET answer 0 tag)
  list(GET answer 1 include)
  list(GET answer 2 library)
  set(libs)
  if(fields GREATER 4)
    list(GET answer 4 libs)
  endif()
  if(library STREQUAL "-" OR tag IN_LIST DD_PYTHON_TAGS)
    if(NOT DD_PYTHONS STREQUAL "auto")
      message(FATAL_ERROR "${exe}: not a CPython with headers and a library, or its minor version is named twice")
    endif()
    continue()
  endif()
  list(APPEND DD_PYTHON_TAGS "${tag}")
  set(DD_PYTHON_${tag}_EXECUTABLE "${exe}")
  list(GET answer 3 DD_PYTHON_${tag}_BEST)
  add_library(dd_python.${tag} INTERFACE)
  target_include_directories(dd_python.${tag} SYSTEM INTERFACE "${include}")
  add_library(dd_python_embed.${tag} INTERFACE)
  separate_arguments(libs UNIX_COMMAND "${libs}")
  list(REMOVE_DUPLICATES libs)
  set(DD_PYTHON_${tag}_HOST "${DD_HOST}")
  if(DD_HOST STREQUAL "best" OR NOT library MATCHES "\\.a$")
    set(DD_PYTHON_${tag}_HOST "${DD_PYTHON_${tag}_BEST}")
  endif()
  # The other kind too, for the tests.
  set(DD_PYTHON_${tag}_ALSO_PRELOADED OFF)
  if(DD_TESTS AND NOT DD_SANITIZE AND DD_PYTHON_${tag}_HOST STREQUAL "linked"
     AND DD_PYTHON_${tag}_BEST STREQUAL "preloaded")
    set(DD_PYTHON_${tag}_ALSO_PRELOADED ON)
  endif()
  if(DD_PYTHON_${tag}_ALSO_PRELOADED OR DD_PYTHON_${tag}_HOST STREQUAL "preloaded")
    set(DD_WANTS_PRELOADED ON)
  endif()
  if(library MATCHES "\\.a$")
    target_link_libraries(dd_python_embed.${tag} INTERFACE
      -Wl,--whole-archive "${library}" -Wl,--no-whole-archive ${libs} dl util m Threads::Threads)
  else()
    get_filename_component(directory "${library}" DIRECTORY)
    target_link_libraries(dd_python_embed.${tag} INTERFACE "${library}" dl util m Threads::Threads)
    target_link_options(dd_python_embed.${tag} INTERFACE "-Wl,-rpath,${directory}")
  endif()
  message(STATUS "Python ${tag}: ${exe} (${library}, ${DD_PYTHON_${tag}_HOST})")
endforeach()
set(executables)
foreach(tag IN LISTS DD_PYTHON_TAGS)
  list(APPEND executables "${DD_PYTHON_${tag}_EXECUTABLE}")
endforeach()
set(DD_PYTHON_EXECUTABLES "${executables}" CACHE INTERNAL "the interpreters this tree is built for")
if(NOT DD_PYTHON_TAGS)
  message(FATAL_ERROR "No usable CPython found; name one with -DDD_PYTHONS=/path/to/python3.x")
endif()
