#include "pyshim/native/log_submission.h"

#include <Python.h>

#include <string>

#include "core/py/hook.h"
#include "core/py/imports/import_hook.h"
#include "core/py/ref.h"

namespace dd::pyshim {
namespace {

using py::Handle;
using py::Ref;

constinit config::Setting<bool> submission_enabled({.env = "DD_AGENTLESS_LOG_SUBMISSION_ENABLED",
                                                    .fallback = "false"});
constinit config::TextSetting submission_key({.env = "DD_API_KEY", .secret = true});
constinit config::TextSetting submission_site({.env = "DD_SITE", .fallback = "datadoghq.com"});
constinit config::TextSetting submission_url({.env = "DD_LOGS_INTAKE_URL"});
config::SettingBase* const kSubmissionSettings[] = {&submission_enabled, &submission_key,
                                                    &submission_site, &submission_url};

constinit PyObject* submit = nullptr;  // takes a record; kept for good

// A record that the logger has not refused, before its handlers see it.
void enter_call_handlers(py::Call& call, py::Scope&) {
  if (const Handle record = call.arg(0); record && submit != nullptr)
    (void)Handle(submit).call(record);
}

constexpr py::Target kSubmissionTargets[] = {
    {.where = "logging:Logger.callHandlers", .enter = &enter_call_handlers}};

std::string intake() {
  if (!submission_url.get().empty()) return std::string(submission_url.get());
  return "https://http-intake.logs." + std::string(submission_site.get());
}

void hook_handlers(Handle, const void*) {
  const Ref module = Ref::steal(PyImport_ImportModule("ddtrace.internal._log_submission"));
  const Ref url = py::str(intake()), key = py::str(submission_key.get());
  Ref made = module.attr("Submission").call(url, key);
  if (!made) return py::swallow_error();
  submit = made.release();
  static auto* const patch = new py::Patch;
  (void)patch->apply(kSubmissionTargets);
}

constexpr py::ModuleHook kSubmissionHooks[] = {{"logging", &hook_handlers}};

}  // namespace

std::span<config::SettingBase* const> log_submission_settings() { return kSubmissionSettings; }

bool log_submission_wanted() { return submission_enabled.get(); }

Status submit_logs() {
  if (submission_key.get().empty())
    return Status::error("logs need an API key: set DD_API_KEY; they are not sent");
  py::import_hook::add(kSubmissionHooks);
  return {};
}

}  // namespace dd::pyshim
