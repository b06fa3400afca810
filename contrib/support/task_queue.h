// Shared engine of task queues: spans of tasks that begin in one call and end in another.
//
// A queue tells by signals, or by methods of a middleware, what becomes of a task; its id is what
// they have in common. GIL held; nothing here raises.

#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include "core/py/ref.h"
#include "core/tracing/live_span.h"

namespace dd::contrib {

struct TaskStart {
  std::string_view name;       // "celery.run"
  std::string_view component;  // "celery"
  std::string_view own;        // service of the user's choice, or empty
  std::string_view fallback;   // "celery-worker"
  std::string_view resource;   // the task's name
  std::string_view type{};
  std::string_view kind;  // "producer", "consumer"
};
tracing::LiveSpan start_task(const TaskStart& what);

// Goes on with the trace that a message carries. What was active before, to be activated again
// (None for nothing); empty, and nothing done, when the message carries nothing new.
py::Ref go_on_with(py::Handle headers);

// What the application gave, by the rules of Span.set_tag(); a dictionary part by part.
void tag_nested(const tracing::LiveSpan& span, const std::string& name, py::Handle value);
// Host and port of the broker's URL; all of it when it has no host.
void tag_broker(trace::Span& span, const std::string& url);

// Open spans by the task's id; a task that is retried publishes its own id while it runs.
class OpenTasks {
 public:
  void put(const std::string& id, tracing::LiveSpan&& span);
  tracing::LiveSpan take(const std::string& id);  // empty when it is not open
  const tracing::LiveSpan* find(const std::string& id) const;
  tracing::LiveSpan take_active();  // the one that is active here, or empty

 private:
  std::unordered_map<std::string, tracing::LiveSpan> spans_;
};

}  // namespace dd::contrib
