// sample v04|v04-native|v05|otlp|otlp-json: writes one payload of awkward spans to standard output,
// for payload_test.py.

#include <cstdio>
#include <string>
#include <string_view>

#include "core/encoding/encoder.h"
#include "core/encoding/otlp.h"
#include "core/trace/link.h"
#include "tests/fakes/made_trace.h"

namespace {

const dd::trace::ProcessFacts& facts() {
  static const dd::trace::ProcessFacts kFacts{.service = "shop",
                                              .env = "test",
                                              .version = "1",
                                              .runtime_id = "0123456789abcdef0123456789abcdef",
                                              .process_tags = "entrypoint.name:x",
                                              .git_commit = "abc",
                                              .pid = 42,
                                              .revision = 1};
  return kFacts;
}

// Links, events and structured tags, with whatever is awkward in JSON.
void add_extras(dd::fakes::MadeTrace& made, dd::trace::Span& span) {
  using namespace dd::trace;
  span.chunk = made.chunk();
  span.flags &= static_cast<std::uint16_t>(~kSealed);
  Link& full = *add_link(span, {64, 5}, 42, "dd=s:1", 1);
  set_link_attribute(span, full, "a.0", "\xc3\xa9\"\\\n\x01\x7f/");
  add_link(span, {0, 7}, 43);
  add_link(span, {0, 7}, 44, {}, 0);
  set_link_attribute(span, *add_link(span, {}, 0, {}, std::nullopt, true), "link.kind",
                     "span-pointer");
  Event& event = *add_event(span, "ev \xf0\x9f\x90\x8d", 1'700'000'000'000'000'000);
  add_event_value(span, event, "s", EventValueKind::kText)->text = copy_text(span, "a");
  add_event_value(span, event, "b", EventValueKind::kBool)->integer = 1;
  add_event_value(span, event, "i", EventValueKind::kInt)->integer = -1;
  constexpr std::pair<const char*, double> kNumbers[] = {
      {"d", 1.5}, {"one", 1.0}, {"e20", 1e20}, {"sm", 1e-7}};
  for (const auto& [name, value] : kNumbers)
    add_event_value(span, event, name, EventValueKind::kDouble)->real = value;
  EventValue& array = *add_event_value(span, event, "arr", EventValueKind::kArray);
  add_array_value(span, array, EventValueKind::kInt)->integer = 1;
  add_array_value(span, array, EventValueKind::kInt)->integer = 2;
  add_event(span, "bare", 5);
  set_struct(span, "appsec", "\x81\xa1z\xc0");
  set_struct(span, "appsec", "\x81\xa1k\x07");
  set_struct(span, "gone", "\x80");
  remove_struct(span, "gone");
  made.tag(span, "events", "replaced");
  span.flags |= kSealed;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const std::string_view form(argv[1]);
  const auto encoder = form.starts_with("otlp")
                           ? dd::encoding::make_otlp(
                                 facts, {.json = form == "otlp-json", .tracer_version = "4.16.0"})
                       : form == "v05" ? dd::encoding::make_v05(facts)
                                       : dd::encoding::make_v04(facts, form == "v04-native");
  dd::fakes::MadeTrace first;
  auto& root = first.span("web.request", 1);
  root.type = dd::trace::Text(std::string_view("web"));
  root.flags |= dd::trace::kEnv | dd::trace::kMeasured;
  first.tag(root, "http.method", "GET");
  first.count(root, "retries", -3);
  first.metric(root, "ratio", 0.25);
  auto& child = first.span("db", 2, 1);
  child.service = {};
  child.error = 1;
  child.duration_ns = -5;
  first.tag(child, "accents", "h\xc3\xa9llo \xf0\x9f\x90\x8d");
  first.tag(child, "broken", "a\xff\xed\xa0\x80z");
  first.tag(child, "long", std::string(25'001, 'x'));
  first.tag(child, "fits", std::string(25'000, 'y'));
  first.tag(child, "empty", "");
  add_extras(first, child);

  dd::fakes::MadeTrace huge;
  auto& big = huge.span("huge", 3);
  for (int i = 0; i < (form.starts_with("otlp") ? 1'200 : 200); ++i)
    huge.tag(big, "key" + std::to_string(i), std::string(20'000, 'q') + std::to_string(i));

  dd::fakes::MadeTrace second({0, 9});
  second.delivery().origin = dd::trace::Text(std::string_view("synthetics"));
  auto& many = second.span("many", 4);
  for (int i = 0; i < 70'000; ++i)
    second.tag(many, "k" + std::to_string(i), std::to_string(i % 3000));
  for (int i = 0; i < 20; ++i) second.metric(many, "m" + std::to_string(i), i);
  // Texts that differ in one letter only.
  for (std::size_t size = 1; size <= 40; ++size)
    for (std::size_t place = 0; place < size; ++place) {
      std::string text(size, 'z');
      text[place] = 'a';
      second.tag(many, text, text);
    }
  for (std::uint64_t i = 10; i < 30; ++i) second.span("leaf", i, 4);

  // OTLP repeats what a table of texts says once.
  const std::size_t kLimit = form.starts_with("otlp") ? 20'000'000 : 3'500'000;
  const bool taken[] = {encoder->add(first.delivery(), kLimit),
                        encoder->add(huge.delivery(), kLimit),
                        encoder->add(second.delivery(), kLimit)};
  if (!taken[0] || taken[1] || !taken[2] || encoder->chunks() != 2 || encoder->spans() != 23)
    return 3;
  dd::encoding::Buffer body;
  encoder->take(body);
  if (encoder->chunks() != 0) return 4;
  // The encoder is as new after take().
  dd::encoding::Buffer again, once_more;
  if (!encoder->add(first.delivery(), kLimit)) return 5;
  encoder->take(again);
  if (!encoder->add(first.delivery(), kLimit)) return 5;
  encoder->take(once_more);
  if (again.view() != once_more.view()) return 6;
  return std::fwrite(body.data(), 1, body.size(), stdout) == body.size() ? 0 : 1;
}
