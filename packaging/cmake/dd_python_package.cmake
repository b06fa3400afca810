# dd_python_package(NAME ddtrace [DIR ddtrace])
#
# Compiles the Python package in DIR (a folder below the current one) with each interpreter and makes
# it a PYTHON library, python_package_<NAME>, that defines
#
#     namespace dd::py::packages { extern const FrozenPackage <NAME>; }
#
# for py::frozen::serve(). Files other than .py are kept as resources. New files are picked up by
# the next configure.

function(dd_python_package)
  cmake_parse_arguments(P "" "NAME;DIR" "" ${ARGN})
  if(NOT P_DIR)
    set(P_DIR "${P_NAME}")
  endif()
  get_filename_component(directory "${P_DIR}" ABSOLUTE BASE_DIR "${CMAKE_CURRENT_SOURCE_DIR}")
  file(GLOB_RECURSE files CONFIGURE_DEPENDS "${directory}/*.py" "${directory}/*.pyi"
       "${directory}/py.typed")
  file(RELATIVE_PATH folder "${PROJECT_SOURCE_DIR}" "${CMAKE_CURRENT_SOURCE_DIR}")
  set(library "python_package_${P_NAME}")
  set_property(GLOBAL APPEND PROPERTY DD_LAYERS "${folder}|${library}|core_py_imports,core_py")
  set_property(GLOBAL APPEND PROPERTY DD_PYTHON_LIBRARIES "${library}")
  set(freeze "${PROJECT_SOURCE_DIR}/packaging/cmake/freeze.py")
  foreach(tag IN LISTS DD_PYTHON_TAGS)
    set(out "${CMAKE_CURRENT_BINARY_DIR}/${library}.${tag}")
    add_custom_command(
      OUTPUT "${out}.cc" "${out}.blob"
      COMMAND "${DD_PYTHON_${tag}_EXECUTABLE}" -I -S "${freeze}" "${P_NAME}" "${directory}" "${out}"
      DEPENDS "${freeze}" ${files}
      COMMENT "Compiling package ${P_NAME} with Python ${tag}"
      VERBATIM)
    add_library(${library}.${tag} STATIC "${out}.cc")
    dd_common(${library}.${tag})
    set_source_files_properties("${out}.cc" PROPERTIES OBJECT_DEPENDS "${out}.blob")
    target_link_libraries(${library}.${tag} PUBLIC core_py_imports.${tag})
  endforeach()
endfunction()
