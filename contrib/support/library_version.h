// The version of an installed package, read from the names of the metadata folders on sys.path:
// "flask-3.1.3.dist-info", "Flask-1.1.4-py3.11.egg-info". Imports nothing and runs no code of the
// package. Reads directories: for start-up, not for calls. GIL held.

#pragma once

#include <string>
#include <string_view>

namespace dd::contrib {

std::string library_version(std::string_view package);  // empty when unknown

}  // namespace dd::contrib
