// Commands of MongoDB, read for their span: what is asked of which collection.
//
// GIL held; nothing here raises.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "contrib/rules/settings.h"
#include "contrib/support/step.h"
#include "core/py/ref.h"

namespace dd::contrib {

struct MongoCommand {
  std::string name;      // "find"; empty: nothing to tell
  py::Ref collection{};  // its name, or the number of commands that have none
  std::string database{};
  py::Ref query{};              // a dictionary, or empty
  py::Ref ordered{};            // of writes
  std::int64_t documents = -1;  // of an insert
};

struct MongoKnobs {
  std::string own_service;
  bool obfuscates;
};
MongoKnobs mongo_knobs(const Settings& settings);

// Of a command's document, of a query or its continuation, and of the bytes of a message.
MongoCommand mongo_command(py::Handle document, py::Handle database);
MongoCommand mongo_query(py::Handle operation);
MongoCommand mongo_message(std::string_view bytes);

// A span of the command. What it leaves in the scope is a step that keeps `keeps`.
tracing::LiveSpan& start_mongo(py::Scope& scope, const MongoKnobs& knobs,
                               const MongoCommand& command, bool waits, py::Handle keeps = {});
// Of something else the client does.
tracing::LiveSpan& start_mongo(py::Scope& scope, const MongoKnobs& knobs, std::string_view name,
                               bool waits, py::Handle keeps = {});
// What DD_DBM_PROPAGATION_MODE asks for, behind what the application says itself: of a command's
// document, its copy; of a query, in place. Empty, and nothing done, when nothing is wanted.
py::Ref commented_command(py::Handle document, const tracing::LiveSpan& live);
void comment_query(py::Handle operation, const tracing::LiveSpan& live);
// (host, port)
void tag_mongo_address(trace::Span& span, py::Handle address);

}  // namespace dd::contrib
