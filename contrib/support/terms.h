// The words that engines and integrations are written in, named once.

#pragma once

#include "core/py/hook.h"
#include "core/trace/tags.h"
#include "core/tracing/live_span.h"

namespace dd::contrib {

using py::Call;
using py::Handle;
using py::Kind;
using py::Name;
using py::Outcome;
using py::Ref;
using py::Scope;
using tracing::LiveSpan;
namespace tags = trace::tags;

}  // namespace dd::contrib
