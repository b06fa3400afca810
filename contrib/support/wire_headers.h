// Trace headers that a connection of http.client writes itself, as one block behind the headers of
// the request. On the usual way, through the mappings of a library and a putheader() for each, they
// cost it twenty thousand instructions apiece.
//
// The block belongs to one span: whichever connection sends a request below it, and however often,
// writes it once more. So it is for requests without code of the application in between, such as a
// body that is made while it is sent. What the connection says to a proxy before goes another way.
//
// GIL held; nothing here raises.

#pragma once

#include <cstddef>
#include <memory>

#include "core/py/hook.h"
#include "core/trace/span.h"

namespace dd::contrib {

class WireHeaders {
 public:
  // The headers of `span`, for a request whose own headers are `stored`: lower-case name ->
  // (name, value). Empty when they must take the usual way: one of them is there already,
  // http.client might refuse one, or they are more or longer than those of most traces.
  static std::unique_ptr<WireHeaders> expect(py::Handle span, py::Handle stored);
  ~WireHeaders();
  WireHeaders(const WireHeaders&) = delete;
  WireHeaders& operator=(const WireHeaders&) = delete;

  // Puts them among the request's headers, for whoever looks at what was sent.
  void show() const;

  // Hooks of a connection's request() and endheaders().
  static void enter_request(py::Call& call, py::Scope& scope);
  static void enter_endheaders(py::Call& call, py::Scope& scope);

 private:
  class Writer;
  static constexpr std::size_t kMost = 10, kMostBytes = 1536;
  struct Header {
    py::Ref name;
    std::size_t at = 0, size = 0;  // of its value in the block
  };
  WireHeaders(py::Handle span, py::Handle stored);
  bool has(py::Handle name) const;
  static WireHeaders* first_;  // all that are under way

  const trace::Span* const span_;
  const py::Ref span_object_, stored_;
  Header headers_[kMost];
  std::size_t count_ = 0;
  py::Ref block_;
  PyObject* connection_ = nullptr;  // between its request() and endheaders(); its address only
  WireHeaders* next_;
};

}  // namespace dd::contrib
