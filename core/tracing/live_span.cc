#include "core/tracing/live_span.h"

#include <string>
#include <utility>

#include "core/base/fork.h"
#include "core/py/error.h"
#include "core/trace/tags.h"
#include "core/trace/tracer.h"
#include "core/tracing/activation.h"
#include "core/tracing/context_object.h"
#include "core/tracing/processors.h"
#include "core/tracing/span_object.h"
#include "core/tracing/start.h"
#include "core/tracing/text.h"
#include "core/tracing/unfinished.h"

namespace dd::tracing {
namespace {

using py::Handle;
using py::Ref;

constinit PyObject* tags_of_all = nullptr;
using Changed = void (*)();
constinit Changed common_tags_changed = nullptr;

Ref begin(Handle parent, const SpanStart& what, bool parent_is_active) {
  Ref object = start_span(parent,
                          {.name = what.name,
                           .known_name = what.known_name,
                           .service = what.service,
                           .known_service = what.known_service,
                           .resource = what.resource,
                           .type = what.type,
                           .start_ns = what.start_ns,
                           .known_source = what.known_source},
                          what.activate, parent_is_active);
  if (object && what.measured) {
    trace::Span& span = *as_span(object)->span;
    span.flags = static_cast<std::uint16_t>(span.flags | trace::kMeasured);
  }
  return object;
}

// An error of C code that has not reached a Python frame yet is shown without a traceback's first
// line. For who reads traces it has a traceback, an empty one.
void add_headline(trace::Span& span) {
  const std::string_view stack = span.text(trace::tags::kErrorStack);
  std::string_view name = span.text(trace::tags::kErrorType);
  if (name.starts_with("builtins.")) name.remove_prefix(sizeof "builtins." - 1);
  std::string last(name);
  if (const std::string_view message = span.text(trace::tags::kErrorMessage); !message.empty())
    last.append(": ").append(message);
  last.append("\n");
  if (!stack.ends_with(last)) return;
  std::string whole(stack);
  span.set(trace::tags::kErrorStack,
           whole.insert(whole.size() - last.size(), "Traceback (most recent call last):\n"));
}

// They give way to the env and the version of the process.
void add_common_tags(Handle object) {
  trace::Span& span = *as_span(object)->span;
  const std::uint16_t before = span.flags;
  Handle(tags_of_all).each_pair([&](Handle key, Handle value) {
    if (!set_tag(as_span(object), key, value)) py::swallow_error();
  });
  const auto restore = [&](trace::SpanFlag flag, const trace::Key& key) {
    if ((before & flag) == 0 || span.has(flag)) return;
    span.remove(key);
    span.flags = static_cast<std::uint16_t>(span.flags | flag);
  };
  restore(trace::kEnv, trace::tags::kEnvTag);
  restore(trace::kVersion, trace::tags::kVersionTag);
}

}  // namespace

Ref start_span(Handle parent, trace::StartOptions&& options, bool activate, bool parent_is_active) {
  Handle span_parent, context;
  if (is_span(parent)) {
    SpanObject* const above = as_span(parent);
    options.parent = above->span;
    span_parent = parent;
  } else if (is_context(parent)) {
    options.segment = &segment_of(as_context(parent));
    options.parent_id = as_context(parent)->span_id;
    context = parent;
  }
  // Whether a span has the process' version depends on what is active, not on its parent.
  Ref asked;
  if (!trace::Tracer::get().facts().version.empty()) {
    Handle active = span_parent;
    if (!parent_is_active) {
      const py::ErrorKeep keep;
      asked = active_object();
      if (PyErr_Occurred()) py::swallow_error();
      active = is_span(asked) ? Handle(asked) : Handle();
    }
    // What a forked child finds active is a context of its parent's, and no root.
    if (active)
      if (const trace::Span* const root = as_span(active)->root->span;
          root->segment->fork_generation == base::fork_generation())
        options.active_root = root;
  }
  trace::Span* const span = trace::Tracer::get().start(options);
  // After a fork the tracer does not continue the parent's process as a local parent.
  Ref object = wrap_span(span, span->parent ? span_parent : Handle(), context);
  if (!object) return object;
  if (tags_of_all != nullptr) [[unlikely]]
    add_common_tags(object);
  if (context && as_context(context)->links) [[unlikely]]
    if (!add_links(as_span(object), as_context(context)->links)) py::swallow_error();
  if (activate) set_active(object);
  if (watches_unfinished()) [[unlikely]]
    note_started(as_span(object));
  span_started(object);
  return object;
}

void set_common_tags(Handle tags) {
  const bool any = tags.is_dict() && tags.size() != 0;
  const Ref old = Ref::steal(std::exchange(tags_of_all, any ? tags.share().release() : nullptr));
  if (common_tags_changed != nullptr) common_tags_changed();
}

Handle common_tags() { return tags_of_all; }

void on_common_tags(void (*changed)()) { common_tags_changed = changed; }

LiveSpan LiveSpan::start(const SpanStart& what) {
  const py::ErrorKeep keep;
  const Ref parent = what.activate ? parent_of_next() : active_object();
  py::swallow_error();
  Ref object = begin(parent, what, true);
  py::swallow_error();
  return LiveSpan(std::move(object));
}

LiveSpan LiveSpan::start_under(Handle parent, const SpanStart& what) {
  const py::ErrorKeep keep;
  Ref object = begin(parent, what, false);
  py::swallow_error();
  return LiveSpan(std::move(object));
}

LiveSpan LiveSpan::of(Handle span_object) {
  return is_span(span_object) ? LiveSpan(span_object.share()) : LiveSpan();
}

bool LiveSpan::open() const { return object_ && !as_span(object_)->span->finished(); }

trace::Span& LiveSpan::span() const { return writable(as_span(object_)); }

void LiveSpan::fail(Handle exception) const {
  if (!exception.is_exception()) return;
  const Ref traceback = Ref::steal(PyException_GetTraceback(exception.ptr()));
  fail(exception, traceback);
}

void LiveSpan::fail(Handle exception, Handle traceback) const {
  if (!exception.is_exception()) return;
  const py::ErrorKeep keep;
  const Handle type = exception.type();
  if (!record_error(as_span(object_), type, exception, traceback)) py::swallow_error();
  if (!traceback) add_headline(span());
}

void LiveSpan::finish(std::int64_t end_ns) const {
  const py::ErrorKeep keep;
  if (!finish_span(as_span(object_), end_ns)) py::swallow_error();
}

void LiveSpan::forget() {
  if (!object_) return;
  const py::ErrorKeep keep;
  trace::Tracer::get().abandon(as_span(object_)->span);
  leave(object_);
  object_ = Ref();
  py::swallow_error();
}

Ref active() {
  const py::ErrorKeep keep;
  Ref found = active_object();
  py::swallow_error();
  return found;
}

const trace::Span* active_span() {
  const Ref found = active();
  return native(found);
}

const trace::Span* native(Handle span_object) {
  return is_span(span_object) ? as_span(span_object)->span : nullptr;
}

void activate(Handle span_or_context) {
  const py::ErrorKeep keep;
  set_active(span_or_context);
  py::swallow_error();
}

}  // namespace dd::tracing
