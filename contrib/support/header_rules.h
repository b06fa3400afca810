// Which headers of a request become tags of its span: those that its integration wants, then those
// that are wanted of all. The integration is the span's component.
//
// GIL held; made for one call.

#pragma once

#include <string>
#include <string_view>

#include "contrib/rules/settings.h"
#include "core/trace/span.h"

namespace dd::contrib {

class HeaderRules {
 public:
  explicit HeaderRules(const trace::Span& span);

  bool empty() const { return !own_ && all_->empty(); }
  // The tag of a header, in any case; empty when it is not wanted.
  std::string_view tag(std::string_view header, http::Side side) const;

 private:
  const http::HeaderTags* own_ = nullptr;
  const http::HeaderTags* all_;
};

// Whether the query of a request is a tag of its own.
inline constexpr trace::Key kHttpQueryString("http.query.string");
bool tells_query(const trace::Span& span);
// A URL as its integration wants it, else as all of its side do: redacted, and with its query?
std::string url_shown(const trace::Span& span, std::string_view url, bool with_query);

}  // namespace dd::contrib
