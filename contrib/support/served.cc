#include "contrib/support/served.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "contrib/support/terms.h"
#include "core/py/name.h"
#include "core/telemetry/telemetry.h"

namespace dd::contrib {
namespace {

constexpr int kMaxDepth = 16;
constexpr std::size_t kMaxApplications = 64;
constexpr std::string_view kAsgi = "fastapi.request", kDjango = "django.request";

Name kRoutes("routes"), kPath("path"), kMethods("methods"), kServed("app"), kStatus("status_code"),
    kPatterns("url_patterns"), kPattern("pattern"), kCallback("callback"), kCode("__code__"),
    kClosure("__closure__"), kFreeNames("co_freevars"), kContents("cell_contents"),
    kWrapped("__wrapped__"), kGetResolver("get_resolver");

void tell(std::string method, const std::string& path, std::string_view operation,
          std::int64_t status = 0) {
  std::string resource = method + " " + path;
  telemetry::endpoint({.method = std::move(method),
                       .path = path,
                       .operation = std::string(operation),
                       .resource = std::move(resource),
                       .status = static_cast<int>(status)});
}

std::vector<PyObject*>& seen_applications() {
  static auto* const seen = new std::vector<PyObject*>;  // not held: only their places
  return *seen;
}

bool is_new(Handle application) {
  std::vector<PyObject*>& seen = seen_applications();
  if (seen.size() >= kMaxApplications || std::ranges::find(seen, application.ptr()) != seen.end())
    return false;
  seen.push_back(application.ptr());
  return true;
}

void tell_route_list(Handle routes, const std::string& prefix, int depth) {
  if (depth > kMaxDepth || !(routes.is_list() || routes.is_tuple())) return;
  routes.each([&](Handle route) {
    const std::string path = prefix + route.attr(kPath).text();
    const Ref methods = route.attr(kMethods);
    if (methods && PyAnySet_Check(methods.ptr())) {
      const Ref status = route.attr(kStatus);
      methods.each([&](Handle one) { tell(one.text(), path, kAsgi, status.integer()); });
      return;
    }
    const Ref below = route.attr(kRoutes), application = route.attr(kServed);
    if (application) (void)is_new(application);
    tell_route_list(below, path, depth + 1);
  });
}

// What require_http_methods() and its like have put around a view.
Ref allowed_methods(Handle view, int depth) {
  if (depth > kMaxDepth) return {};
  const Ref names = view.attr(kCode).attr(kFreeNames), cells = view.attr(kClosure);
  for (Py_ssize_t i = 0; names.is_tuple() && cells.is_tuple() && i < names.size(); ++i)
    if (names.item(i).text() == "request_method_list") return cells.item(i).attr(kContents);
  const Ref inner = view.attr(kWrapped);
  return inner ? allowed_methods(inner, depth + 1) : Ref();
}

void tell_patterns(Handle patterns, const std::string& prefix, int depth) {
  if (depth > kMaxDepth || !(patterns.is_list() || patterns.is_tuple())) return;
  patterns.each([&](Handle one) {
    const std::string path = prefix + one.attr(kPattern).display();
    const Ref view = one.attr(kCallback);
    if (!view || view.is_none()) {
      const Ref below = one.attr(kPatterns);
      return tell_patterns(below, path, depth + 1);
    }
    const Ref methods = allowed_methods(view, 0);
    if (!(methods.is_list() || methods.is_tuple())) return tell("*", path, kDjango);
    methods.each([&](Handle method) { tell(method.text(), path, kDjango); });
  });
}

}  // namespace

void tell_routes(Handle application) {
  if (!telemetry::enabled() || !is_new(application)) return;
  const Ref routes = application.attr(kRoutes);
  tell_route_list(routes, {}, 0);
}

void tell_django_urls() {
  static bool told = false;
  if (std::exchange(told, true) || !telemetry::enabled()) return;
  const Ref resolver = py::imported("django.urls").attr(kGetResolver).call();
  const Ref patterns = resolver.attr(kPatterns);
  tell_patterns(patterns, {}, 0);
}

}  // namespace dd::contrib
