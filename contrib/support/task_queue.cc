#include "contrib/support/task_queue.h"

#include <utility>

#include "contrib/support/integration.h"
#include "contrib/support/step.h"
#include "core/http/url.h"
#include "core/py/error.h"
#include "core/trace/tags.h"
#include "core/tracing/carrier.h"
#include "core/tracing/span_object.h"

namespace dd::contrib {

LiveSpan start_task(const TaskStart& what) {
  const Naming& naming = settings().naming;
  const std::string_view own = naming.only_process() ? std::string_view() : what.own;
  Named named =
      naming.of_server({.integration = what.component, .fallback = what.fallback, .own = own});
  // The process' service is told as the queue's.
  if (named.source == "m" && own.empty()) named.source = what.component;
  LiveSpan live = LiveSpan::start(
      {.name = what.name, .resource = what.resource, .type = what.type, .measured = true});
  if (!live) return live;
  trace::Span& span = live.span();
  span.set_static(tags::kComponent, what.component);
  span.set_static(tags::kSpanKind, what.kind);
  span.remove(tags::kServiceSource);
  set_late_service(span, named.service, named.source);
  return live;
}

py::Ref go_on_with(Handle headers) {
  const py::Ref context = tracing::continued(headers);
  if (!context) return {};
  py::Ref before = tracing::active();
  tracing::activate(context);
  return before ? static_cast<py::Ref&&>(before) : py::none();
}

void tag_nested(const LiveSpan& span, const std::string& name, Handle value) {
  if (value.is_dict()) {
    value.each_pair(
        [&](Handle key, Handle part) { tag_nested(span, name + "." + key.display(), part); });
    return;
  }
  if (!tracing::set_tag(tracing::as_span(span.object()), py::str(name), value)) py::swallow_error();
}

void tag_broker(trace::Span& span, const std::string& url) {
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

void OpenTasks::put(const std::string& id, LiveSpan&& span) {
  spans_.insert_or_assign(id, std::move(span));
}

LiveSpan OpenTasks::take(const std::string& id) {
  auto node = spans_.extract(id);
  return node ? std::move(node.mapped()) : LiveSpan();
}

const LiveSpan* OpenTasks::find(const std::string& id) const {
  const auto found = spans_.find(id);
  return found == spans_.end() ? nullptr : &found->second;
}

LiveSpan OpenTasks::take_active() {
  if (spans_.empty()) return {};
  const py::Ref active = tracing::active();
  for (auto at = spans_.begin(); at != spans_.end(); ++at) {
    if (!at->second.object().is(active)) continue;
    LiveSpan span = std::move(at->second);
    spans_.erase(at);
    return span;
  }
  return {};
}

}  // namespace dd::contrib
