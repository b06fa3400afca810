// The text of a query with its values replaced by "?", as the agent counts it: comments and aliases
// dropped, lists of values made one, one space between words.
//
//   obfuscate_sql("SELECT id AS i FROM t WHERE a IN (1, 2) -- x") == "SELECT id FROM t WHERE a IN (
//   ? )"
//
// Total: any text has an answer.

#pragma once

#include <string>
#include <string_view>

namespace dd::stats {

std::string obfuscate_sql(std::string_view query);

}  // namespace dd::stats
