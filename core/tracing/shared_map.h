// The maps of a trace as Python sees them: `context._meta`, `_metrics` and `_baggage`.
//
// Each is a dict to whoever looks, but its contents live in the Segment, which all contexts and
// spans of a local trace share: a write to one is seen by all, and is sent. Views and iterators are
// over a copy of the moment. Values are texts (numbers in `_metrics`): what is stored becomes one.
// A map remembers numbers, bytes and None that it was given and shows these, for as long as it
// lives: contexts keep it. All functions need the GIL.

#pragma once

#include "core/py/ref.h"
#include "core/trace/segment.h"

namespace dd::tracing {

enum class MapKind : unsigned char { kMeta, kMetrics, kBaggage };

// The one that exists, if there is one.
py::Ref make_shared_map(trace::Shared<trace::Segment> segment, MapKind kind);

// A dict of what is in there now.
py::Ref snapshot(trace::Segment& segment, MapKind kind);
// The map, when it remembers something; empty otherwise. To keep.
py::Ref remembering_map(const trace::Segment& segment, MapKind kind);
// Adds or replaces everything of a mapping; None adds nothing. Gives the map to keep.
py::Ref fill_map(trace::Segment& segment, MapKind kind, py::Handle mapping);
py::Ref replace_map(trace::Segment& segment, MapKind kind, py::Handle mapping);
py::Ref put_in_map(trace::Segment& segment, MapKind kind, py::Handle key, py::Handle value);
void set_priority(trace::Segment& segment, py::Handle value);

}  // namespace dd::tracing
