// What the engines tell products.

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "contrib/support/http_client.h"
#include "contrib/support/integration.h"
#include "core/events/event.h"
#include "core/events/http.h"
#include "core/py/hook.h"
#include "core/trace/tracer.h"
#include "tests/core/py/interpreter.h"

namespace dd::contrib {
namespace {

std::optional<std::string> none_set(std::string_view) { return {}; }

constexpr HttpClientFacts kClient = {.component = "fake", .operation = {"fake.request"}};

void enter_send(py::Call& call, py::Scope& scope) {
  const py::Ref url = call.arg(0, py::Name("url")).share();
  start_http_client(scope, kClient, {}, {.method = "get", .url = url.utf8()});
}
void leave_send(py::Outcome& outcome, py::Scope& scope) {
  finish_http_client(outcome, scope, {.status = 204});
}
constexpr py::Target kTargets[] = {
    {.where = "fakehttp:send", .enter = enter_send, .leave = leave_send}};

struct Product {
  void on_started(events::HttpClientStarted& event) {
    seen.push_back(std::string(event.component) + " " + std::string(event.method) + " " +
                   std::string(event.url));
    event.span.set(trace::Key("product"), "was here");
  }
  void on_ended(events::HttpClientEnded& event) {
    seen.push_back(std::string(event.component) + " " + std::to_string(event.status) + " " +
                   std::string(event.span.text(trace::Key("product"))));
  }
  std::vector<std::string> seen;
};

class Events : public tests::PythonTest {
 protected:
  Events() : made_(none_set, {"app", false}) {
    set_settings(&made_);
    module("fakehttp", "def send(url): return url\n");
    EXPECT_TRUE(patch_.apply(kTargets).status().ok());
  }
  ~Events() override { patch_.remove(); }
  Settings made_;
  py::Patch patch_;
};

TEST_F(Events, of_a_client_tell_its_start_and_its_end_while_somebody_listens) {
  static Product product;
  run("import fakehttp\nfakehttp.send('http://a/b?c')");
  EXPECT_TRUE(product.seen.empty());
  events::subscribe<events::HttpClientStarted, &Product::on_started>(&product);
  events::subscribe<events::HttpClientEnded, &Product::on_ended>(&product);
  run("fakehttp.send('http://a/b?c')");
  EXPECT_EQ(product.seen, (std::vector<std::string>{"fake GET http://a/b?c", "fake 204 was here"}));
  events::unsubscribe<events::HttpClientStarted, &Product::on_started>(&product);
  events::unsubscribe<events::HttpClientEnded, &Product::on_ended>(&product);
  run("fakehttp.send('http://a/b?c')");
  EXPECT_EQ(product.seen.size(), 2u);
}

TEST_F(Events, of_a_client_are_not_told_while_tracing_is_off) {
  static Product product;
  events::subscribe<events::HttpClientStarted, &Product::on_started>(&product);
  trace::Tracer::get().set_enabled(false);
  run("import fakehttp\nfakehttp.send('http://a/b?c')");
  trace::Tracer::get().set_enabled(true);
  EXPECT_TRUE(product.seen.empty());
  events::unsubscribe<events::HttpClientStarted, &Product::on_started>(&product);
}

}  // namespace
}  // namespace dd::contrib
