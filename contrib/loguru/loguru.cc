// loguru: every record says which trace and service it belongs to, itself and in `extra`.

#include "contrib/support/integration.h"
#include "contrib/support/log_correlation.h"

namespace dd::contrib::loguru {
namespace {

Name kExtra("extra"), kRecord("record");

// After the application's own patchers, before the record is formatted.
void enter_emit(Call& call, Scope&) {
  const Handle record = call.arg(0, kRecord);
  const Ref extra = record.item(kExtra);
  if (!record.is_dict() || !extra.is_dict()) return;
  put_log_correlation(record);
  put_log_correlation(extra);
}

constinit bool wanted = true;
constexpr const char* kModules[] = {"loguru"};
constexpr py::Target kRecords[] = {{"loguru._handler:Handler.emit", enter_emit, nullptr}};

constexpr Extra kExtras[] = {{kRecords, [] { return wanted; }}};

}  // namespace

extern const Integration integration;
constexpr Integration integration = {
    .name = "loguru",
    .package = "loguru",
    .versions = ">=0.4.0",
    .modules = kModules,
    .prepare = [](const Settings& from) { wanted = from.log_injection; },
    .extras = kExtras};

}  // namespace dd::contrib::loguru
