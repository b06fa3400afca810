#include "core/json/json.h"
#include "tests/fuzz/fuzz.h"

namespace {

using dd::json::Value;

void write(const Value& value, dd::json::Writer& out) {
  switch (value.kind()) {
    case Value::Kind::kNull:
      out.null();
      break;
    case Value::Kind::kBool:
      out.value(value.boolean());
      break;
    case Value::Kind::kNumber:
      out.value(value.number());
      break;
    case Value::Kind::kText:
      out.value(value.text());
      break;
    case Value::Kind::kArray:
      out.open_array();
      for (const Value& one : value.items()) write(one, out);
      out.close();
      break;
    case Value::Kind::kObject:
      out.open_object();
      for (const Value::Member& one : value.members()) write(one.value, out.key(one.name));
      out.close();
      break;
  }
}

std::string text_of(const Value& value) {
  dd::json::Writer out;
  write(value, out);
  return out.take();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto read = dd::json::parse(dd::fuzz::text_of(data, size));
  if (!read) return 0;
  // What was understood can be written, and is understood as the same again.
  const std::string once = text_of(*read);
  const auto again = dd::json::parse(once);
  FUZZ_CHECK(again);
  FUZZ_CHECK(text_of(*again) == once);
  return 0;
}
