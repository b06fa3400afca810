#include "contrib/support/header_rules.h"

#include "contrib/support/integration.h"
#include "core/http/url.h"
#include "core/trace/tags.h"

namespace dd::contrib {
namespace {

// "flask" names the section "FLASK".
bool names(std::string_view component, std::string_view section) {
  if (component.size() != section.size()) return false;
  for (std::size_t i = 0; i < component.size(); ++i) {
    const char c = component[i];
    const char upper = c == '-' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c & ~0x20) : c;
    if (upper != section[i]) return false;
  }
  return true;
}

const Settings::OwnHttp* find_own(const trace::Span& span) {
  const Settings& all = settings();
  if (all.own_http.empty()) return nullptr;
  const std::string_view component = span.text(trace::tags::kComponent);
  for (const Settings::OwnHttp& own : all.own_http) {
    if (names(component, own.section)) return &own;
  }
  return nullptr;
}

}  // namespace

HeaderRules::HeaderRules(const trace::Span& span) : all_(&settings().header_tags) {
  const Settings::OwnHttp* own = find_own(span);
  if (own && !own->headers.empty()) own_ = &own->headers;
}

std::string_view HeaderRules::tag(std::string_view header, http::Side side) const {
  if (own_) {
    const std::string_view found = own_->tag(header, side);
    if (!found.empty()) return found;
  }
  return all_->tag(header, side);
}

bool tells_query(const trace::Span& span) {
  const Settings& all = settings();
  if (all.own_http.empty()) return false;
  const Settings::OwnHttp* own = find_own(span);
  if (own && own->tells_query) return *own->tells_query;
  for (const Settings::OwnHttp& row : all.own_http) {
    if (row.section.empty()) return row.tells_query.value_or(false);
  }
  return false;
}

std::string url_shown(const trace::Span& span, std::string_view url, bool with_query) {
  const Settings::OwnHttp* own = find_own(span);
  if (own && own->shows_query) with_query = *own->shows_query;
  return http::shown_url(url, with_query, settings().redactor());
}

}  // namespace dd::contrib
