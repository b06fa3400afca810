// Statements that go to a database. Emitted by contrib/support/dbapi, on the application's thread
// with the GIL held, before the driver gets the statement.

#pragma once

#include <string_view>

namespace dd::trace {
class Span;
}

namespace dd::events {

struct SqlStatement {
  std::string_view component;  // "sqlite"
  std::string_view system;     // "postgresql"
  std::string_view text;
  trace::Span& span;
};

}  // namespace dd::events
