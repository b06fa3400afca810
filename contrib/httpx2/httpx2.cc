// httpx2: one client span per send() of a client, trace headers on the way out.

#include "contrib/support/httpx_client.h"
#include "contrib/support/integration.h"
#include "contrib/support/step.h"

namespace dd::contrib::httpx2 {
namespace {

constexpr HttpClientFacts kFacts = {.component = "httpx2",
                                    .operation = {"http.request", "http.client.request"},
                                    .inherits_service = true,
                                    .inherited_source = "httpx2"};
constinit const HttpClientKnobs* knobs = nullptr;
constexpr HttpxLibrary kLibrary = {&kFacts, &knobs}, kAsyncLibrary = {&kFacts, &knobs, true};

void prepare(const Settings& from) {
  knobs = new HttpClientKnobs(http_client_knobs(from, "httpx2"));
}

constexpr const char* kModules[] = {"httpx2"};
constexpr py::Target kTargets[] = {
    {.where = "httpx2:Client.send",
     .enter = enter_httpx_send,
     .leave = leave_httpx_send,
     .data = &kLibrary},
    {.where = "httpx2:AsyncClient.send",
     .enter = enter_httpx_send,
     .leave = leave_httpx_send,
     .kind = py::Kind::kAwaitable,
     .data = &kAsyncLibrary,
     .begin = begin_step},
};

}  // namespace

extern const Integration integration;
constexpr Integration integration = {.name = "httpx2",
                                     .package = "httpx2",
                                     .versions = "",
                                     .modules = kModules,
                                     .targets = kTargets,
                                     .prepare = prepare};

}  // namespace dd::contrib::httpx2
