#include "contrib/support/message_headers.h"

#include "contrib/support/terms.h"
#include "core/tracing/carrier.h"

namespace dd::contrib {

Ref with_trace_headers(Handle given, Handle span) {
  if (given && !given.is_none() && !given.is_dict()) return with_trace_pairs(given, span, &py::str);
  Ref all = py::dict();
  given.each_pair([&](Handle name, Handle value) { (void)all.set_item(name, value); });
  tracing::inject(span, all);
  return all;
}

Ref with_trace_pairs(Handle given, Handle span, Ref (*value_of)(std::string_view)) {
  Ref all = py::list();
  if (given && !given.is_none()) given.each([&](Handle pair) { (void)all.append(pair); });
  for (const auto& [name, text] : tracing::headers_of(span)) {
    const Ref key = py::str(name), value = value_of(text);
    const Handle parts[] = {key, value};
    (void)all.append(py::tuple(parts));
  }
  return all;
}

}  // namespace dd::contrib
