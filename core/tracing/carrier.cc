#include "core/tracing/carrier.h"

#include <forward_list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/ascii.h"
#include "core/propagation/propagation.h"
#include "core/py/error.h"
#include "core/tracing/activation.h"
#include "core/tracing/context_object.h"
#include "core/tracing/hub_events.h"
#include "core/tracing/link_object.h"
#include "core/tracing/live_span.h"
#include "core/tracing/processors.h"
#include "core/tracing/span_object.h"

namespace dd::tracing {
namespace {

using py::Handle;
using py::Ref;

// "HTTP_X_DATADOG_TRACE_ID" and "X-Datadog-Trace-Id" are both "x-datadog-trace-id".
std::string header_name(std::string_view key) {
  std::string name = base::lowered(key);
  if (name.starts_with("http_")) {
    name.erase(0, 5);
    for (char& c : name)
      if (c == '_') c = '-';
  }
  return name;
}

bool may_carry(std::string_view name) {
  return name.starts_with("x-datadog-") || name.starts_with("x-b3-") || name.starts_with("trace") ||
         name == "b3" || name == "baggage" || name.starts_with("ot-baggage-");
}

// Most headers of a request are ruled out by their first letters.
bool looks_like_ours(std::string_view key) {
  if (key.size() > 5 && (key.starts_with("HTTP_") || key.starts_with("http_")))
    key.remove_prefix(5);
  if (key.size() < 2) return false;
  const char second = static_cast<char>(key[1] | 0x20);
  switch (key[0] | 0x20) {
    case 'x':  // x-datadog-, x-b3-
      return key.size() > 3 && ((key[2] | 0x20) == 'd' || (key[2] | 0x20) == 'b');
    case 't':  // traceparent, tracestate
      return second == 'r';
    case 'b':  // b3, baggage
      return key.size() == 2 || second == 'a';
    case 'o':  // ot-baggage-
      return second == 't';
    default:
      return false;
  }
}

class ReadHeaders : public propagation::Carrier {
 public:
  explicit ReadHeaders(Handle headers) {
    const auto take = [this](Handle key, Handle value) {
      const std::string_view raw = key.is_bytes() ? key.bytes() : key.utf8();
      if (!looks_like_ours(raw)) return;
      for (const std::string_view known : kUsual)
        if (raw == known) {
          add(known, value);
          return;
        }
      std::string name = header_name(key.text());
      if (may_carry(name)) add(keep(std::move(name)), value);
    };
    if (headers.is_list()) {
      headers.each([&](Handle pair) {
        if (pair.is_tuple() && pair.size() == 2)
          take(PyTuple_GET_ITEM(pair.ptr(), 0), PyTuple_GET_ITEM(pair.ptr(), 1));
      });
    } else if (headers && PyDict_CheckExact(headers.ptr())) {  // nothing here runs Python
      Py_ssize_t position = 0;
      PyObject *key = nullptr, *value = nullptr;
      while (PyDict_Next(headers.ptr(), &position, &key, &value))
        if (may_be_ours(key)) take(key, value);
    } else {
      headers.each_pair(take);
    }
  }
  bool empty() const { return found_.empty(); }
  std::optional<std::string_view> get(std::string_view name) const override {
    for (const Header& header : found_)
      if (header.name == name) return header.value;
    return std::nullopt;
  }
  void set(std::string_view, std::string_view) override {}
  trace::Entries all(std::string_view prefix) const override {
    trace::Entries some;
    for (const Header& header : found_)
      if (header.name.starts_with(prefix))
        some.emplace_back(header.name.substr(prefix.size()), header.value);
    return some;
  }

 private:
  struct Header {
    std::string_view name, value;
    Ref object;  // the value itself when it is plain text
  };
  std::string_view keep(std::string&& text) { return own_.emplace_front(std::move(text)); }
  // Of plain text the first letters are read where they are.
  static bool may_be_ours(PyObject* key) {
    if (!PyUnicode_CheckExact(key) || !PyUnicode_IS_COMPACT_ASCII(key)) return true;
    return looks_like_ours({reinterpret_cast<const char*>(PyUnicode_1BYTE_DATA(key)),
                            static_cast<std::size_t>(PyUnicode_GET_LENGTH(key))});
  }
  void add(std::string_view name, Handle value) {
    if (found_.empty()) found_.reserve(8);
    const bool plain =
        value && PyUnicode_CheckExact(value.ptr()) && PyUnicode_IS_COMPACT_ASCII(value.ptr());
    if (plain)
      found_.push_back({name, value.utf8(), value.share()});
    else
      found_.push_back({name, keep(value.text()), Ref()});
  }
  static constexpr std::string_view kUsual[] = {"x-datadog-trace-id",
                                                "x-datadog-parent-id",
                                                "x-datadog-sampling-priority",
                                                "x-datadog-tags",
                                                "x-datadog-origin",
                                                "traceparent",
                                                "tracestate",
                                                "baggage"};
  std::vector<Header> found_;
  std::forward_list<std::string> own_;  // texts that are neither usual nor an object's
};

class WrittenHeaders : public propagation::Carrier {
 public:
  std::optional<std::string_view> get(std::string_view) const override { return std::nullopt; }
  void set(std::string_view name, std::string_view value) override {
    made.emplace_back(name, value);
  }
  Headers made;
};

void decide_if_open(trace::Segment& segment, trace::Span& root) {
  bool open;
  {
    const base::MutexLock lock(segment.mutex);
    open = !segment.priority;
  }
  if (open) decide_trace(segment, root);
}

Ref link_of(const propagation::ExtractedLink& link) {
  Ref attributes = py::dict();
  (void)attributes.set_item("reason", py::str(link.reason));
  (void)attributes.set_item("context_headers", py::str(link.style));
  return make_link(id_object(link.trace_id), py::unsigned_integer(link.span_id),
                   link.tracestate ? py::str(*link.tracestate) : Ref(),
                   link.flags ? py::integer(*link.flags) : Ref(), std::move(attributes));
}

// With `some` the answer is empty when none of the headers are ours.
Ref extract_with(Handle headers, const propagation::Options& options, bool some = false) {
  const py::ErrorKeep keep;
  const ReadHeaders carrier(headers);
  py::swallow_error();
  if (some && carrier.empty()) return {};
  propagation::ExtractedContext found = propagation::extract(carrier, options);
  // The reference answers None in this mode only; applications test for it.
  if (!found.segment && options.extract_first && headers.size() != 0) return py::none();
  if (!found.segment) found.segment = trace::Segment::make({});
  const trace::TraceId id = found.segment->trace_id;
  Ref context = make_context(std::move(found.segment), id, found.span_id, true);
  if (context && !found.links.empty()) {
    as_context(context)->links = py::list();
    for (const auto& link : found.links) (void)as_context(context)->links.append(link_of(link));
  }
  return context;
}

}  // namespace

namespace {

void write_headers(Handle span_or_context, Handle target, propagation::Carrier& carrier) {
  const Ref assigned =
      is_span(span_or_context) ? assigned_context(as_span(span_or_context)) : Ref();
  if (assigned) span_or_context = assigned;
  if (heard(HubEvent::kInject)) [[unlikely]] {
    const Ref more = target ? target.share() : py::dict();
    tell(HubEvent::kInject,
         {is_span(span_or_context) ? context_of(as_span(span_or_context)) : span_or_context, more});
    if (!target)
      more.each_pair([&](Handle name, Handle value) { carrier.set(name.text(), value.text()); });
  }
  if (is_span(span_or_context)) {
    SpanObject* const self = as_span(span_or_context);
    trace::Segment& segment = *self->span->segment;
    if (!self->root->span->sealed()) decide_if_open(segment, *self->root->span);
    propagation::inject(segment, self->span->id, false, carrier, propagation::options());
  } else if (is_context(span_or_context)) {
    ContextObject* const self = as_context(span_or_context);
    trace::Segment& segment = segment_of(self);
    const Ref active = active_object();
    py::swallow_error();
    if (is_span(active) && as_span(active)->span->segment == &segment)
      decide_if_open(segment, *as_span(active)->root->span);
    propagation::inject(segment, self->span_id, self->remote, carrier, propagation::options());
  }
}

}  // namespace

Ref name_of_header(std::string_view name) {
  static constinit struct {
    std::string_view text;
    py::Name object;
  } known[] = {{"x-datadog-trace-id", py::Name("x-datadog-trace-id")},
               {"x-datadog-parent-id", py::Name("x-datadog-parent-id")},
               {"x-datadog-sampling-priority", py::Name("x-datadog-sampling-priority")},
               {"x-datadog-tags", py::Name("x-datadog-tags")},
               {"traceparent", py::Name("traceparent")},
               {"tracestate", py::Name("tracestate")}};
  for (const auto& [text, object] : known)
    if (text == name) return Ref::borrow(object.ptr());
  return py::str(name);
}

namespace {

class Mapping final : public propagation::Carrier {
 public:
  explicit Mapping(Handle target) : target_(target) {}
  std::optional<std::string_view> get(std::string_view) const override { return std::nullopt; }
  void set(std::string_view name, std::string_view value) override {
    const Ref key = name_of_header(name), text = py::str(value);
    if (!key || !text || !PyDict_CheckExact(target_.ptr()))
      (void)target_.set_item(key, text);
    else if (PyDict_SetItem(target_.ptr(), key.ptr(), text.ptr()) < 0)
      py::swallow_error();
  }

 private:
  Handle target_;
};

}  // namespace

Headers headers_of(Handle span_or_context, Handle target) {
  const py::ErrorKeep keep;
  WrittenHeaders carrier;
  write_headers(span_or_context, target, carrier);
  return std::move(carrier.made);
}

void inject(Handle span_or_context, propagation::Carrier& into) {
  const py::ErrorKeep keep;
  write_headers(span_or_context, {}, into);
  py::swallow_error();
}

void inject(Handle span_or_context, Handle headers) {
  const py::ErrorKeep keep;
  Mapping carrier(headers);
  write_headers(span_or_context, headers, carrier);
  py::swallow_error();
}

std::string traceparent(Handle span) {
  const py::ErrorKeep keep;
  SpanObject* const self = as_span(span);
  trace::Segment& segment = *self->span->segment;
  if (!self->root->span->sealed()) decide_if_open(segment, *self->root->span);
  const base::MutexLock lock(segment.mutex);
  return propagation::traceparent(segment, self->span->id);
}

Ref extract(Handle headers) { return extract_with(headers, propagation::options()); }

Ref extract_tracecontext(Handle headers) {
  propagation::Options options = propagation::options();
  options.extract = {propagation::Style::kTraceContext};
  options.behavior = propagation::Behavior::kContinue;
  options.extract_first = false;
  return extract_with(headers, options);
}

Ref continued(Handle headers) {
  Ref context = extract_with(headers, propagation::options(), true);
  if (!continues(context)) return {};
  const Ref now = active();
  if (!now) return context;
  const trace::TraceId found = as_context(context)->trace_id;
  const trace::TraceId here = is_span(now)      ? as_span(now)->span->segment->trace_id
                              : is_context(now) ? as_context(now)->trace_id
                                                : trace::TraceId();
  return !found || found == here ? Ref() : static_cast<Ref&&>(context);
}

bool continues(Handle context) {
  if (!is_context(context)) return false;
  const ContextObject* const self = as_context(context);
  if (self->trace_id || self->links) return true;
  const base::MutexLock lock(self->segment->mutex);
  return !self->segment->baggage.empty();
}

}  // namespace dd::tracing
