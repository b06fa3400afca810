#include "core/transport/log_sink.h"

#include <errno.h>
#include <unistd.h>

#include <string>

#include "core/config/core_settings.h"
#include "core/config/serverless.h"
#include "core/encoding/json_traces.h"
#include "core/trace/tracer.h"

namespace dd::transport::log_sink {
namespace {

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
  if (!config::in_lambda() || config::has_lambda_extension() || config::in_google_function() ||
      config::in_azure_function())
    return false;
  for (const char* name : {"DD_AGENT_HOST", "DD_TRACE_AGENT_HOSTNAME",
                           "DATADOG_TRACE_AGENT_HOSTNAME", "DD_TRACE_AGENT_URL"})
    if (const auto value = config::variable(name); value && !value->empty()) return false;
  return true;
}

void start() { trace::Tracer::get().add_sink(new LogSink); }  // lives as long as the process

}  // namespace dd::transport::log_sink
