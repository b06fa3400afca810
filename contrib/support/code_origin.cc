#include "contrib/support/code_origin.h"

#include <array>
#include <charconv>
#include <string_view>

#include "contrib/support/integration.h"
#include "core/trace/tags.h"
#include "core/tracing/live_span.h"

namespace dd::contrib {
namespace {

constinit py::Name kFunctionCode("__code__"), kFileName("co_filename"),
    kFirstLine("co_firstlineno"), kFunctionModule("__module__"), kFunctionPath("__qualname__");

}  // namespace

void tell_code_origin(Handle function) {
  if (!settings().tell_code_origin) return;
  trace::Span* span = const_cast<trace::Span*>(tracing::active_span());
  if (!span || !function) return;
  Ref code, module, path;
  if (PyFunction_Check(function.ptr())) {  // its parts, without looking anything up
    const auto* plain = reinterpret_cast<const PyFunctionObject*>(function.ptr());
    code = Ref::borrow(plain->func_code);
    module = Ref::borrow(plain->func_module);
    path = Ref::borrow(plain->func_qualname);
  } else {
    code = function.attr(kFunctionCode);
    if (!code) return;
    module = function.attr(kFunctionModule);
    path = function.attr(kFunctionPath);
  }
  Ref file;
  long long first_line;
  if (PyCode_Check(code.ptr())) {
    const auto* parts = reinterpret_cast<const PyCodeObject*>(code.ptr());
    file = Ref::borrow(parts->co_filename);
    first_line = parts->co_firstlineno;
  } else {
    file = code.attr(kFileName);
    first_line = code.attr(kFirstLine).integer();
  }
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), first_line);
  const std::string_view line(digits.data(), static_cast<std::size_t>(end.ptr - digits.data()));
  trace::Span* root = span;
  while (root->parent) root = const_cast<trace::Span*>(root->parent);
  if (!root->text(tags::kCodeOriginFile).empty()) return;  // its first entry counts
  for (trace::Span* one : {span, root}) {
    if (one->finished()) continue;
    one->set_static(tags::kCodeOriginType, "entry");
    one->set(tags::kCodeOriginFile, file.utf8());
    one->set(tags::kCodeOriginLine, line);
    one->set(tags::kCodeOriginModule, module.utf8());
    one->set(tags::kCodeOriginMethod, path.utf8());
    if (root == span) break;
  }
}

}  // namespace dd::contrib
