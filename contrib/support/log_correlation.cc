#include "contrib/support/log_correlation.h"

#include <charconv>

#include "core/trace/segment.h"
#include "core/trace/tracer.h"
#include "core/tracing/live_span.h"

namespace dd::contrib {
namespace {

using py::Handle;
using py::Ref;

constinit py::Name kNothing("0");

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
Ref trace_id_text(trace::TraceId id) {
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

Ref span_id_text(std::uint64_t id) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, id);
  return py::str({digits, static_cast<std::size_t>(end.ptr - digits)});
}

}  // namespace

constinit LogKeys log_keys;

void put_log_correlation(Handle record) {
  const Ref active = tracing::active();
  if (const trace::Span* span = tracing::native(active)) {
    (void)record.set_item(log_keys.trace_id, trace_id_text(span->segment->trace_id));
    (void)record.set_item(log_keys.span_id, span_id_text(span->id));
  } else {
    (void)record.set_item(log_keys.trace_id, Handle(kNothing.ptr()));
    (void)record.set_item(log_keys.span_id, Handle(kNothing.ptr()));
  }
  const FactTexts& facts = current_texts();
  (void)record.set_item(log_keys.service, Handle(facts.service));
  (void)record.set_item(log_keys.version, Handle(facts.version));
  (void)record.set_item(log_keys.env, Handle(facts.env));
}

}  // namespace dd::contrib
