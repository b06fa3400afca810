// logging: every record made by a logger says which trace and service it belongs to.

#include <charconv>
#include <utility>

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

Name kDd("dd"), kDict("__dict__"), kEnv("dd.env"), kService("dd.service"), kSpanId("dd.span_id"),
    kTraceId("dd.trace_id"), kVersion("dd.version"), kNothing("0"), kShortEnv("env"),
    kShortService("service"), kShortSpanId("span_id"), kShortTraceId("trace_id"),
    kShortVersion("version"), kRecord("record");

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

// str.format() reads "{dd.trace_id}" as the attribute trace_id of `dd`: the record has such an
// object while it is formatted.
struct WithDd {
  explicit WithDd(Ref&& holder) : attributes(std::move(holder)) {}
  WithDd(WithDd&& other) noexcept : attributes(std::move(other.attributes)) {}
  ~WithDd() {
    if (attributes) (void)attributes.delete_item(Handle(kDd.ptr()));
  }
  Ref attributes;
};

void enter_brace_format(Call& call, Scope& scope) {
  Ref attributes = call.arg(0, kRecord).attr(kDict);
  if (!attributes.is_dict() || attributes.contains(Handle(kDd.ptr()))) return;
  const Handle implementation = PySys_GetObject("implementation");  // a SimpleNamespace
  const Ref dd = implementation.type().call();
  const struct {
    const Name &from, &to;
    const char* otherwise;
  } kParts[] = {{kTraceId, kShortTraceId, "0"},
                {kSpanId, kShortSpanId, "0"},
                {kService, kShortService, ""},
                {kVersion, kShortVersion, ""},
                {kEnv, kShortEnv, ""}};
  for (const auto& part : kParts) {
    const Ref value = attributes.item(part.from);
    (void)dd.set_attr(part.to, value ? value.share() : py::str(part.otherwise));
  }
  if (dd && attributes.set_item(kDd, dd)) scope.emplace<WithDd>(std::move(attributes));
}

// Here for its end: the scope takes the object away again.
void leave_brace_format(Outcome&, Scope&) {}

constinit bool wanted = true;

constexpr const char* kModules[] = {"logging"};
constexpr py::Target kRecords[] = {
    {"logging:Logger.makeRecord", nullptr, leave_make_record},
    {"logging:StrFormatStyle._format", enter_brace_format, leave_brace_format},
};

}  // namespace

extern const Integration integration;
constexpr Integration integration = {
    .name = "logging",
    .modules = kModules,
    .prepare = [](const Settings& from) { wanted = from.log_injection; },
    .extra = kRecords,
    .wanted = [] { return wanted; }};

}  // namespace dd::contrib::logging
