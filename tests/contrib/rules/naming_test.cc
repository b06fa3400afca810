#include "contrib/rules/naming.h"

#include <gtest/gtest.h>

namespace dd::contrib {
namespace {

constexpr NameQuestion kFlask = {.integration = "flask", .fallback = "flask"};
constexpr NameQuestion kSqlite = {.integration = "sqlite", .fallback = "sqlite"};

struct Case {
  const char* name;
  NamingFacts facts;
  NameQuestion question;
  const char *server, *server_source;
  const char *client, *client_source;
};

class Services : public testing::TestWithParam<Case> {};
TEST_P(Services, are_named) {
  const Case& one = GetParam();
  const Naming naming(one.facts);
  const Named server = naming.of_server(one.question);
  EXPECT_EQ(server.service, one.server);
  EXPECT_EQ(server.source, one.server_source);
  const Named client = naming.of_client(one.question);
  EXPECT_EQ(client.service, one.client);
  EXPECT_EQ(client.source, one.client_source);
}
INSTANTIATE_TEST_SUITE_P(
    Naming, Services,
    testing::Values(
        Case{"inferred", {.service = "app"}, kFlask, "flask", "flask", "flask", "flask"},
        Case{"named_by_the_user",
             {.service = "web", .service_is_users = true},
             kFlask,
             "web",
             "m",
             "flask",
             "flask"},
        Case{"named_by_its_own_variable",
             {.service = "web", .service_is_users = true},
             {.integration = "flask", .fallback = "flask", .own = "front"},
             "front",
             "m",
             "front",
             "m"},
        Case{"schema_v1",
             {.schema = Schema::kV1, .service = "web", .service_is_users = true},
             kSqlite,
             "web",
             "sqlite",
             "web",
             "sqlite"},
        Case{"without_integration_names",
             {.only_process_service = true, .service = "app"},
             kSqlite,
             "app",
             "sqlite",
             "app",
             "sqlite"},
        Case{"without_a_fallback",
             {.service = "app"},
             {.integration = "jinja2"},
             "app",
             "jinja2",
             "app",
             "jinja2"},
        Case{"mapped",
             {.service = "app", .mapping = {{"sqlite", "files"}}},
             kSqlite,
             "files",
             "opt.service_mapping",
             "files",
             "opt.service_mapping"}),
    [](const auto& one) { return one.param.name; });

TEST(Naming, splits_clients_by_domain) {
  const Naming naming({.service = "app", .service_is_users = true});
  const Named named = naming.of_client({.integration = "requests",
                                        .fallback = "requests",
                                        .own = "http-out",
                                        .domain = "127.0.0.1:80"});
  EXPECT_EQ(named.service, "127.0.0.1:80");
  EXPECT_EQ(named.source, "opt.split_by_domain");
}

TEST(Naming, chooses_the_operation_by_schema) {
  constexpr Operation kRequest = {"requests.request", "http.client.request"};
  EXPECT_EQ(Naming({}).operation(kRequest), "requests.request");
  EXPECT_EQ(Naming({.schema = Schema::kV1}).operation(kRequest), "http.client.request");
}

TEST(Mapping, leaves_out_what_maps_nothing) {
  const auto mapping = parse_mapping(" a : b ,c,:d,e:,f:g:h");
  ASSERT_EQ(mapping.size(), 2u);
  EXPECT_EQ(mapping[0].first, "a");
  EXPECT_EQ(mapping[0].second, "b");
  EXPECT_EQ(mapping[1].second, "g:h");
}

}  // namespace
}  // namespace dd::contrib
