// httpx: one client span per send() of a client, trace headers on the way out.

#include "contrib/support/httpx_client.h"
#include "contrib/support/integration.h"
#include "contrib/support/step.h"

namespace dd::contrib::httpx {
namespace {

constexpr HttpClientFacts kFacts = {.component = "httpx",
                                    .operation = {"http.request", "http.client.request"},
                                    .inherits_service = true,
                                    .inherited_source = "httpx"};
constinit const HttpClientKnobs* knobs = nullptr;
constexpr HttpxLibrary kLibrary = {&kFacts, &knobs}, kAsyncLibrary = {&kFacts, &knobs, true};

void prepare(const Settings& from) {
  knobs = new HttpClientKnobs(http_client_knobs(from, "httpx"));
}

constexpr const char* kModules[] = {"httpx"};
constexpr py::Target kTargets[] = {
    {.where = "httpx:Client.send",
     .enter = enter_httpx_send,
     .leave = leave_httpx_send,
     .data = &kLibrary},
    {.where = "httpx:AsyncClient.send",
     .enter = enter_httpx_send,
     .leave = leave_httpx_send,
     .kind = py::Kind::kAwaitable,
     .data = &kAsyncLibrary,
     .begin = begin_step},
};

}  // namespace

extern const Integration integration;
constexpr Integration integration = {.name = "httpx",
                                     .package = "httpx",
                                     .versions = ">=0.25",
                                     .modules = kModules,
                                     .targets = kTargets,
                                     .prepare = prepare};

}  // namespace dd::contrib::httpx
