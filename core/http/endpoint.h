// The shape of a URL's path, for requests whose route nobody told: "/users/12/a1b2c3d4" is
// "/users/{param:int}/{param:hex}". At most eight segments. Pure text; total.

#pragma once

#include <string>
#include <string_view>

namespace dd::http {

std::string endpoint(std::string_view url);

}  // namespace dd::http
