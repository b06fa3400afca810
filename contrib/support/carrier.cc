#include "contrib/support/http_client.h"
#include "core/propagation/propagation.h"

namespace dd::contrib {
namespace {

// Writes into a mapping of the client's; reads nothing.
class Headers final : public propagation::Carrier {
 public:
  explicit Headers(py::Handle mapping) : mapping_(mapping) {}
  std::optional<std::string_view> get(std::string_view) const override { return {}; }
  void set(std::string_view name, std::string_view value) override {
    (void)mapping_.set_item(py::str(name), py::str(value));
  }

 private:
  const py::Handle mapping_;
};

}  // namespace

void inject_context(const tracing::LiveSpan& live, py::Handle headers) {
  Headers carrier(headers);
  const trace::Span& span = live.span();
  propagation::inject(*span.segment, span.id, false, carrier, propagation::options());
}

}  // namespace dd::contrib
