#include "contrib/support/wire_headers.h"

#include <string>
#include <string_view>
#include <utility>

#include "core/tracing/carrier.h"
#include "core/tracing/live_span.h"

namespace dd::contrib {
namespace {

using py::Handle;
using py::Ref;

py::Name kBuffer("_buffer");

bool is_plain(std::string_view text) {
  for (const char c : text)
    if (c < 0x20 || c > 0x7e) return false;
  return !text.empty();
}

}  // namespace

constinit WireHeaders* WireHeaders::first_ = nullptr;

WireHeaders::WireHeaders(Handle span, Handle stored)
    : span_(tracing::native(span)),
      span_object_(span.share()),
      stored_(stored.share()),
      next_(std::exchange(first_, this)) {}

WireHeaders::~WireHeaders() {
  for (WireHeaders** at = &first_; *at; at = &(*at)->next_) {
    if (*at != this) continue;
    *at = next_;
    return;
  }
}

std::unique_ptr<WireHeaders> WireHeaders::expect(Handle span, Handle stored) {
  const tracing::Headers headers = tracing::headers_of(span);
  if (headers.empty()) return {};
  std::unique_ptr<WireHeaders> made(new WireHeaders(span, stored));
  made->headers_.reserve(headers.size());
  std::string text;
  text.reserve(512);
  for (const auto& [name, value] : headers) {
    Ref name_object = py::str(name);
    if (!is_plain(name) || !is_plain(value) || stored.contains(name_object)) return {};
    if (!text.empty()) text.append("\r\n");
    text.append(name).append(": ").append(value);
    made->headers_.emplace_back(std::move(name_object), py::str(value));
  }
  made->block_ = py::bytes(text);
  return made;
}

void WireHeaders::show() const {
  for (const auto& [name, value] : headers_) {
    const Handle pair[] = {name, value};
    (void)stored_.set_item(name, py::tuple(pair));
  }
}

void WireHeaders::enter_request(py::Call& call, py::Scope&) {
  if (!first_) return;
  constexpr int kMostBetween = 8;  // spans of the application, or of other integrations
  const Ref active = tracing::active();
  const trace::Span* span = tracing::native(active);
  for (int i = 0; span && !span->sealed() && i < kMostBetween; ++i, span = span->parent) {
    if (!span->has(trace::kHeadersWritten)) continue;
    for (WireHeaders* each = first_; each; each = each->next_) {
      if (each->span_ != span) continue;
      each->connection_ = call.self().ptr();
      break;
    }
    return;  // the nearest client that wrote any
  }
}

void WireHeaders::enter_endheaders(py::Call& call, py::Scope&) {
  for (WireHeaders* each = first_; each; each = each->next_) {
    if (each->connection_ == nullptr || each->connection_ != call.self().ptr()) continue;
    each->connection_ = nullptr;
    (void)call.self().attr(kBuffer).append(each->block_);
    return;
  }
}

}  // namespace dd::contrib
