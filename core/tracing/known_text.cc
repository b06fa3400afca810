#include "core/tracing/known_text.h"

#include "core/py/ref.h"
#include "core/trace/names.h"

namespace dd::tracing {
namespace {

bool is_special(std::string_view name) {
  for (const std::string_view one :
       {std::string_view("manual.keep"), std::string_view("manual.drop"),
        std::string_view("_dd.measured"), std::string_view("service.name"),
        std::string_view("service.version"), std::string_view("network.destination.port"),
        std::string_view("http.status_code")})
    if (name == one) return true;
  return false;
}

}  // namespace

constinit KnownText detail::known[kKnown] = {};

const KnownText* detail::learn(PyObject* object, KnownText& place) {
  if (!PyUnicode_IS_COMPACT_ASCII(object)) return nullptr;
  const std::string_view text(static_cast<const char*>(PyUnicode_DATA(object)),
                              static_cast<std::size_t>(PyUnicode_GET_LENGTH(object)));
  const py::Ref before = py::Ref::steal(place.object);
  place.object = py::Handle(object).share().release();
  place.text = trace::numbered(text);
  place.fingerprint = trace::Key(text).fingerprint;
  place.special = is_special(text);
  return place.text.present() ? &place : nullptr;
}

}  // namespace dd::tracing
