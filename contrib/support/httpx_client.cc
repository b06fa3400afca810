#include "contrib/support/httpx_client.h"

#include <algorithm>
#include <string>

namespace dd::contrib {
namespace {

py::Name kSentHeaders("headers"), kSentMethod("method"), kSentRequest("request"), kSentUrl("url"),
    kAnswerStatus("status_code");

}  // namespace

void enter_httpx_send(py::Call& call, py::Scope& scope) {
  const HttpxLibrary& library = *static_cast<const HttpxLibrary*>(call.data());
  const py::Handle request = call.arg(0, kSentRequest);
  const py::Ref method = request.attr(kSentMethod), headers = request.attr(kSentHeaders);
  std::string url = request.attr(kSentUrl).display();
  url.resize(std::min(url.size(), url.find('#')));  // stays with the client
  start_http_client(scope, library.facts, **library.knobs,
                    {.method = method.utf8(),
                     .url = url,
                     .headers = headers,
                     .client = call.self(),
                     .waits = library.waits});
}

void leave_httpx_send(py::Outcome& outcome, py::Scope& scope) {
  const py::Ref status = outcome.result.attr(kAnswerStatus);
  const py::Ref headers = outcome.result.attr(kSentHeaders);
  finish_http_client(outcome, scope,
                     {.status = static_cast<int>(status.integer()), .headers = headers});
}

}  // namespace dd::contrib
