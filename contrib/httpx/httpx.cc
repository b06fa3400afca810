// httpx: one client span per send() of a client, trace headers on the way out.

#include "contrib/support/httpx_client.h"
#include "contrib/support/integration.h"

namespace dd::contrib::httpx {
namespace {

constinit const HttpClientKnobs* knobs = nullptr;
constexpr HttpxLibrary kLibrary = {httpx_facts("httpx"), &knobs},
                       kAsyncLibrary = {httpx_facts("httpx"), &knobs, true};

void prepare(const Settings& from) {
  knobs = new HttpClientKnobs(http_client_knobs(from, "httpx"));
}

constexpr const char* kModules[] = {"httpx"};
constexpr auto kTargets =
    httpx_targets("httpx:Client.send", kLibrary, "httpx:AsyncClient.send", kAsyncLibrary);

}  // namespace

extern const Integration integration;
constexpr Integration integration = {.name = "httpx",
                                     .package = "httpx",
                                     .versions = ">=0.25",
                                     .modules = kModules,
                                     .targets = kTargets,
                                     .prepare = prepare};

}  // namespace dd::contrib::httpx
