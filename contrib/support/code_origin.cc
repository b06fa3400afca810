#include "contrib/support/code_origin.h"

#include <string>

#include "contrib/support/integration.h"
#include "core/trace/tags.h"
#include "core/tracing/live_span.h"

namespace dd::contrib {
namespace {

using py::Handle;
using py::Ref;
namespace tags = trace::tags;

constinit py::Name kFunctionCode("__code__"), kFileName("co_filename"),
    kFirstLine("co_firstlineno"), kFunctionModule("__module__"), kFunctionPath("__qualname__");

}  // namespace

void tell_code_origin(Handle function) {
  if (!settings().tell_code_origin) return;
  trace::Span* span = const_cast<trace::Span*>(tracing::active_span());
  const Ref code = function.attr(kFunctionCode);
  if (!span || !code) return;
  const Ref file = code.attr(kFileName), module = function.attr(kFunctionModule);
  const Ref path = function.attr(kFunctionPath);
  const std::string line = std::to_string(code.attr(kFirstLine).integer());
  trace::Span* root = span;
  while (root->parent) root = const_cast<trace::Span*>(root->parent);
  for (trace::Span* one : {span, root}) {
    if (one->finished()) continue;
    one->set_static(tags::kCodeOriginType, "entry");
    one->set(tags::kCodeOriginFile, file.utf8());
    one->set(tags::kCodeOriginLine, line);
    one->set(tags::kCodeOriginModule, module.utf8());
    one->set(tags::kCodeOriginMethod, path.utf8());
  }
}

}  // namespace dd::contrib
