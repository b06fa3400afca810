#include "contrib/celery/context_tags.h"

#include <string>
#include <string_view>

#include "contrib/support/task_queue.h"

namespace dd::contrib::celery {
namespace {

using py::Handle, py::Ref;

// `origin` says what `hostname` said in older versions.
constexpr const char* kContextKeys[] = {
    "compression", "correlation_id", "countdown",  "delivery_info", "eta",   "exchange", "expires",
    "origin",      "hostname",       "id",         "priority",      "queue", "reply_to", "retries",
    "state",       "routing_key",    "serializer", "timelimit"};

bool is_unset(std::string_view key, Handle value) {
  if (!value || value.is_none() || (value.is_str() && value.size() == 0)) return true;
  if (key == "retries") return value.is_int() && value.integer() == 0;
  if (key != "timelimit") return false;
  bool all_none = true;
  value.each([&](Handle part) { all_none = all_none && part.is_none(); });
  return all_none;
}

}  // namespace

void tag_context(const tracing::LiveSpan& span, Handle context) {
  for (const char* key : kContextKeys) {
    const Ref value = context.is_dict() ? context.item(key) : context.attr(key);
    if (is_unset(key, value)) continue;
    const std::string_view shown = std::string_view(key) == "origin" ? "hostname" : key;
    tag_nested(span, std::string("celery.").append(shown), value);
  }
}

}  // namespace dd::contrib::celery
