// Names of the tags that the program itself sets or reads, as constants: `span.set(tags::kHttpUrl,
// url)`. The table (tags.def) gives each its number (core/trace/names.h).

#pragma once

#include <cstdint>
#include <string_view>

#include "core/trace/span.h"
#include "core/trace/text.h"

namespace dd::trace::tags {

enum TagIndex : std::uint16_t {
  kNoTag,
#define DD_TAG(constant, name, form) constant##Index,
#include "core/trace/tags.def"
#undef DD_TAG
  kTagCount,  // one past the last
};

#define DD_TAG(constant, name, form) inline constexpr Key constant(name, constant##Index);
#include "core/trace/tags.def"
#undef DD_TAG

struct TagInfo {
  std::string_view name;
  AttributeKind form;
};

// By index; the first row is empty.
inline constexpr TagInfo kTable[] = {
    {"", AttributeKind::kText},
#define DD_TAG(constant, name, form) {name, AttributeKind::form},
#include "core/trace/tags.def"
#undef DD_TAG
};

}  // namespace dd::trace::tags
