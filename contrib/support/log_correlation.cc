#include "contrib/support/log_correlation.h"

#include <charconv>

#include "contrib/support/terms.h"
#include "core/trace/segment.h"
#include "core/trace/tracer.h"
#include "core/tracing/live_span.h"

namespace dd::contrib {
namespace {

constinit py::Name kDict("__dict__"), kNothing("0");

// The process' texts as Python objects, made again when the facts have changed.
struct FactTexts {
  std::uint64_t revision;
  PyObject *service, *env, *version;
};
constinit FactTexts texts{~std::uint64_t{0}, nullptr, nullptr, nullptr};

const FactTexts& current_texts() {
  const trace::ProcessFacts& facts = trace::Tracer::get().facts();
  if (texts.revision != facts.revision) [[unlikely]] {
    const Ref old[] = {Ref::steal(texts.service), Ref::steal(texts.env), Ref::steal(texts.version)};
    texts = {facts.revision, py::str(facts.service).release(), py::str(facts.env).release(),
             py::str(facts.version).release()};
  }
  return texts;
}

// 32 hexadecimal digits of an id of 128 bits; a shorter one in decimal digits.
Ref make_trace_id_text(trace::TraceId id) {
  char digits[32];
  if (id.high == 0) {
    const auto end = std::to_chars(digits, digits + sizeof digits, id.low);
    return py::str({digits, static_cast<std::size_t>(end.ptr - digits)});
  }
  constexpr char kHex[] = "0123456789abcdef";
  for (int i = 0; i < 16; ++i) {
    digits[15 - i] = kHex[id.high >> (4 * i) & 15];
    digits[31 - i] = kHex[id.low >> (4 * i) & 15];
  }
  return py::str({digits, sizeof digits});
}

Ref make_span_id_text(std::uint64_t id) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, id);
  return py::str({digits, static_cast<std::size_t>(end.ptr - digits)});
}

// The last ids: a span mostly says more than one thing.
struct IdTexts {
  trace::TraceId trace;
  std::uint64_t span;
  PyObject *trace_text, *span_text;
};
constinit IdTexts last{};

Handle trace_id_text(trace::TraceId id) {
  if (last.trace_text && last.trace == id) return last.trace_text;
  const Ref old = Ref::steal(last.trace_text);
  last.trace = id;
  return last.trace_text = make_trace_id_text(id).release();
}

Handle span_id_text(std::uint64_t id) {
  if (last.span_text && last.span == id) return last.span_text;
  const Ref old = Ref::steal(last.span_text);
  last.span = id;
  return last.span_text = make_span_id_text(id).release();
}

template <class Put>
void put_all(Put&& put) {
  const Ref active = tracing::active();
  if (const trace::Span* span = tracing::native(active)) {
    put(log_keys.trace_id, trace_id_text(span->segment->trace_id));
    put(log_keys.span_id, span_id_text(span->id));
  } else {
    put(log_keys.trace_id, Handle(kNothing.ptr()));
    put(log_keys.span_id, Handle(kNothing.ptr()));
  }
  const FactTexts& facts = current_texts();
  put(log_keys.service, Handle(facts.service));
  put(log_keys.version, Handle(facts.version));
  put(log_keys.env, Handle(facts.env));
}

}  // namespace

constinit LogKeys log_keys;

void put_log_correlation(Handle record) {
  put_all([record](const py::Name& key, Handle value) { (void)record.set_item(key, value); });
}

void put_log_attributes(Handle record) {
  if (Py_TYPE(record.ptr())->tp_setattro != PyObject_GenericSetAttr) [[unlikely]] {
    const Ref attributes = record.attr(kDict);
    if (attributes.is_dict()) put_log_correlation(attributes);
    return;
  }
  put_all([record](const py::Name& key, Handle value) { (void)record.set_attr(key, value); });
}

}  // namespace dd::contrib
