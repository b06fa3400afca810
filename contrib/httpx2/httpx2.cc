// httpx2: one client span per send() of a client, trace headers on the way out.

#include "contrib/support/httpx_client.h"
#include "contrib/support/integration.h"

namespace dd::contrib::httpx2 {
namespace {

constinit const HttpClientKnobs* knobs = nullptr;
constexpr HttpxLibrary kLibrary = {httpx_facts("httpx2"), &knobs},
                       kAsyncLibrary = {httpx_facts("httpx2"), &knobs, true};

void prepare(const Settings& from) {
  knobs = new HttpClientKnobs(http_client_knobs(from, "httpx2"));
}

constexpr const char* kModules[] = {"httpx2"};
constexpr auto kTargets =
    httpx_targets("httpx2:Client.send", kLibrary, "httpx2:AsyncClient.send", kAsyncLibrary);

}  // namespace

extern const Integration integration;
constexpr Integration integration = {.name = "httpx2",
                                     .package = "httpx2",
                                     .versions = ">=2.0",
                                     .modules = kModules,
                                     .targets = kTargets,
                                     .prepare = prepare};

}  // namespace dd::contrib::httpx2
