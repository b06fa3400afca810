#include "contrib/support/message_headers.h"

#include "contrib/support/terms.h"
#include "core/tracing/carrier.h"

namespace dd::contrib {

Ref with_trace_headers(Handle given, Handle span) {
  const Ref carried = py::dict();
  tracing::inject(span, carried);
  if (!given.is_list()) {
    Ref all = py::dict();
    given.each_pair([&](Handle name, Handle value) { (void)all.set_item(name, value); });
    carried.each_pair([&](Handle name, Handle value) { (void)all.set_item(name, value); });
    return all;
  }
  Ref all = py::list();
  given.each([&](Handle pair) { (void)all.append(pair); });
  carried.each_pair([&](Handle name, Handle value) {
    const Handle parts[] = {name, value};
    (void)all.append(py::tuple(parts));
  });
  return all;
}

}  // namespace dd::contrib
