#include "contrib/support/plain_request.h"

#include <string_view>

#include "contrib/support/header_rules.h"
#include "contrib/support/inferred_span.h"
#include "contrib/support/integration.h"
#include "core/http/client_ip.h"
#include "core/http/header_tags.h"
#include "core/http/url.h"
#include "core/trace/tags.h"
#include "core/tracing/carrier.h"

namespace dd::contrib {
namespace {

using http::Side;

std::string_view read_plain_header(const void* from, std::string_view name) {
  const Handle headers = *static_cast<const Handle*>(from);
  std::string_view found;
  headers.each_pair([&](Handle key, Handle value) {
    if (!found.data() && http::same_header(key.utf8(), name)) found = value.utf8();
  });
  return found;
}

void tag_wanted(trace::Span& span, Handle headers, Side side) {
  const HeaderRules wanted(span);
  if (wanted.empty()) return;
  headers.each_pair([&](Handle name, Handle value) {
    const std::string_view tag = wanted.tag(name.utf8(), side);
    if (!tag.empty()) span.set(trace::Key(tag), value.text());
  });
}

}  // namespace

Ref plain_headers(Handle mapping) {
  Ref made = py::dict();
  mapping.each_pair([&](Handle name, Handle value) { (void)made.set_item(name, value); });
  return made;
}

tracing::LiveSpan start_plain_request(const PlainRequest& request, bool continues,
                                      const tracing::SpanStart& start) {
  const Ref continued = continues ? tracing::continued(request.headers) : Ref();
  const Handle headers = request.headers;
  return start_request({read_plain_header, &headers}, continued, start);
}

void tag_plain_request(trace::Span& span, const PlainRequest& request) {
  const Settings& all = settings();
  const Handle headers = request.headers;
  const auto header = [&](std::string_view name) { return read_plain_header(&headers, name); };
  span.set(tags::kHttpMethod, request.method);
  span.set(tags::kHttpUrl, http::shown_url(request.url, all.show_server_query, all.redactor()));
  if (const auto query = http::parse(request.url).query; !query.empty() && tells_query(span))
    span.set(kHttpQueryString, query);
  if (const auto agent = header("user-agent"); !agent.empty())
    span.set(tags::kHttpUserAgent, agent);
  if (const auto referer = header("referer"); !referer.empty())
    span.set(tags::kHttpReferrerHost, http::parse(referer).host);
  tag_wanted(span, headers, Side::kRequest);
  if (!all.tell_client_ip || request.peer.empty()) return;
  const std::string ip =
      http::client_ip({read_plain_header, &headers}, request.peer, all.client_ip_header);
  if (!ip.empty()) span.set(tags::kHttpClientIp, ip);
  if (http::reach(request.peer) != http::Reach::kInvalid)
    span.set(tags::kNetworkClientIp, request.peer);
}

void tag_plain_answer(trace::Span& span, Handle headers) {
  tag_wanted(span, headers, Side::kResponse);
}

}  // namespace dd::contrib
