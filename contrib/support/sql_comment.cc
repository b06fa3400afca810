#include "contrib/support/sql_comment.h"

#include <algorithm>
#include <string_view>

#include "contrib/support/integration.h"
#include "core/base/ascii.h"
#include "core/trace/tags.h"
#include "core/trace/tracer.h"
#include "core/tracing/carrier.h"

namespace dd::contrib {
namespace {

py::Name kAdd("__add__"), kComposedModule("__module__"), kSql("SQL");

bool is_plain(char c) {
  return base::is_letter_or_digit(c) || std::string_view("_.-~/").find(c) != std::string_view::npos;
}

// key='value', with what is not plain as %%20: drivers take %% for % in statements with arguments.
void add(std::string& out, std::string_view key, std::string_view value) {
  constexpr char kHex[] = "0123456789ABCDEF";
  if (value.empty()) return;
  if (!out.empty()) out.push_back(',');
  out.append(key).append("='");
  for (const char c : value) {
    if (is_plain(c)) {
      out.push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out.append("%%").push_back(kHex[byte >> 4]);
    out.push_back(kHex[byte & 15]);
  }
  out.push_back('\'');
}

// Known to every process with the same tags: FNV-1.
std::string hash_of(std::string_view process_tags) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : process_tags) {
    hash *= 0x100000001b3;
    hash ^= static_cast<unsigned char>(c);
  }
  return std::to_string(hash);
}

}  // namespace

bool comments_statements() { return settings().comments != SqlComments::kNone; }

std::string sql_comment_words(const tracing::LiveSpan& live) {
  const trace::ProcessFacts& process = trace::Tracer::get().facts();
  trace::Span& span = live.span();
  const SqlComments wanted = settings().comments;
  const std::string_view database = span.text(tags::kDbName);
  std::string out;
  add(out, "dddb", database);
  add(out, "dddbs",
      process.peer_service_defaults && !database.empty() ? database : span.service.view());
  add(out, "dde", process.env);
  add(out, "ddh", span.text(tags::kOutHost));
  add(out, "ddprs", span.text(tags::kPeerService));
  add(out, "ddps", process.service);
  add(out, "ddpv", process.version);
  if (wanted == SqlComments::kDynamicService || settings().comment_tells_hash) {
    const std::string hash = hash_of(process.process_tags);
    add(out, "ddsh", hash);
    span.set(trace::Key("_dd.propagated_hash"), hash);
  }
  if (wanted == SqlComments::kFull) {
    add(out, "traceparent", tracing::traceparent(live.object()));
    span.set_static(trace::Key("_dd.dbm_trace_injected"), "true");
  }
  return out;
}

std::string sql_comment(const tracing::LiveSpan& live) {
  return "/*" + sql_comment_words(live) + "*/ ";
}

Ref commented(Handle statement, const std::string& comment) {
  if (statement.is_str()) return py::str(comment + statement.text());
  if (statement.is_bytes()) return py::bytes(comment + statement.text());
  const std::string module = statement.type().attr(kComposedModule).text();
  if (module != "psycopg.sql" && module != "psycopg2.sql") return {};
  return py::imported(module.c_str())
      .attr(kSql)
      .call(py::str(comment))
      .call_method(kAdd, statement);
}

}  // namespace dd::contrib
