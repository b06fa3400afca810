// celery: a span for each message that is published, and one for each run of a task.
//
// Celery tells what it does by signals; its receivers are connected while the integration is
// on.

#include <string>
#include <utility>

#include "contrib/celery/context_tags.h"
#include "contrib/support/integration.h"
#include "contrib/support/signal_receivers.h"
#include "contrib/support/step.h"
#include "contrib/support/task_queue.h"
#include "core/trace/tags.h"
#include "core/tracing/carrier.h"
#include "core/tracing/live_span.h"

namespace dd::contrib::celery {
namespace {

Name kBrokerUrl("broker_url"), kConf("conf"), kContext("Context"),
    kOwnHeaders("_get_custom_headers"), kException("exception"), kGetCurrentApp("get_current_app"),
    kHeaders("headers"), kId("id"), kName("name"), kReason("reason"), kRequest("request"),
    kSender("sender"), kState("state"), kTaskId("task_id"), kTasks("tasks"), kThrows("throws");

struct Knobs {
  std::string producer, worker;
  bool distributed;
};
constinit const Knobs* knobs = nullptr;

constexpr std::string_view kProducer = "celery-producer", kWorker = "celery-worker";

constinit OpenTasks* publishing = nullptr;
constinit OpenTasks* running = nullptr;

void before_publish(Handle named) {
  const Ref name = named.item(kSender), headers = named.item(kHeaders);
  const Ref app = py::imported("celery._state").attr(kGetCurrentApp).call();
  if (!app.attr(kTasks).item(name)) return;
  LiveSpan live = start_task({.name = "celery.apply",
                              .component = "celery",
                              .own = knobs->producer,
                              .fallback = kProducer,
                              .resource = name.utf8(),
                              .kind = "producer"});
  if (!live) return;
  const Ref id = headers.item(kId);
  live.span().set_static(trace::Key("celery.action"), "apply_async");
  tag_context(live, named);
  if (headers.is_dict()) tag_context(live, headers);
  if (knobs->distributed && headers.is_dict()) {
    Ref carried = headers.item(kHeaders);
    // Without this entry the task sees the caller's own headers there: it still does.
    if (!carried.is_dict())
      carried =
          py::imported("celery.app.task").attr(kContext).call().call_method(kOwnHeaders, headers);
    if (!carried.is_dict()) carried = py::dict();
    tracing::inject(live.object(), carried);
    (void)headers.set_item(kHeaders, carried);
  }
  publishing->put(id.text(), std::move(live));
}

void after_publish(Handle named) {
  const LiveSpan live = publishing->take(named.item(kHeaders).item(kId).text());
  if (!live) return;
  const Ref app = py::imported("celery._state").attr(kGetCurrentApp).call();
  tag_broker(live.span(), app.attr(kConf).attr(kBrokerUrl).text());
  live.finish();
}

void before_run(Handle named) {
  const Ref task = named.item(kSender);
  if (const Ref headers = task.attr(kRequest).attr(kHeaders);
      knobs->distributed && headers.is_dict()) {
    const Ref context = tracing::extract(headers);
    if (tracing::continues(context)) tracing::activate(context);
  }
  const Ref name = task.attr(kName);
  LiveSpan live = start_task({.name = "celery.run",
                              .component = "celery",
                              .own = knobs->worker,
                              .fallback = kWorker,
                              .resource = name.utf8(),
                              .type = "worker",
                              .kind = "consumer"});
  if (live) running->put(named.item(kTaskId).text(), std::move(live));
}

void after_run(Handle named) {
  const LiveSpan live = running->take(named.item(kTaskId).text());
  if (!live) return;
  live.span().set_static(trace::Key("celery.action"), "run");
  const Ref state = named.item(kState);
  if (state && !state.is_none()) tag_nested(live, "celery.state", state);
  tag_context(live, named.item(kSender).attr(kRequest));
  live.finish();
}

void failed(Handle named) {
  const LiveSpan* live = running->find(named.item(kTaskId).text());
  const Ref exception = named.item(kException), throws = named.item(kSender).attr(kThrows);
  if (live && !exception.instance_of(throws)) live->fail(exception);
}

void retried(Handle named) {
  const LiveSpan* live = running->find(named.item(kRequest).attr(kId).text());
  if (live) live->span().set(trace::Key("celery.retry.reason"), named.item(kReason).display());
}

constexpr SignalReceiver kReceivers[] = {
    {"before_task_publish", before_publish},
    {"after_task_publish", after_publish},
    {"task_prerun", before_run},
    {"task_postrun", after_run},
    {"task_failure", failed},
    {"task_retry", retried},
};
constinit SignalReceivers receivers("celery.signals", kReceivers);

void prepare(const Settings& from) {
  knobs = new Knobs{from.text("DD_CELERY_PRODUCER_SERVICE").value_or(std::string()),
                    from.text("DD_CELERY_WORKER_SERVICE").value_or(std::string()),
                    from.knob("celery", "DISTRIBUTED_TRACING", false)};
  if (!publishing) {
    publishing = new OpenTasks;
    running = new OpenTasks;
  }
  receivers.connect();
}

void stop() { receivers.disconnect(); }

// A message that could not be published: celery does not tell.
void leave_apply_async(Outcome& outcome, Scope&) {
  if (!outcome.error || !publishing) return;
  const LiveSpan live = publishing->take_active();
  if (!live) return;
  live.fail(outcome.error);
  live.finish();
}

// Its spans are the worker's and name no component.
void start_beat(Scope& scope, std::string_view name, std::string_view resource) {
  const Named named = settings().naming.of_server(
      {.integration = "datadog", .fallback = kWorker, .own = knobs->worker});
  start_step(scope, {.name = name,
                     .service = named.service,
                     .source = named.source,
                     .resource = resource,
                     .type = "worker",
                     .kind = "producer",
                     .measured = true,
                     .late_service = true});
}
void enter_tick(Call&, Scope& scope) { start_beat(scope, "celery.beat.tick", {}); }
void enter_apply_entry(Call& call, Scope& scope) {
  const Ref entry = call.arg(0).attr(kName);
  start_beat(scope, "celery.beat.apply_entry", entry.utf8());
}
void leave_beat(Outcome& outcome, Scope& scope) { finish_step(outcome, scope); }

constexpr const char* kModules[] = {"celery.signals"};
constexpr py::Target kTargets[] = {
    {"celery.app.task:Task.apply_async", nullptr, leave_apply_async},
    {.where = "celery.beat:Scheduler.apply_entry",
     .enter = enter_apply_entry,
     .leave = leave_beat,
     .optional = true},
    {.where = "celery.beat:Scheduler.tick",
     .enter = enter_tick,
     .leave = leave_beat,
     .optional = true},
};

}  // namespace

extern const Integration integration;
constexpr Integration integration = {.name = "celery",
                                     .package = "celery",
                                     .versions = ">=4.4",
                                     .modules = kModules,
                                     .targets = kTargets,
                                     .prepare = prepare,
                                     .stop = stop};

}  // namespace dd::contrib::celery
