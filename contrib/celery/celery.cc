// celery: a span for each message that is published, and one for each run of a task.
//
// Celery tells what it does by signals; these receivers are connected once and do nothing while the
// integration is off.

#include <string>
#include <unordered_map>
#include <utility>

#include "contrib/support/integration.h"
#include "core/http/url.h"
#include "core/py/error.h"
#include "core/trace/tags.h"
#include "core/tracing/carrier.h"
#include "core/tracing/live_span.h"
#include "core/tracing/span_object.h"

namespace dd::contrib::celery {
namespace {

namespace tags = trace::tags;
using py::Handle;
using py::Name;
using py::Ref;
using tracing::LiveSpan;

Name kBrokerUrl("broker_url"), kConf("conf"), kConnect("connect"), kException("exception"),
    kGetCurrentApp("get_current_app"), kHeaders("headers"), kId("id"), kName("name"),
    kReason("reason"), kRequest("request"), kSender("sender"), kState("state"), kTaskId("task_id"),
    kTasks("tasks"), kThrows("throws"), kWeak("weak");

struct Knobs {
  std::string producer, worker;
  bool distributed;
};
constinit const Knobs* knobs = nullptr;
constinit bool hooked = false;

constexpr std::string_view kProducer = "celery-producer", kWorker = "celery-worker";

// Open spans by the task's id; a task that is retried publishes its own id while it runs.
using Spans = std::unordered_map<std::string, LiveSpan>;
constinit Spans* publishing = nullptr;
constinit Spans* running = nullptr;

LiveSpan take(Spans& spans, const std::string& id) {
  auto node = spans.extract(id);
  return node ? std::move(node.mapped()) : LiveSpan();
}

// `origin` says what `hostname` said in older versions.
constexpr const char* kContextKeys[] = {
    "compression", "correlation_id", "countdown",  "delivery_info", "eta",   "exchange", "expires",
    "origin",      "hostname",       "id",         "priority",      "queue", "reply_to", "retries",
    "state",       "routing_key",    "serializer", "timelimit"};

bool is_unset(std::string_view key, Handle value) {
  if (!value || value.is_none() || (value.is_str() && value.size() == 0)) return true;
  if (key == "retries") return value.is_int() && value.integer() == 0;
  if (key != "timelimit") return false;
  bool all_none = true;
  value.each([&](Handle part) { all_none = all_none && part.is_none(); });
  return all_none;
}

void set_tag(const LiveSpan& span, const std::string& name, Handle value) {
  if (value.is_dict()) {
    value.each_pair(
        [&](Handle key, Handle part) { set_tag(span, name + "." + key.display(), part); });
    return;
  }
  if (!tracing::set_tag(tracing::as_span(span.object()), py::str(name), value)) py::swallow_error();
}

// From a dictionary or a task's request.
void tag_context(const LiveSpan& span, Handle context) {
  for (const char* key : kContextKeys) {
    const Ref value = context.is_dict() ? context.item(key) : context.attr(key);
    if (is_unset(key, value)) continue;
    const std::string_view shown = std::string_view(key) == "origin" ? "hostname" : key;
    set_tag(span, std::string("celery.").append(shown), value);
  }
}

LiveSpan start(const char* name, std::string_view service, std::string_view fallback,
               Handle resource, std::string_view type, std::string_view kind) {
  LiveSpan live = LiveSpan::start({.name = name,
                                   .service = service.empty() ? fallback : service,
                                   .resource = resource.utf8(),
                                   .type = type,
                                   .measured = true});
  if (!live) return live;
  trace::Span& span = live.span();
  span.set_static(tags::kComponent, "celery");
  span.set_static(tags::kSpanKind, kind);
  if (service.empty())
    span.set_static(tags::kServiceSource, "celery");
  else
    span.remove(tags::kServiceSource);
  return live;
}

void tag_broker(trace::Span& span, Handle app) {
  const std::string url = app.attr(kConf).attr(kBrokerUrl).text();
  const http::Url parts = http::parse(url);
  if (parts.host.empty()) {
    if (!url.empty()) span.set(tags::kOutHost, url);
    return;
  }
  span.set(tags::kOutHost, parts.host);
  const std::string_view authority = parts.authority;
  const std::size_t colon = authority.rfind(':');
  if (colon == std::string_view::npos || colon < authority.rfind(']') + 1) return;
  std::int64_t port = 0;
  for (const char c : authority.substr(colon + 1)) port = port * 10 + (c - '0');
  if (port > 0 && port < 65536) span.set(tags::kDestinationPort, port);
}

void before_publish(Handle named) {
  const Ref name = named.item(kSender), headers = named.item(kHeaders);
  const Ref app = py::imported("celery._state").attr(kGetCurrentApp).call();
  if (!app.attr(kTasks).item(name)) return;
  LiveSpan live = start("celery.apply", knobs->producer, kProducer, name, {}, "producer");
  if (!live) return;
  const Ref id = headers.item(kId);
  live.span().set_static(trace::Key("celery.action"), "apply_async");
  tag_context(live, named);
  if (headers.is_dict()) tag_context(live, headers);
  tag_broker(live.span(), app);
  if (knobs->distributed && headers.is_dict()) {
    Ref carried = headers.item(kHeaders);
    if (!carried.is_dict()) carried = py::dict();
    tracing::inject(live.object(), carried);
    (void)headers.set_item(kHeaders, carried);
  }
  publishing->insert_or_assign(id.text(), std::move(live));
}

void after_publish(Handle named) {
  const LiveSpan live = take(*publishing, named.item(kHeaders).item(kId).text());
  if (live) live.finish();
}

void before_run(Handle named) {
  const Ref task = named.item(kSender);
  if (const Ref headers = task.attr(kRequest).attr(kHeaders);
      knobs->distributed && headers.is_dict()) {
    const Ref context = tracing::extract(headers);
    if (tracing::continues(context)) tracing::activate(context);
  }
  LiveSpan live =
      start("celery.run", knobs->worker, kWorker, task.attr(kName), "worker", "consumer");
  if (live) running->insert_or_assign(named.item(kTaskId).text(), std::move(live));
}

void after_run(Handle named) {
  const LiveSpan live = take(*running, named.item(kTaskId).text());
  if (!live) return;
  live.span().set_static(trace::Key("celery.action"), "run");
  const Ref state = named.item(kState);
  if (state) set_tag(live, "celery.state", state);
  tag_context(live, named.item(kSender).attr(kRequest));
  live.finish();
}

void failed(Handle named) {
  const auto found = running->find(named.item(kTaskId).text());
  const Ref exception = named.item(kException), throws = named.item(kSender).attr(kThrows);
  if (found == running->end() || exception.instance_of(throws)) return;
  found->second.fail(exception);
}

void retried(Handle named) {
  const auto found = running->find(named.item(kRequest).attr(kId).text());
  if (found == running->end()) return;
  const std::string reason = named.item(kReason).display();
  found->second.span().set(trace::Key("celery.retry.reason"), reason);
}

template <void (*receive)(Handle)>
PyObject* receiver(PyObject*, PyObject*, PyObject* named) {
  const py::ErrorKeep keep;
  if (hooked && named) receive(named);
  py::swallow_error();
  return Py_NewRef(Py_None);
}

// The signature is asked for: receivers take what comes by name.
template <void (*receive)(Handle)>
PyMethodDef definition(const char* name, const char* signature) {
  return {name,
          reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(
              static_cast<PyCFunctionWithKeywords>(receiver<receive>))),
          METH_VARARGS | METH_KEYWORDS, signature};
}

void connect(Handle signals, const char* signal, PyMethodDef& which) {
  const Ref function = Ref::steal(PyCFunction_New(&which, nullptr));
  const Ref method = signals.attr(signal).attr(kConnect);
  PyObject* const arguments[] = {function.ptr(), Py_False};
  const Handle names[] = {kWeak.ptr()};
  if (method) (void)method.call_vector(arguments, py::tuple(names));
}

void prepare(const Settings& from) {
  knobs = new Knobs{from.text("DD_CELERY_PRODUCER_SERVICE").value_or(std::string()),
                    from.text("DD_CELERY_WORKER_SERVICE").value_or(std::string()),
                    from.knob("celery", "DISTRIBUTED_TRACING", false)};
  const Ref signals = py::imported("celery.signals");
  if (publishing || !signals) return;
  publishing = new Spans;
  running = new Spans;
  constexpr const char* kSignature = "receiver($module, /, **named)\n--\n\n";
  static PyMethodDef definitions[] = {
      definition<before_publish>("receiver", kSignature),
      definition<after_publish>("receiver", kSignature),
      definition<before_run>("receiver", kSignature),
      definition<after_run>("receiver", kSignature),
      definition<failed>("receiver", kSignature),
      definition<retried>("receiver", kSignature),
  };
  int at = 0;
  for (const char* signal : {"before_task_publish", "after_task_publish", "task_prerun",
                             "task_postrun", "task_failure", "task_retry"})
    connect(signals, signal, definitions[at++]);
  hooked = true;
}

// A message that could not be published: celery does not tell.
void leave_apply_async(py::Outcome& outcome, py::Scope&) {
  if (!outcome.error || !publishing || publishing->empty()) return;
  const Ref active = tracing::active();
  for (auto at = publishing->begin(); at != publishing->end(); ++at) {
    if (!at->second.object().is(active)) continue;
    at->second.fail(outcome.error);
    at->second.finish();
    publishing->erase(at);
    return;
  }
}

constexpr const char* kModules[] = {"celery.signals"};
constexpr py::Target kTargets[] = {
    {"celery.app.task:Task.apply_async", nullptr, leave_apply_async},
};

}  // namespace

extern const Integration integration;
constexpr Integration integration = {.name = "celery",
                                     .package = "celery",
                                     .versions = ">=4.4",
                                     .modules = kModules,
                                     .targets = kTargets,
                                     .prepare = prepare};

}  // namespace dd::contrib::celery
