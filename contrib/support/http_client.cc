#include "contrib/support/http_client.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <utility>

#include "contrib/support/header_rules.h"
#include "contrib/support/integration.h"
#include "contrib/support/pin.h"
#include "contrib/support/step.h"
#include "contrib/support/wire_headers.h"
#include "core/events/event.h"
#include "core/events/http.h"
#include "core/http/url.h"
#include "core/trace/tags.h"
#include "core/trace/tracer.h"
#include "core/tracing/carrier.h"

namespace dd::contrib {
namespace {

using http::Side;

py::Name kUserAgent("User-Agent");

// The mark is on the span: what is active follows threads, tasks and greenlets by itself.
struct Suppression {
  explicit Suppression(py::Ref&& marked) : span(std::move(marked)) { mark(true); }
  Suppression(Suppression&& other) noexcept
      : span(std::move(other.span)), wire(std::move(other.wire)) {}
  ~Suppression() { mark(false); }
  void mark(bool on) {
    trace::Span* native = const_cast<trace::Span*>(tracing::native(span));
    if (!native || native->sealed()) return;
    native->flags = static_cast<std::uint16_t>(on ? native->flags | trace::kHeadersWritten
                                                  : native->flags & ~trace::kHeadersWritten);
  }

  py::Ref span;
  std::unique_ptr<WireHeaders> wire;
};

std::string_view text_of(py::Handle value, std::string& room) {
  if (value.is_str() && !value.utf8().empty()) return value.utf8();
  room = value.text();
  return room;
}

void tag_headers(trace::Span& span, py::Handle headers, Side side) {
  const HeaderRules wanted(span);
  if (wanted.empty()) return;
  headers.each_pair([&](py::Handle name, py::Handle value) {
    std::string name_room, value_room;
    const std::string_view tag = wanted.tag(text_of(name, name_room), side);
    if (!tag.empty()) span.set(trace::Key(tag), text_of(value, value_room));
  });
}

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c & ~0x20);
  }
  return out;
}

}  // namespace

HttpClientKnobs http_client_knobs(const Settings& from, std::string_view section) {
  return {.own_service = from.own_service(section),
          .injects = from.knob(section, "DISTRIBUTED_TRACING", true),
          .by_domain = from.knob(section, "SPLIT_BY_DOMAIN", false)};
}

void start_http_client(py::Scope& scope, const HttpClientFacts& facts, const HttpClientKnobs& knobs,
                       const HttpClientRequest& request) {
  // A trace that is not sent is not continued elsewhere.
  if (!trace::Tracer::get().enabled()) return;
  const Settings& all = settings();
  const http::Url url = http::parse(request.url);
  const Pin pin = Pin::of(request.client);
  const std::string pinned = pin ? pin.service() : std::string();
  const std::string_view own = pinned.empty() ? std::string_view(knobs.own_service) : pinned;
  const std::string_view domain = !knobs.by_domain            ? std::string_view()
                                  : facts.domain_without_port ? url.host
                                                              : url.authority;
  Named named = {.service = {}, .source = facts.inherited_source};
  if (!facts.inherits_service || !own.empty() || !domain.empty())
    named = all.naming.of_client(
        {.integration = facts.component, .fallback = facts.service, .own = own, .domain = domain});
  const std::string_view name = all.naming.operation(facts.operation);
  const std::string method =
      facts.method_as_given ? std::string(request.method) : upper(request.method);
  std::string resource;
  if (facts.resource_is_path) {
    resource.reserve(method.size() + 1 + url.path.size());
    resource.append(method).append(" ").append(url.path);
  } else {
    resource = name;
  }
  const tracing::LiveSpan& live = start_step(scope, {.name = name,
                                                     .component = facts.component,
                                                     .service = named.service,
                                                     .source = named.source,
                                                     .resource = resource,
                                                     .type = "http",
                                                     .kind = "client",
                                                     .measured = facts.measured,
                                                     .name_lasts = true,
                                                     .waits = request.waits});
  if (!live) return;
  trace::Span& span = live.span();
  span.set(tags::kHttpMethod, method);
  span.set(tags::kHttpUrl, url_shown(span, request.url, all.show_client_query));
  if (tells_query(span)) span.set(kHttpQueryString, url.query);
  const std::string_view host = request.host.empty() ? url.host : request.host;
  if (!host.empty()) {
    span.set(tags::kOutHost, host);
    if (facts.tells_server_address) span.set(tags::kServerAddress, host);
  }
  const py::Ref agent =
      request.user_agent ? request.user_agent.share() : request.headers.item(kUserAgent);
  std::string room;
  const std::string_view agent_text = text_of(agent, room);
  if (facts.tells_user_agent && !agent_text.empty()) span.set(tags::kHttpUserAgent, agent_text);
  tag_headers(span, request.headers, Side::kRequest);
  if (!request.retries_remain.empty()) span.set(tags::kHttpRetriesRemain, request.retries_remain);
  if (pin) pin.tag(span);
  events::emit<events::HttpClientStarted>([&] {
    return events::HttpClientStarted{facts.component, method, request.url, span};
  });
  if (!knobs.injects || !request.may_inject || !request.headers) return;
  if (request.later)
    span.flags |= trace::kHeadersDue;
  else
    tracing::inject(live.object(), request.headers);
}

void tag_sent_headers(trace::Span& span, py::Handle headers) {
  tag_headers(span, headers, Side::kRequest);
}

void tag_response(trace::Span& span, const HttpClientResponse& response) {
  if (response.status <= 0) return;
  std::array<char, 12> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), response.status);
  span.set(tags::kHttpStatusCode,
           std::string_view(digits.data(), static_cast<std::size_t>(end.ptr - digits.data())));
  if (!response.reason.empty()) span.set(tags::kHttpStatusMessage, response.reason);
  if (settings().error_statuses.contains(response.status)) span.error = 1;
  tag_headers(span, response.headers, Side::kResponse);
}

void finish_http_client(const py::Outcome& outcome, py::Scope& scope,
                        const HttpClientResponse& response) {
  if (const tracing::LiveSpan* live = step_of(scope); live && *live) {
    tag_response(live->span(), response);
    events::emit<events::HttpClientEnded>([&] {
      trace::Span& span = live->span();
      return events::HttpClientEnded{span.text(tags::kComponent), response.status, span};
    });
  }
  finish_step(outcome, scope);
}

void send_headers(py::Scope& scope, std::string_view component, const HeadersToSend& what) {
  py::Ref active = tracing::active();
  trace::Span* span = const_cast<trace::Span*>(tracing::native(active));
  if (!span || span->text(tags::kComponent) != component) return;
  Suppression& state = scope.emplace<Suppression>(std::move(active));
  if (!span->has(trace::kHeadersDue) || span->sealed()) return;
  span->flags = static_cast<std::uint16_t>(span->flags & ~trace::kHeadersDue);
  if (what.stored) state.wire = WireHeaders::expect(state.span, what.stored);
  if (!state.wire) tracing::inject(state.span, what.headers);
}

void headers_sent(py::Scope& scope) {
  if (const Suppression* state = scope.get<Suppression>(); state && state->wire)
    state->wire->show();
}

bool inner_injection_suppressed() {
  constexpr int kMostBetween = 8;  // spans of the application, or of other integrations
  const py::Ref active = tracing::active();
  const trace::Span* span = tracing::native(active);
  for (int i = 0; span && !span->sealed() && i < kMostBetween; ++i, span = span->parent)
    if (span->has(trace::kHeadersWritten)) return true;
  return false;
}

}  // namespace dd::contrib
