#include "core/remote_config/repository.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>

#include "core/base/base64.h"
#include "core/base/sha256.h"
#include "core/json/json.h"

namespace dd::remote_config {
namespace {

std::string to_base64(std::string_view bytes) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    unsigned bits = 0;
    for (std::size_t j = i; j < i + 3; ++j)
      bits = bits << 8 | (j < bytes.size() ? static_cast<unsigned char>(bytes[j]) : 0u);
    for (int shift = 18; shift >= 0; shift -= 6) out.push_back(kDigits[bits >> shift & 63]);
  }
  for (std::size_t i = 0; i < (3 - bytes.size() % 3) % 3; ++i) out[out.size() - 1 - i] = '=';
  return out;
}

struct Agent {  // what an agent knows, and says
  std::map<std::string, std::string> files;
  std::int64_t version = 1;
  std::function<void(std::string& path, std::string& content, std::int64_t& length)> spoil;

  std::string answer() const {
    json::Writer targets;
    targets.open_object().key("signed").open_object().field("version", version);
    targets.key("custom").open_object().field("opaque_backend_state", "abc").close();
    targets.key("targets").open_object();
    std::map<std::string, std::string> sent;
    for (auto [path, content] : files) {
      std::int64_t length = static_cast<std::int64_t>(content.size());
      const std::string sha256 = base::sha256_hex(content);
      std::string target_path = path;
      if (spoil) spoil(target_path, content, length);
      targets.key(target_path).open_object().field("length", length);
      targets.key("custom").open_object().field("v", 3).close();
      targets.key("hashes").open_object().field("sha256", sha256).close().close();
      sent[path] = content;
    }
    targets.close().close().close();
    json::Writer out;
    out.open_object().field("targets", to_base64(targets.take()));
    out.key("target_files").open_array();
    for (const auto& [path, content] : sent)
      out.open_object().field("path", path).field("raw", to_base64(content)).close();
    out.close().key("client_configs").open_array();
    for (const auto& [path, content] : sent) out.value(path);
    out.close().close();
    return out.take();
  }
};

const std::string kFirst = "datadog/2/APM_TRACING/one/config";
const std::string kSecond = "employee/APM_TRACING/two/config";

TEST(Base64, reads_what_is_base64) {
  EXPECT_EQ(base::from_base64("aGVsbG8="), "hello");
  EXPECT_EQ(base::from_base64("aGVsbG8"), "hello");
  EXPECT_EQ(base::from_base64(""), "");
  for (const char* wrong : {"a", "aGVsbG8==\n", "aGVs bG8=", "aGVsbG9=", "====", "_-__"})
    EXPECT_FALSE(base::from_base64(wrong)) << wrong;
}

TEST(Path, has_two_forms) {
  const auto path = parse_path(kFirst);
  ASSERT_TRUE(path);
  EXPECT_EQ(path->product, "APM_TRACING");
  EXPECT_EQ(path->id, "one");
  EXPECT_TRUE(parse_path(kSecond));
  for (const char* wrong :
       {"", "datadog/x/P/i/n", "datadog/2/P/i", "datadog/2/P/i/", "datadog/2/P/i/n/m",
        "employee/P//n", "other/2/P/i/n", "datadog//P/i/n"})
    EXPECT_FALSE(parse_path(wrong)) << wrong;
}

TEST(Repository, follows_what_the_agent_says) {
  Repository repository;
  Agent agent{.files = {{kFirst, "1"}, {kSecond, "2"}}};
  Changes changes = repository.take(agent.answer());
  EXPECT_EQ(changes.problem, "");
  ASSERT_EQ(changes.added.size(), 2u);
  EXPECT_EQ(changes.added[0]->content, "1");
  EXPECT_EQ(changes.added[0]->version, 3);

  changes = repository.take(agent.answer());  // the same again
  EXPECT_TRUE(changes.added.empty() && changes.removed.empty());
  changes = repository.take("{}");
  EXPECT_TRUE(changes.added.empty() && changes.removed.empty() && changes.problem.empty());

  agent.files = {{kFirst, "changed"}};
  ++agent.version;
  changes = repository.take(agent.answer());
  ASSERT_EQ(changes.removed.size(), 1u);
  EXPECT_EQ(changes.removed[0]->id, "two");
  ASSERT_EQ(changes.added.size(), 1u);
  EXPECT_EQ(repository.of("APM_TRACING").size(), 1u);

  agent.files.clear();
  changes = repository.take(agent.answer());
  EXPECT_EQ(changes.removed.size(), 1u);
}

TEST(Repository, refuses_an_answer_whole) {
  Repository repository;
  Agent agent{.files = {{kFirst, "1"}}, .version = 5};
  ASSERT_EQ(repository.take(agent.answer()).problem, "");
  const std::string before = repository.request({});

  agent.files = {{kSecond, "2"}};
  agent.version = 6;
  const std::string good = agent.answer();
  std::vector<std::string> wrong = {"",
                                    "[]",
                                    "{\"targets\": 5",
                                    "{\"targets\": \"!\"}",
                                    "{\"targets\": \"e30=\"}",
                                    good.substr(0, good.size() / 2)};
  agent.spoil = [](std::string&, std::string& content, std::int64_t&) { content = "x"; };
  wrong.push_back(agent.answer());
  agent.spoil = [](std::string&, std::string&, std::int64_t& length) { ++length; };
  wrong.push_back(agent.answer());
  agent.spoil = [](std::string& path, std::string&, std::int64_t&) { path += "x"; };
  wrong.push_back(agent.answer());
  agent.spoil = nullptr;
  agent.files["datadog/2/nonsense"] = "";
  wrong.push_back(agent.answer());
  agent.files.erase("datadog/2/nonsense");
  agent.version = 4;  // replayed
  wrong.push_back(agent.answer());

  for (const std::string& answer : wrong) {
    const Changes changes = repository.take(answer);
    EXPECT_NE(changes.problem, "") << answer;
    EXPECT_TRUE(changes.added.empty() && changes.removed.empty()) << answer;
    const auto request = json::parse(repository.request({}));
    EXPECT_TRUE((*request)["client"]["state"]["has_error"].boolean());
    EXPECT_EQ((*request)["client"]["state"]["error"].text(), changes.problem);
  }
  (void)repository.take("{}");
  EXPECT_EQ(repository.request({}), before);
}

TEST(Repository, tells_which_configuration_was_wrong) {
  Repository repository;
  Agent agent{.files = {{kFirst, "1"}}, .version = 5};
  ASSERT_EQ(repository.take(agent.answer()).problem, "");
  agent.version = 6;
  agent.files[kFirst] = "2";
  agent.spoil = [](std::string&, std::string& content, std::int64_t&) { content = "x"; };
  (void)repository.take(agent.answer());
  for (const char* later : {"", "{}"}) {  // with the next request and those after it
    if (*later != 0) (void)repository.take(later);
    const auto request = json::parse(repository.request({}));
    const auto& states = (*request)["client"]["state"]["config_states"].items();
    ASSERT_EQ(states.size(), 1u);
    EXPECT_EQ(states[0]["id"].text(), "one");
    EXPECT_EQ(states[0]["apply_state"].integer(), 3);
    EXPECT_NE(states[0]["apply_error"].text(), "");
    EXPECT_EQ((*request)["cached_target_files"].items().size(), 1u);
  }
  EXPECT_EQ(repository.of("APM_TRACING")[0]->content, "1");  // nothing has changed
  agent.spoil = nullptr;
  EXPECT_EQ(repository.take(agent.answer()).added.size(), 1u);
  EXPECT_EQ(repository.request({}).find("\"apply_state\":3"), std::string::npos);
}

TEST(Repository, is_told_of_what_failed_later) {
  Repository repository;
  Agent agent{.files = {{kFirst, "1"}}};
  ASSERT_EQ(repository.take(agent.answer()).problem, "");
  repository.fail(kFirst, 2, "another version");
  EXPECT_EQ(repository.of("APM_TRACING")[0]->state, ApplyState::kUnacknowledged);
  repository.fail(kFirst, 3, "its callback raised");
  EXPECT_EQ(repository.of("APM_TRACING")[0]->error, "its callback raised");
}

TEST(Repository, tells_what_it_has) {
  Repository repository;
  Agent agent{.files = {{kFirst, "1"}}, .version = 7};
  const Changes changes = repository.take(agent.answer());
  changes.added[0]->fail("why");
  const auto request = json::parse(repository.request(
      {.id = "me", .products = {"A"}, .capabilities = 0x102, .runtime_id = "r", .env = "prod"}));
  ASSERT_TRUE(request);
  const json::Value& client = (*request)["client"];
  const json::Value& state = client["state"];
  EXPECT_EQ(state["targets_version"].integer(), 7);
  EXPECT_EQ(state["backend_client_state"].items().size(), 3u);
  const json::Value& told = state["config_states"].items().at(0);
  EXPECT_EQ(told["apply_state"].integer(), 3);
  EXPECT_EQ(told["apply_error"].text(), "why");
  EXPECT_EQ(client["capabilities"].items().size(), 2u);
  EXPECT_EQ(client["capabilities"].items()[0].integer(), 1);
  EXPECT_EQ(client["client_tracer"]["tags"].items().size(), 1u);
  const json::Value& file = (*request)["cached_target_files"].items().at(0);
  EXPECT_EQ(file["path"].text(), kFirst);
  EXPECT_EQ(file["hashes"].items()[0]["hash"].text(), base::sha256_hex("1"));
}

}  // namespace
}  // namespace dd::remote_config
