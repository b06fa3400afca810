#include "core/http/header_tags.h"

#include <gtest/gtest.h>

namespace dd::http {
namespace {

TEST(HeaderTags, name_the_tag_after_the_header) {
  const HeaderTags tags("User-Agent, X.Own Thing");
  EXPECT_EQ(tags.tag("user-agent", Side::kRequest), "http.request.headers.user-agent");
  EXPECT_EQ(tags.tag("USER-AGENT", Side::kResponse), "http.response.headers.user-agent");
  EXPECT_EQ(tags.tag("x.own thing", Side::kRequest), "http.request.headers.x_own_thing");
}

TEST(HeaderTags, use_the_given_name_as_it_is) {
  const HeaderTags tags("x-order:Order.ID, x-blank: ");
  EXPECT_EQ(tags.tag("X-Order", Side::kRequest), "Order.ID");
  EXPECT_EQ(tags.tag("X-Order", Side::kResponse), "Order.ID");
  EXPECT_EQ(tags.tag("x-blank", Side::kRequest), "http.request.headers.x-blank");
}

TEST(HeaderTags, know_nothing_else) {
  const HeaderTags tags("x-order");
  EXPECT_TRUE(tags.tag("x-orders", Side::kRequest).empty());
  EXPECT_TRUE(HeaderTags("").empty());
  EXPECT_TRUE(HeaderTags(" , :name").empty());
}

TEST(HeaderTags, are_separated_by_blanks_where_there_is_no_comma) {
  const HeaderTags tags("User-Agent:ua Host");
  EXPECT_EQ(tags.tag("user-agent", Side::kRequest), "ua");
  EXPECT_EQ(tags.tag("host", Side::kRequest), "http.request.headers.host");
}

TEST(HeaderTags, find_the_names_of_wsgi) {
  EXPECT_FALSE(HeaderTags("x-order").tag("X_ORDER", Side::kRequest).empty());
  EXPECT_FALSE(same_header("x-order", "x-orde"));
}

}  // namespace
}  // namespace dd::http
