// Spans without the values of their queries, where no agent does it: resources and the tags of
// queries, commands and bodies, by the type of the span. Total: any text has an answer.

#pragma once

#include <string>
#include <string_view>

#include "core/trace/span.h"

namespace dd::stats {

// "SET k v" is "SET k ?": the commands keep what says where, not what.
std::string obfuscate_redis(std::string_view commands);
// Documents with "?" for each value, without blanks; "..." where one cannot be read on.
std::string obfuscate_json(std::string_view documents);

// What a tag of the span is sent as; the resource when `key` is empty. `storage` may hold it.
std::string_view obfuscated(const trace::Span& span, std::string_view key, std::string_view value,
                            std::string& storage);
// The tag `sql.query` of spans that have none; empty: it is not sent.
std::string query_of(const trace::Span& span);

}  // namespace dd::stats
