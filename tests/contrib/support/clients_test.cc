// Parts of the engines of clients: headers that a connection writes, remote calls, language models.

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "contrib/support/integration.h"
#include "contrib/support/llm_client.h"
#include "contrib/support/rpc.h"
#include "contrib/support/step.h"
#include "contrib/support/wire_headers.h"
#include "core/py/hook.h"
#include "tests/core/py/interpreter.h"

namespace dd::contrib {
namespace {

std::optional<std::string> nothing_set(std::string_view) { return {}; }

class Clients : public tests::PythonTest {
 protected:
  Clients() : made_(nothing_set, {"app", false}) { set_settings(&made_); }
  Settings made_;
};

constexpr py::Target kConnection[] = {
    {.where = "fakeclient:Connection.request", .enter = WireHeaders::enter_request},
    {.where = "fakeclient:Connection.endheaders", .enter = WireHeaders::enter_endheaders},
};

// A span that says of itself that a client above has written the headers, while it lives.
struct Sending {
  Sending() : span(tracing::LiveSpan::start({.name = "request"})) {
    span.span().flags |= trace::kHeadersWritten;
  }
  ~Sending() { span.finish(); }
  tracing::LiveSpan span;
};

class Wire : public Clients {
 protected:
  Wire() {
    module("fakeclient",
           "class Connection:\n"
           "  def __init__(self): self._buffer = []\n"
           "  def request(self, method, url): self._buffer.append(b'first'); self.endheaders()\n"
           "  def endheaders(self): pass\n");
    run("import fakeclient\nconnection, stored = fakeclient.Connection(), {}");
    EXPECT_TRUE(patch_.apply(kConnection).status().ok());
  }
  ~Wire() override { patch_.remove(); }
  py::Patch patch_;
};

TEST_F(Wire, a_connection_writes_them_each_time_it_sends) {
  const Sending sending;
  const auto headers = WireHeaders::expect(sending.span.object(), eval("stored"));
  ASSERT_TRUE(headers);
  run("connection.request('GET', '/')\nconnection.request('GET', '/')");
  EXPECT_EQ(show("len(connection._buffer)"), "4");
  EXPECT_TRUE(is_true("connection._buffer[1] == connection._buffer[3]"));
  EXPECT_TRUE(is_true("connection._buffer[1].startswith(b'x-datadog-trace-id: ')"));
  EXPECT_TRUE(is_true("b'\\r\\ntraceparent: 00-' in connection._buffer[1]"));
  EXPECT_EQ(show("stored"), "{}");
  headers->show();
  EXPECT_TRUE(is_true("stored['traceparent'][0] == 'traceparent'"));
}

TEST_F(Wire, another_span_and_what_was_sent_before_get_none) {
  const Sending sending;
  const auto headers = WireHeaders::expect(sending.span.object(), eval("stored"));
  {
    const Sending other;
    run("connection.request('GET', '/')");
  }
  run("connection.endheaders()");
  EXPECT_EQ(show("connection._buffer"), "[b'first']");
}

TEST_F(Wire, a_header_by_the_caller_takes_the_usual_way) {
  const Sending sending;
  run("stored['traceparent'] = ('traceparent', 'own')");
  EXPECT_FALSE(WireHeaders::expect(sending.span.object(), eval("stored")));
}

struct TargetCase {
  const char *name, *target, *host, *port;
};
constexpr TargetCase kTargetCases[] = {
    {"a name", "server:50", "server", "50"},
    {"a scheme", "dns:///server:50", "server", "50"},
    {"a scheme without slashes", "ipv4:10.0.0.1:50", "10.0.0.1", "50"},
    {"brackets", "[::1]:50", "::1", "50"},
};

TEST_F(Clients, targets_of_remote_calls) {
  constexpr RpcSide kSide = {"grpc", "grpc-client", {"grpc", "grpc.client.request"}, "client"};
  const RpcKnobs knobs{.own_service = {}, .distributed = true};
  for (const TargetCase& row : kTargetCases) {
    SCOPED_TRACE(row.name);
    py::Scope scope;
    const py::Ref metadata = start_rpc_client(
        scope, kSide,
        {.path = "/a.b.Service/Do", .shape = "unary", .knobs = &knobs, .target = row.target});
    EXPECT_TRUE(metadata.is_tuple());
    trace::Span& span = step_of(scope)->span();
    EXPECT_EQ(span.text(trace::Key("grpc.host")), row.host);
    EXPECT_EQ(span.text(trace::Key("network.destination.port")), row.port);
    EXPECT_EQ(span.text(trace::Key("grpc.method.package")), "a.b");
    EXPECT_EQ(span.text(trace::Key("grpc.method.service")), "Service");
    EXPECT_EQ(span.text(trace::Key("grpc.method.name")), "Do");
  }
}

TEST_F(Clients, tokens_by_either_of_their_names) {
  run("from types import SimpleNamespace as N\n"
      "old = N(prompt_tokens=3, completion_tokens=4)\n"
      "new = N(input_tokens=3, output_tokens=4, total_tokens=8,\n"
      "        input_tokens_details=N(cached_tokens=2))");
  for (const char* name : {"old", "new"}) {
    SCOPED_TRACE(name);
    py::Scope scope;
    LlmRequest* request = start_llm(scope, {.component = "openai",
                                            .name = "openai.request",
                                            .resource = "createChatCompletion",
                                            .kind = "llm"});
    ASSERT_TRUE(request);
    request->tokens = llm_tokens(eval(name));
    const py::Ref kept = request->span.object().share();
    finish_llm(py::Outcome(Py_None, nullptr, nullptr), scope);
    const trace::Span& span = *tracing::native(kept);
    double total = 0, cached = 0;
    EXPECT_TRUE(span.number(trace::Key("gen_ai.usage.total_tokens"), total));
    EXPECT_EQ(total, name == std::string_view("old") ? 7 : 8);
    EXPECT_EQ(span.number(trace::Key("_dd.llmobs.cache_read_input_tokens"), cached),
              name == std::string_view("new"));
  }
}

}  // namespace
}  // namespace dd::contrib
