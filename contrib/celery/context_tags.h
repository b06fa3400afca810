// What celery knows of a message or of a task's run, as tags: "celery.retries",
// "celery.delivery_info".
//
// GIL held; nothing here raises.

#pragma once

#include "core/py/ref.h"
#include "core/tracing/live_span.h"

namespace dd::contrib::celery {

// From the fields of a message, a dictionary, or the attributes of a task's request.
void tag_context(const tracing::LiveSpan& span, py::Handle context);

}  // namespace dd::contrib::celery
