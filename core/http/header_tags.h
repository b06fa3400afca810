// Which headers become tags, and under which name (DD_TRACE_HEADER_TAGS, and the same per
// integration): "User-Agent,X-Order:order.id".
//
// Immutable once made; read from any thread.
// Source: engines.md section 3.

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace dd::http {

enum class Side : unsigned char { kRequest, kResponse };

class HeaderTags {
 public:
  explicit HeaderTags(std::string_view text = {});

  bool empty() const { return rows_.empty(); }
  // The tag of a header, in any case; empty when it is not wanted.
  std::string_view tag(std::string_view header, Side side) const;

 private:
  struct Row {
    std::string header;  // lower case
    std::string request, response;
  };
  std::vector<Row> rows_;
};

// "http.request.headers.x-order"; what is outside [a-z0-9_-:/] becomes '_'.
std::string header_tag(std::string_view header, Side side);

// True when both are the same header name; WSGI's '_' counts as '-'.
bool same_header(std::string_view left, std::string_view right);

}  // namespace dd::http
