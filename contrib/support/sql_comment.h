// Comments by which the database knows whose a statement is: database monitoring.
//
//     /*dddb='orders',dddbs='postgres',dde='prod',ddh='db1',ddps='shop'*/ SELECT ...
//
// DD_DBM_PROPAGATION_MODE says how much they tell: nothing (the default), the services, or the
// trace too. GIL held; nothing here raises.

#pragma once

#include <string>

#include "core/py/ref.h"
#include "core/tracing/live_span.h"

namespace dd::contrib {

// Whether anything is wanted.
bool comments_statements();
// Of the statement that the span is for, with the blank behind it. When it tells the trace the
// sampling decision is made and the span says so.
std::string sql_comment(const tracing::LiveSpan& live);
// The same as the bare words, for what has another place for them.
std::string sql_comment_words(const tracing::LiveSpan& live);
// The statement behind its comment: a str, bytes, or psycopg's composed one. Empty for others.
py::Ref commented(py::Handle statement, const std::string& comment);

}  // namespace dd::contrib
