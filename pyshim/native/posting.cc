#include "pyshim/native/posting.h"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/base/fork.h"
#include "core/base/mutex.h"
#include "core/py/gil.h"
#include "core/transport/agent.h"
#include "core/transport/destination.h"

namespace dd::pyshim {
namespace {

using py::Handle;
using py::Ref;
using transport::Destination;

constinit base::Mutex post_mutex;

struct PostPlace {
  std::string url;
  Destination* destination;
};

struct PostAnswer {
  int status = 0;
  std::string body, problem = "not sent";
};

// Live as long as the process: programs have few.
Result<Destination*> post_place(const std::string& url) {
  static const bool registered = [] {
    base::on_fork(base::ForkOrder::kTransport,
                  {.prepare = []() DD_NO_THREAD_SAFETY { post_mutex.lock(); },
                   .parent = []() DD_NO_THREAD_SAFETY { post_mutex.unlock(); },
                   .child = [] { post_mutex.reset_after_fork(); }});
    return true;
  }();
  (void)registered;
  const base::MutexLock lock(post_mutex);
  static std::vector<PostPlace>* const places = new std::vector<PostPlace>;
  for (const PostPlace& place : *places)
    if (place.url == url) return place.destination;
  auto made = Destination::make(url, {.headers = transport::agent::tracer_headers(),
                                      .add_headers = transport::agent::add_headers,
                                      .max_bytes = 64 << 20});
  if (!made.ok()) return made.status();
  places->push_back({url, std::move(made).value().release()});
  return places->back().destination;
}

// In a forked child the callback of an ancestor's request does not come: it owns its answer.
PostAnswer answer_of(Destination& destination, transport::Request request) {
  constexpr std::int64_t kSlack = 5'000'000'000;  // the pauses between attempts, and others' turns
  const std::int64_t patience = request.timeout_ns * request.attempts + kSlack;
  const auto shared = std::make_shared<PostAnswer>();
  const bool taken =
      destination.submit(std::move(request), [shared](const transport::Reply& reply) {
        const base::MutexLock lock(post_mutex);
        *shared = {reply.status, std::string(reply.body), std::string(reply.problem)};
      });
  if (taken) destination.wait(patience);
  const base::MutexLock lock(post_mutex);
  return *shared;
}

}  // namespace

PyObject* post(PyObject*, PyObject* args) {
  const char *url, *target;
  PyObject *headers, *body;
  int attempts;
  double seconds;
  if (!PyArg_ParseTuple(args, "ssO!O!id:post", &url, &target, &PyDict_Type, &headers, &PyBytes_Type,
                        &body, &attempts, &seconds))
    return nullptr;
  transport::Request request{.target = target,
                             .body = std::string(Handle(body).bytes()),
                             .timeout_ns = static_cast<std::int64_t>(seconds * 1e9),
                             .attempts = attempts};
  Handle(headers).each_pair(
      [&](Handle name, Handle value) { request.headers.emplace_back(name.text(), value.text()); });
  const auto place = post_place(url);
  if (!place.ok())
    return PyErr_Format(PyExc_ValueError, "%s: %s", url, place.status().message().c_str());
  PostAnswer answer;
  {
    const py::GilGap gap;
    answer = answer_of(*place.value(), std::move(request));
  }
  return Py_BuildValue("iNs", answer.status, py::bytes(answer.body).release(),
                       answer.problem.c_str());
}

}  // namespace dd::pyshim
