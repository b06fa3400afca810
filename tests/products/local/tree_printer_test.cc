#include "products/local/tree_printer.h"

#include <gtest/gtest.h>

#include "tests/fakes/made_trace.h"

namespace dd::local {
namespace {

trace::Text text(std::string_view value) { return trace::Text(value); }

TEST(TreePrinter, shows_children_below_their_parent_in_order_of_start) {
  fakes::MadeTrace made;
  auto& root = made.span("web.request", 1);
  root.resource = text("GET /orders/7");
  root.duration_ns = 12'300'000;
  made.tag(root, "http.status_code", "500");
  auto& late = made.span("pay", 3, 1);
  late.start_ns += 10;
  late.error = 1;
  late.duration_ns = 8'000'000;
  made.tag(late, "error.type", "builtins.ValueError");
  made.tag(late, "error.message", "no\n\x1b[31mcard");
  auto& query = made.span("sqlite.query", 2, 1);
  query.service = text("db");
  query.resource = text("SELECT *\n  FROM orders");
  query.duration_ns = 250'000;
  made.count(query, "db.row_count", 3);
  made.span("inner", 4, 2).duration_ns = 2'000'000'000;
  EXPECT_EQ(
      render_tree(made.delivery(), false),
      "web.request GET /orders/7             12.3 ms  shop  500\n"
      "├─ sqlite.query SELECT * FROM orders   250 µs  db    3 rows\n"
      "│  └─ inner                           2.00 s   shop\n"
      "└─ pay                                 8.0 ms  shop  ✗ builtins.ValueError: no [31mcard\n");
}

TEST(TreePrinter, survives_spans_that_are_their_own_parents) {
  fakes::MadeTrace made;
  made.span("remote child", 1, 99);
  made.span("self", 2, 2);
  made.span("orphan", 3, 98);
  const std::string tree = render_tree(made.delivery(), false);
  EXPECT_EQ(std::count(tree.begin(), tree.end(), '\n'), 2);  // a circle has no root to hang from
}

TEST(TreePrinter, colours_only_when_told) {
  fakes::MadeTrace made;
  made.span("one", 1);
  EXPECT_EQ(render_tree(made.delivery(), false).find('\x1b'), std::string::npos);
  EXPECT_NE(render_tree(made.delivery(), true).find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace dd::local
