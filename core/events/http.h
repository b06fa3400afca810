// Requests that the application makes and answers. Emitted by the engines of contrib/support, on
// the application's thread with the GIL held; spans are still open.

#pragma once

#include <string_view>

namespace dd::trace {
class Span;
}

namespace dd::events {

struct HttpClientStarted {
  std::string_view component;  // "requests"
  std::string_view method;     // as it is sent
  std::string_view url;        // whole, as the application gave it
  trace::Span& span;
};
struct HttpClientEnded {
  std::string_view component;
  int status = 0;  // 0: no answer
  trace::Span& span;
};

struct WebRequestStarted {
  std::string_view component;  // "flask"
  std::string_view method;
  trace::Span& span;
};

}  // namespace dd::events
