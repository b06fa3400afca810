#include "core/transport/log_sink.h"

#include <errno.h>
#include <unistd.h>

#include <string>

#include "core/config/core_settings.h"
#include "core/encoding/json_traces.h"
#include "core/trace/tracer.h"

namespace dd::transport::log_sink {
namespace {

bool is_set(const char* name) {
  const auto value = config::variable(name);
  return value && !value->empty();
}

// One write as a rule, so that lines of several threads stay whole.
void write_all(std::string_view text) {
  while (!text.empty()) {
    const ssize_t done = write(STDOUT_FILENO, text.data(), text.size());
    if (done > 0)
      text.remove_prefix(static_cast<std::size_t>(done));
    else if (errno != EINTR)
      return;
  }
}

class LogSink final : public trace::Sink {
 public:
  void accept(trace::Delivery* delivery) override {
    write_all(encoding::log_line(*delivery, trace::Tracer::get().facts(),
                                 config::native_span_events.get()));
    trace::Delivery::drop(delivery);
  }
};

}  // namespace

bool wanted() {
  if (!is_set("AWS_LAMBDA_FUNCTION_NAME")) return false;
  for (const char* name : {"DD_AGENT_HOST", "DD_TRACE_AGENT_HOSTNAME",
                           "DATADOG_TRACE_AGENT_HOSTNAME", "DD_TRACE_AGENT_URL"})
    if (is_set(name)) return false;
  const bool google = (is_set("FUNCTION_NAME") && is_set("GCP_PROJECT")) ||
                      (is_set("K_SERVICE") && is_set("FUNCTION_TARGET"));
  const bool azure = is_set("FUNCTIONS_WORKER_RUNTIME") && is_set("FUNCTIONS_EXTENSION_VERSION");
  return !google && !azure && access("/opt/extensions/datadog-agent", F_OK) != 0;
}

void start() { trace::Tracer::get().add_sink(new LogSink); }  // lives as long as the process

}  // namespace dd::transport::log_sink
