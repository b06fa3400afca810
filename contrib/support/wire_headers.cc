#include "contrib/support/wire_headers.h"

#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "contrib/support/terms.h"
#include "core/tracing/carrier.h"
#include "core/tracing/live_span.h"

namespace dd::contrib {
namespace {

py::Name kBuffer("_buffer");

// Without a way out of the loop: sixteen characters at once.
bool is_plain(std::string_view text) {
  unsigned char odd = 0;
  for (const char c : text) odd |= static_cast<unsigned char>(c - 0x20) > 0x5e;
  return !odd && !text.empty();
}

}  // namespace

constinit WireHeaders* WireHeaders::first_ = nullptr;

WireHeaders::WireHeaders(Handle span, Handle stored)
    : span_(tracing::native(span)),
      span_object_(span.share()),
      stored_(stored.share()),
      next_(std::exchange(first_, this)) {}

WireHeaders::~WireHeaders() {
  for (WireHeaders** at = &first_; *at; at = &(*at)->next_) {
    if (*at != this) continue;
    *at = next_;
    return;
  }
}

// What is injected, as the block and where in it.
class WireHeaders::Writer final : public propagation::Carrier {
 public:
  explicit Writer(WireHeaders& of) : of_(of) {}
  std::optional<std::string_view> get(std::string_view) const override { return std::nullopt; }
  void set(std::string_view name, std::string_view value) override {
    constexpr std::string_view kBetween = "\r\n", kAfterName = ": ";
    fits_ = fits_ && of_.count_ < kMost && !name.empty() && !value.empty() &&
            name.size() < kMostBytes && value.size() < kMostBytes &&
            size_ + name.size() + value.size() + 4 <= kMostBytes;
    if (!fits_) return;
    if (size_ != 0) add(kBetween);
    const std::size_t begin = size_;
    add(name);
    add(kAfterName);
    Header& made = of_.headers_[of_.count_++];
    made.at = size_;
    made.size = value.size();
    add(value);
    made.name = tracing::name_of_header(name);
    fits_ = made.name && is_plain({text_ + begin, size_ - begin}) && !of_.has(made.name);
  }

  std::string_view block() const {  // empty: there is none, or it does not fit
    return fits_ ? std::string_view(text_, size_) : std::string_view();
  }

 private:
  void add(std::string_view more) {
    more.copy(text_ + size_, more.size());
    size_ += more.size();
  }

  WireHeaders& of_;
  std::size_t size_ = 0;
  bool fits_ = true;
  char text_[kMostBytes];
};

bool WireHeaders::has(Handle name) const {
  if (stored_ && PyDict_CheckExact(stored_.ptr()))
    return PyDict_Contains(stored_.ptr(), name.ptr()) == 1;
  return stored_.contains(name);
}

std::unique_ptr<WireHeaders> WireHeaders::expect(Handle span, Handle stored) {
  std::unique_ptr<WireHeaders> made(new WireHeaders(span, stored));
  Writer writer(*made);
  tracing::inject(span, writer);
  if (writer.block().empty()) return {};
  made->block_ = py::bytes(writer.block());
  return made;
}

void WireHeaders::show() const {
  const std::string_view block = block_.bytes();
  for (const Header& header : std::span(headers_, count_)) {
    const Ref value = py::str(block.substr(header.at, header.size));
    const Handle pair[] = {header.name, value};
    const Ref both = py::tuple(pair);
    if (!both || !PyDict_CheckExact(stored_.ptr()))
      (void)stored_.set_item(header.name, both);
    else if (PyDict_SetItem(stored_.ptr(), header.name.ptr(), both.ptr()) < 0)
      py::swallow_error();
  }
}

void WireHeaders::enter_request(py::Call& call, py::Scope&) {
  if (!first_) return;
  constexpr int kMostBetween = 8;  // spans of the application, or of other integrations
  const Ref active = tracing::active();
  const trace::Span* span = tracing::native(active);
  for (int i = 0; span && !span->sealed() && i < kMostBetween; ++i, span = span->parent) {
    if (!span->has(trace::kHeadersWritten)) continue;
    for (WireHeaders* each = first_; each; each = each->next_) {
      if (each->span_ != span) continue;
      each->connection_ = call.self().ptr();
      break;
    }
    return;  // the nearest client that wrote any
  }
}

void WireHeaders::enter_endheaders(py::Call& call, py::Scope&) {
  for (WireHeaders* each = first_; each; each = each->next_) {
    if (each->connection_ == nullptr || each->connection_ != call.self().ptr()) continue;
    each->connection_ = nullptr;
    (void)call.self().attr(kBuffer).append(each->block_);
    return;
  }
}

}  // namespace dd::contrib
