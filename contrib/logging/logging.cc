// logging: every record made by a logger says which trace and service it belongs to.

#include <charconv>

#include "contrib/support/integration.h"
#include "core/trace/segment.h"
#include "core/trace/tracer.h"
#include "core/tracing/live_span.h"

namespace dd::contrib::logging {
namespace {

using py::Call;
using py::Handle;
using py::Name;
using py::Outcome;
using py::Ref;
using py::Scope;

Name kDict("__dict__"), kEnv("dd.env"), kService("dd.service"), kSpanId("dd.span_id"),
    kTraceId("dd.trace_id"), kVersion("dd.version"), kNothing("0");

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

void leave_make_record(Outcome& outcome, Scope&) {
  const Ref attributes = outcome.result.attr(kDict);
  if (!attributes.is_dict()) return;
  const trace::Span* span = tracing::active_span();
  if (span) {
    (void)attributes.set_item(kTraceId, trace_id_text(span->segment->trace_id));
    (void)attributes.set_item(kSpanId, span_id_text(span->id));
  } else {
    (void)attributes.set_item(kTraceId, Handle(kNothing.ptr()));
    (void)attributes.set_item(kSpanId, Handle(kNothing.ptr()));
  }
  const FactTexts& facts = current_texts();
  (void)attributes.set_item(kService, Handle(facts.service));
  (void)attributes.set_item(kVersion, Handle(facts.version));
  (void)attributes.set_item(kEnv, Handle(facts.env));
}

constexpr const char* kModules[] = {"logging"};
constexpr py::Target kTargets[] = {{"logging:Logger.makeRecord", nullptr, leave_make_record}};

}  // namespace

extern const Integration integration;
constexpr Integration integration = {.name = "logging", .modules = kModules, .targets = kTargets};

}  // namespace dd::contrib::logging
