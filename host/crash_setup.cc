#include "host/crash_setup.h"

#include <Python.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/product/product.h"
#include "core/product/safe_mode.h"
#include "core/py/ref.h"
#include "core/py/stack_dump.h"
#include "core/trace/tracer.h"
#include "core/tracing/activation.h"
#include "core/transport/agent_sink.h"
#include "host/emulated.h"
#include "host/products.h"
#include "host/python_version.h"
#include "products/crash/crash.h"

#if defined(__x86_64__)
#define DD_PLATFORM "x86_64-unknown-linux-gnu"
#else
#define DD_PLATFORM "aarch64-unknown-linux-gnu"
#endif

namespace dd::host {
namespace {

constexpr std::size_t kMaxFrames = 128;

constinit product::Gate crash_gate;

crash::Facts facts_of_process() {
  const trace::ProcessFacts& facts = trace::Tracer::get().facts();
  static const std::string& started_as = *new std::string(start_name());
  return {.service = facts.service,
          .env = facts.env,
          .version = facts.version,
          .runtime_id = facts.runtime_id,
          .process_tags = facts.process_tags,
          .language_version = python_version(),
          .tracer_version = DD_EMULATED_VERSION,
          .agent_url = transport::agent_sink::agent_url(),
          .platform = DD_PLATFORM,
          .version_of_program = DD_VERSION,
          .state_folder = product::safe_mode::folder(),
          .started_as = started_as};
}

// Innermost first. Empty when it does not start in the program's own module.
std::vector<crash::Frame> frames_of(py::Handle traceback) {
  const py::Ref first = traceback.attr("tb_frame");
  const py::Ref above = first.attr("f_back");
  if (!first || (above && !above.is_none()) ||
      first.attr("f_code").attr("co_name").text() != "<module>")
    return {};
  std::vector<crash::Frame> out;
  py::Ref at = traceback.share();
  while (at && !at.is_none() && out.size() < kMaxFrames) {
    const py::Ref code = at.attr("tb_frame").attr("f_code");
    out.push_back({code.attr("co_name").text(), code.attr("co_filename").text(),
                   static_cast<int>(at.attr("tb_lineno").integer())});
    at = at.attr("tb_next");
  }
  std::reverse(out.begin(), out.end());
  return out;
}

PyObject* of_sys(const char* name) { return PySys_GetObject(name); }

bool is_error(PyObject* type) {
  return type != nullptr && PyExceptionClass_Check(type) &&
         PyType_IsSubtype(reinterpret_cast<PyTypeObject*>(type),
                          reinterpret_cast<PyTypeObject*>(PyExc_Exception));
}

// In a signal handler.
bool active_span(std::uint64_t& trace_high, std::uint64_t& trace_low, std::uint64_t& span) {
  tracing::ActiveIds ids;
  if (!tracing::peek_active(ids)) return false;
  trace_high = ids.trace.high;
  trace_low = ids.trace.low;
  span = ids.span;
  return true;
}

Status install() {
  crash::install(facts_of_process(), {.dump = &py::dump_stacks, .active = &active_span});
  return {};
}

}  // namespace

void refresh_crash_facts() {
  if (crash_gate.open()) crash::set_facts(facts_of_process());
}

// CPython keeps what it has shown as uncaught. Programs keep exceptions there as well (debuggers,
// test runners): those do not start at the bottom of the stack. Who has a hook of its own for them
// tells of them itself.
void report_uncaught_exception() {
  if (!crash_gate.open()) return;
  PyObject* const type = of_sys("last_type");
  const py::Handle value = of_sys("last_value"), traceback = of_sys("last_traceback");
  if (!is_error(type) || !value || !traceback || traceback.is_none() ||
      of_sys("excepthook") != of_sys("__excepthook__"))
    return;
  const std::vector<crash::Frame> frames = frames_of(traceback);
  if (frames.empty()) return;
  crash::report_exception(py::Handle(type).attr("__name__").text(), value.display(), frames);
  if (PyErr_Occurred() != nullptr) PyErr_Clear();
}

}  // namespace dd::host

constinit const dd::product::Product dd::products::crash_reports = {
    .gate = &dd::host::crash_gate,
    .settings = &dd::crash::settings,
    .wanted = [] { return dd::host::with_agent(dd::crash::wanted(), "DD_CRASHTRACKING_ENABLED"); },
    .start = &dd::host::install,
    .fork = {.child =
                 [] {
                   dd::crash::set_runtime_id(dd::trace::Tracer::get().facts().runtime_id);
                   dd::crash::return_to_front();
                 }},
};
