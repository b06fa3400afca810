#include "pyshim/native/traced_functions.h"

#include <Python.h>

#include <algorithm>
#include <utility>

#include "core/base/ascii.h"
#include "core/base/log.h"
#include "core/config/setting.h"
#include "core/py/imports/import_hook.h"
#include "core/py/ref.h"

namespace dd::pyshim {
namespace {

constexpr std::string_view kVariable = "DD_TRACE_METHODS";

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == text.npos) return parts;
    text.remove_prefix(end + 1);
  }
}

bool is_identifier(std::string_view word) {
  const auto fits = [](char c) {
    return c == '_' || static_cast<unsigned char>(c) >= 0x80 || base::is_letter_or_digit(c);
  };
  return !word.empty() && !base::is_digit(word[0]) && std::ranges::all_of(word, fits);
}
bool is_dotted_name(std::string_view text) {
  return std::ranges::all_of(split(text, '.'), is_identifier);
}

Status wrong(std::string_view part, const char* why) {
  return Status::error("'" + std::string(part) + "' " + why);
}

void trace_functions(py::Handle module, const void* data) {
  const auto& wanted = *static_cast<const FunctionsOfModule*>(data);
  const py::Ref tool = py::Ref::steal(PyImport_ImportModule("ddtrace._trace._traced_functions"));
  if (!tool) return py::swallow_error();
  for (const std::string& name : wanted.names) {
    const py::Ref done = py::Ref::steal(
        PyObject_CallMethod(tool.ptr(), "trace_function", "Os", module.ptr(), name.c_str()));
    if (done) continue;
    py::swallow_error();
    base::log(base::LogLevel::kWarning, std::string(kVariable) + ": " + wanted.module +
                                            " has no function " + name + "; it is not traced");
  }
}

}  // namespace

Result<std::vector<FunctionsOfModule>> parse_traced_functions(std::string_view text) {
  std::vector<FunctionsOfModule> found;
  for (const std::string_view part : split(text, ';')) {
    const std::size_t colon = part.find(':');
    if (colon == part.npos) return wrong(part, "is not of the form module:function");
    const std::string_view module = part.substr(0, colon);
    if (module == "__main__") return wrong(part, "names the main module, which is not imported");
    if (!is_dotted_name(module)) return wrong(module, "is no name of a module");
    FunctionsOfModule entry{.module = std::string(module), .names = {}};
    for (const std::string_view name : split(part.substr(colon + 1), ',')) {
      if (!is_dotted_name(name)) return wrong(name, "is no name of a function");
      entry.names.emplace_back(name);
    }
    found.push_back(std::move(entry));
  }
  return found;
}

void watch_traced_functions() {
  const auto text = config::variable(kVariable);
  if (!text || text->empty()) return;
  Result<std::vector<FunctionsOfModule>> parsed = parse_traced_functions(*text);
  if (!parsed.ok()) {
    base::log(base::LogLevel::kWarning, std::string(kVariable) + ": " +
                                            std::string(parsed.status().message()) +
                                            "; no function is traced by it");
    return;
  }
  // Watched as long as the process lives.
  const auto& modules = *new std::vector<FunctionsOfModule>(std::move(parsed.value()));
  auto& hooks = *new std::vector<py::ModuleHook>;
  for (const FunctionsOfModule& entry : modules)
    hooks.push_back({.module = entry.module, .imported = &trace_functions, .data = &entry});
  py::import_hook::add(hooks);
}

}  // namespace dd::pyshim
