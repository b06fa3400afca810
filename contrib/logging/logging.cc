// logging: every record made by a logger says which trace and service it belongs to.

#include <utility>

#include "contrib/support/integration.h"
#include "contrib/support/log_correlation.h"

namespace dd::contrib::logging {
namespace {

Name kDd("dd"), kDict("__dict__"), kRecord("record"), kShortEnv("env"), kShortService("service"),
    kShortSpanId("span_id"), kShortTraceId("trace_id"), kShortVersion("version");

void leave_make_record(Outcome& outcome, Scope&) {
  if (outcome.result) put_log_attributes(outcome.result);
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
  } kParts[] = {{log_keys.trace_id, kShortTraceId, "0"},
                {log_keys.span_id, kShortSpanId, "0"},
                {log_keys.service, kShortService, ""},
                {log_keys.version, kShortVersion, ""},
                {log_keys.env, kShortEnv, ""}};
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

constexpr Extra kExtras[] = {{kRecords, [] { return wanted; }}};

}  // namespace

extern const Integration integration;
constexpr Integration integration = {
    .name = "logging",
    .modules = kModules,
    .prepare = [](const Settings& from) { wanted = from.log_injection; },
    .extras = kExtras};

}  // namespace dd::contrib::logging
