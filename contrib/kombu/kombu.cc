// kombu: a span for each message that is published, and one for each that a consumer receives.

#include <string>

#include "contrib/support/integration.h"
#include "contrib/support/pin.h"
#include "contrib/support/step.h"
#include "contrib/support/task_queue.h"
#include "core/trace/tags.h"
#include "core/tracing/carrier.h"

namespace dd::contrib::kombu {
namespace {

Name kChannel("channel"), kConnection("connection"), kDeliveryInfo("delivery_info"),
    kExchange("exchange"), kHeaders("headers"), kHost("host"), kMessage("message"),
    kRoutingKey("routing_key"), kVirtualHost("virtual_host");

struct Knobs {
  std::string own_service;
  bool distributed;
};
constinit const Knobs* knobs = nullptr;

void prepare(const Settings& from) {
  knobs = new Knobs{from.own_service("kombu"), from.knob("kombu", "DISTRIBUTED_TRACING", true)};
}

// Of connections over AMQP: "host:port".
void tag_connection(trace::Span& span, Handle connection) {
  const Ref address = connection.attr(kHost), virtual_host = connection.attr(kVirtualHost);
  if (!address.is_str()) return;
  const std::string_view text = address.utf8();
  const std::size_t colon = text.rfind(':');
  span.set(tags::kOutHost, text.substr(0, colon));
  std::int64_t port = 0;
  if (colon != std::string_view::npos)
    for (const char c : text.substr(colon + 1)) port = port * 10 + (c - '0');
  if (port > 0 && port < 65536) span.set(tags::kDestinationPort, port);
  if (virtual_host.is_str()) span.set(trace::Key("out.vhost"), virtual_host.utf8());
}

trace::Span* start(Scope& scope, const Operation& operation, Named named, Handle self,
                   Handle exchange, Handle routing_key, std::string_view kind, Handle before) {
  const std::string where = exchange.text();
  const Pin pin = Pin::of(self);
  const std::string pinned = pin ? pin.service() : std::string();
  if (!pinned.empty()) named = {.service = pinned, .source = "m"};
  const tracing::LiveSpan& live =
      start_step(scope, {.name = settings().naming.operation(operation),
                         .component = "kombu",
                         .service = named.service,
                         .source = named.source,
                         .resource = where.empty() ? std::string_view("") : where,
                         .type = "worker",
                         .kind = kind,
                         .measured = true,
                         .late_service = true,
                         .keeps = before});
  if (!live) return nullptr;
  trace::Span& span = live.span();
  span.set(trace::Key("kombu.exchange"), where);
  if (routing_key.is_str()) span.set(trace::Key("kombu.routing_key"), routing_key.utf8());
  if (pin) pin.tag(span);
  tag_connection(span, self.attr(kChannel).attr(kConnection));
  return &span;
}

// What is sent is its parent's, else this process' own; what is received may have a service of its
// own.
Named named(std::string_view own) {
  const Naming& naming = settings().naming;
  const NamingFacts& facts = naming.facts();
  if (naming.only_process()) own = {};
  const trace::Span* parent = tracing::active_span();
  if (own.empty() && parent) return {.service = parent->service.view(), .source = "kombu"};
  const bool by_user = !own.empty() || (naming.only_process() && facts.service_is_users);
  return naming.mapped({.service = own.empty() ? std::string_view(facts.service) : own,
                        .source = by_user ? "m" : "kombu"});
}

void enter_publish(Call& call, Scope& scope) {
  constexpr Operation kPublish = {"kombu.publish", "kombu.send"};
  trace::Span* span = start(scope, kPublish, named({}), call.self(), call.arg(9, kExchange),
                            call.arg(6, kRoutingKey), "producer", {});
  if (!span) return;
  const Py_ssize_t size = call.arg(0).size();
  span->set(trace::Key("kombu.body_length"), static_cast<std::int64_t>(size < 0 ? 0 : size));
  const Handle headers = call.arg(4, kHeaders);
  if (knobs->distributed && headers.is_dict()) tracing::inject(step_of(scope)->object(), headers);
}

void enter_receive(Call& call, Scope& scope) {
  constexpr Operation kReceive = {"kombu.receive", "kombu.process"};
  const Handle message = call.arg(1, kMessage);
  const Ref info = message.attr(kDeliveryInfo);
  const Ref before = knobs->distributed ? go_on_with(message.attr(kHeaders)) : Ref();
  start(scope, kReceive, named(knobs->own_service), call.self(), info.item(kExchange),
        info.item(kRoutingKey), "consumer", before);
}

void leave_publish(Outcome& outcome, Scope& scope) { finish_step(outcome, scope); }

void leave_receive(Outcome& outcome, Scope& scope) {
  finish_step(outcome, scope);
  if (const Handle before = kept_of(scope)) tracing::activate(before);
}

constexpr const char* kModules[] = {"kombu"};
constexpr py::Target kTargets[] = {
    {.where = "kombu.messaging:Producer._publish", .enter = enter_publish, .leave = leave_publish},
    {.where = "kombu.messaging:Consumer.receive", .enter = enter_receive, .leave = leave_receive},
};

}  // namespace

extern const Integration integration;
constexpr Integration integration = {.name = "kombu",
                                     .package = "kombu",
                                     .versions = ">=4.6.6",
                                     .modules = kModules,
                                     .targets = kTargets,
                                     .prepare = prepare};

}  // namespace dd::contrib::kombu
