// rq: a span for each job that is enqueued, fetched, and run by a worker.

#include <string>

#include "contrib/support/integration.h"
#include "contrib/support/step.h"
#include "contrib/support/task_queue.h"
#include "core/tracing/carrier.h"

namespace dd::contrib::rq {
namespace {

Name kFuncName("func_name"), kId("id"), kIsAsync("_is_async"), kJob("job"), kJobId("job_id"),
    kMeta("meta"), kName("name"), kOrigin("origin"), kStatus("_status"), kStatusValue("value");

struct Knobs {
  std::string own_service, worker_service;
  bool distributed;
};
constinit const Knobs* knobs = nullptr;
void prepare(const Settings& from) {
  knobs = new Knobs{from.own_service("rq"), from.own_service("rq_worker"),
                    from.knob("rq", "DISTRIBUTED_TRACING_ENABLED", false)};
}

constexpr trace::Key kTagId("job.id"), kTagFunction("job.func_name"), kTagQueue("queue.name"),
    kTagOrigin("job.origin"), kTagStatus("job.status");

Named named(std::string_view own, std::string_view fallback) {
  return settings().naming.of_server({.integration = "rq", .fallback = fallback, .own = own});
}

void enter_enqueue(Call& call, Scope& scope) {
  const Handle job = call.arg(0, kJob);
  const std::string function = job.attr(kFuncName).text();
  const Named service = named(knobs->own_service, "rq");
  const tracing::LiveSpan& live =
      start_step(scope, {.name = settings().naming.operation({"rq.queue.enqueue_job", "rq.send"}),
                         .component = "rq",
                         .service = service.service,
                         .source = service.source,
                         .resource = function,
                         .type = "worker",
                         .kind = "producer"});
  if (!live) return;
  trace::Span& span = live.span();
  span.set(kTagQueue, call.self().attr(kName).text());
  span.set(kTagId, job.attr(kId).text());
  span.set(kTagFunction, function);
  // A queue that runs its jobs at once has nobody to tell.
  if (knobs->distributed && call.self().attr(kIsAsync).truth(true))
    tracing::inject(live.object(), job.attr(kMeta));
}

void enter_fetch(Call& call, Scope& scope) {
  const Named service = named(knobs->own_service, "rq");
  const tracing::LiveSpan& live =
      start_step(scope, {.name = settings().naming.operation({"rq.queue.fetch_job", "rq.process"}),
                         .component = "rq",
                         .service = service.service,
                         .source = service.source});
  if (live) live.span().set(kTagId, call.arg(0, kJobId).text());
}

void enter_perform(Call& call, Scope& scope) {
  const std::string function = call.self().attr(kFuncName).text();
  const tracing::LiveSpan& live = start_step(
      scope, {.name = "rq.job.perform", .component = "rq", .source = "rq", .resource = function});
  if (live) live.span().set(kTagId, call.self().attr(kId).text());
}

void leave(Outcome& outcome, Scope& scope) { finish_step(outcome, scope); }

void enter_work(Call& call, Scope& scope) {
  const Handle job = call.arg(0, kJob);
  const Ref before = knobs->distributed ? go_on_with(job.attr(kMeta)) : Ref();
  const std::string function = job.attr(kFuncName).text();
  const Named service = named(knobs->worker_service, "rq-worker");
  const Ref nothing = py::none();
  const Ref went_on = py::boolean(static_cast<bool>(before));
  const Handle parts[] = {job, before ? Handle(before) : Handle(nothing), went_on};
  const Ref kept = py::tuple(parts);
  const tracing::LiveSpan& live = start_step(scope, {.name = "rq.worker.perform_job",
                                                     .component = "rq",
                                                     .service = service.service,
                                                     .source = service.source,
                                                     .resource = function,
                                                     .type = "worker",
                                                     .kind = "consumer",
                                                     .keeps = kept});
  if (!live) return;
  live.span().set(kTagId, job.attr(kId).text());
  live.span().set(kTagOrigin, job.attr(kOrigin).text());
}

void leave_work(Outcome& outcome, Scope& scope) {
  const Ref kept = kept_of(scope).share();
  if (const tracing::LiveSpan* live = step_of(scope)) {
    const Ref status = kept.item(Py_ssize_t{0}).attr(kStatus);
    const Ref value = status.attr(kStatusValue);
    const std::string shown = (value ? value : status).text();
    if (!shown.empty()) live->span().set(kTagStatus, shown);
    if (shown == "failed") live->span().error = 1;
  }
  finish_step(outcome, scope);
  if (kept.item(Py_ssize_t{2}).is_true()) tracing::activate(kept.item(Py_ssize_t{1}));
}

constexpr const char* kModules[] = {"rq"};
constexpr py::Target kTargets[] = {
    {.where = "rq.queue:Queue.enqueue_job", .enter = enter_enqueue, .leave = leave},
    {.where = "rq.queue:Queue.fetch_job", .enter = enter_fetch, .leave = leave},
    {.where = "rq.job:Job.perform", .enter = enter_perform, .leave = leave},
    {.where = "rq.worker:Worker.perform_job",
     .enter = enter_work,
     .leave = leave_work,
     .versions = "<2.3"},
    {.where = "rq.worker.base:BaseWorker.perform_job",
     .enter = enter_work,
     .leave = leave_work,
     .optional = true},
};

}  // namespace

extern const Integration integration;
constexpr Integration integration = {.name = "rq",
                                     .package = "rq",
                                     .versions = ">=1.8",
                                     .modules = kModules,
                                     .targets = kTargets,
                                     .prepare = prepare};

}  // namespace dd::contrib::rq
