// logbook: every record says which trace and service it belongs to, in `extra`.

#include "contrib/support/integration.h"
#include "contrib/support/log_correlation.h"

namespace dd::contrib::logbook {
namespace {

Name kExtra("extra"), kRecord("record");

// After the application's own processors, before any handler sees the record.
void enter_process(Call& call, Scope&) {
  const Ref extra = call.arg(0, kRecord).attr(kExtra);
  if (extra && PyDict_Check(extra.ptr())) put_log_correlation(extra);
}

constinit bool wanted = true;
constexpr const char* kModules[] = {"logbook"};
constexpr py::Target kRecords[] = {
    {"logbook.base:RecordDispatcher.process_record", enter_process, nullptr}};

constexpr Extra kExtras[] = {{kRecords, [] { return wanted; }}};

}  // namespace

extern const Integration integration;
constexpr Integration integration = {
    .name = "logbook",
    .package = "logbook",
    .versions = ">=1.0.0",
    .modules = kModules,
    .prepare = [](const Settings& from) { wanted = from.log_injection; },
    .extras = kExtras};

}  // namespace dd::contrib::logbook
