#include "core/product/manager.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdexcept>
#include <string>

#include "core/base/running.h"

namespace dd::product {
namespace {

constinit Gate first_gate, second_gate, third_gate, fourth_gate;
constinit int forked = 0;
std::string& log() {
  static std::string text;
  return text;
}

Status note(const char* word) {
  log() += word;
  return {};
}

constexpr Product kFirst = {.gate = &first_gate,
                            .start = [] { return note("+1"); },
                            .stop = [] { log() += "-1"; },
                            .failed = [] { log() += "!1"; },
                            .fork = {.child = [] { ++forked; }},
                            .told = true};
constexpr Product kSecond = {.gate = &second_gate,
                             .wanted =
                                 [] {
                                   return Wanted{false, "DD_SECOND"};
                                 },
                             .start = [] { return note("+2"); },
                             .stop = [] { log() += "-2"; }};
constexpr Product kThird = {.gate = &third_gate,
                            .start = [] { return note("+3"); },
                            .stop = [] { log() += "-3"; },
                            .fork = {.child = [] { forked += 10; }}};
constexpr Product kFourth = {.gate = &fourth_gate, .start = [] { return note("+4"); }};

constexpr Row kTable[] = {{"first", {}, &kFirst},
                          {"second", {}, &kSecond},
                          {"third", {"first"}, &kThird},
                          {"fourth", {"first", "second"}, &kFourth}};
static_assert(is_in_order(kTable));

constexpr Row kWrongOrder[] = {{"a", {"b"}, &kFirst}, {"b", {}, &kSecond}};
static_assert(!is_in_order(kWrongOrder));
constexpr Row kUnknownNeed[] = {{"a", {"missing"}, &kFirst}};
static_assert(!is_in_order(kUnknownNeed));
constexpr Row kTwice[] = {{"a", {}, &kFirst}, {"a", {}, &kSecond}};
static_assert(!is_in_order(kTwice));

// Each case in a process of its own: products start once.
void in_child(void (*body)()) {
  const pid_t child = fork();
  if (child == 0) {
    body();
    _exit(testing::Test::HasFailure() ? 1 : 0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

std::string states() {
  std::string out;
  for (const Report& one : Manager::get().reports())
    out += std::string(one.name) + "=" + std::string(word(one.state)) + "(" + one.why + ") ";
  return out;
}

TEST(Manager, starts_in_order_and_stops_in_reverse) {
  in_child([] {
    Manager::get().start({.table = kTable});
    EXPECT_EQ(log(), "+1+3");
    EXPECT_EQ(states(), "first=on() second=off(DD_SECOND) third=on() fourth=off(needs second) ");
    EXPECT_TRUE(Manager::get().is_on("third"));
    EXPECT_FALSE(Manager::get().is_on("second"));
    Manager::get().stop();
    EXPECT_EQ(log(), "+1+3-3-1");
  });
}

TEST(Manager, says_what_it_would_do_without_doing_it) {
  const std::vector<Report> all = Manager::forecast({.table = kTable, .barred = "third"});
  ASSERT_EQ(all.size(), 4u);
  EXPECT_EQ(all[0].state, State::kOn);
  EXPECT_EQ(all[1].why, "DD_SECOND");
  EXPECT_EQ(all[2].state, State::kBarred);
  EXPECT_EQ(all[3].why, "needs second");
  EXPECT_EQ(log(), "");
}

TEST(Manager, a_failing_start_takes_only_its_dependents_along) {
  for (const char* how : {"first", "!first"}) {
    static std::string failing;
    failing = how;
    in_child([] {
      Manager::get().start({.table = kTable, .failing = failing});
      EXPECT_EQ(log(), "!1");
      EXPECT_EQ(Manager::get().reports()[0].state, State::kFailed);
      EXPECT_EQ(Manager::get().reports()[2].why, "needs first");
      EXPECT_FALSE(first_gate.enter([] { log() += "never"; }));
      Manager::get().stop();
      EXPECT_EQ(log(), "!1");
    });
  }
}

TEST(Manager, leaves_out_what_safe_mode_names) {
  in_child([] {
    Manager::get().start({.table = kTable, .barred = "first", .barred_why = "it crashed"});
    EXPECT_EQ(states(),
              "first=safe mode(it crashed) second=off(DD_SECOND) third=off(needs first) "
              "fourth=off(needs first) ");
  });
}

TEST(Gate, closes_when_what_it_guards_has_thrown_three_times) {
  in_child([] {
    static std::string told;
    Manager::get().start({.table = kTable, .tell = [](std::string name, bool on, std::string why) {
                            told += name + (on ? "+" : "-") + why + " ";
                          }});
    for (int i = 0; i < Gate::kMaxFaults; ++i) {
      EXPECT_TRUE(first_gate.open());
      EXPECT_FALSE(first_gate.enter([] { throw std::runtime_error("broken"); }));
    }
    EXPECT_FALSE(first_gate.open());
    EXPECT_TRUE(third_gate.open());
    EXPECT_EQ(told, "first+ first-broken ");
    EXPECT_EQ(log(), "+1+3!1");
    first_gate.trip("again");
    EXPECT_EQ(first_gate.why(), "broken");
  });
}

TEST(Gate, says_who_runs) {
  in_child([] {
    EXPECT_EQ(base::running_product(), nullptr);
    Manager::get().start({.table = kTable});
    first_gate.enter([] {
      EXPECT_STREQ(base::running_product(), "first");
      third_gate.enter([] { EXPECT_STREQ(base::running_product(), "third"); });
      EXPECT_STREQ(base::running_product(), "first");
    });
    EXPECT_EQ(base::running_product(), nullptr);
  });
}

TEST(Manager, calls_the_fork_handlers_of_what_is_on) {
  in_child([] {
    Manager::get().start({.table = kTable});
    third_gate.trip("off");
    in_child([] { EXPECT_EQ(forked, 1); });
    EXPECT_EQ(forked, 0);
  });
}

TEST(Manager, trips_a_product_by_name) {
  in_child([] {
    Manager::get().start({.table = kTable});
    Manager::get().trip(nullptr, "of nobody");
    Manager::get().trip("third", "its thread failed");
    EXPECT_EQ(third_gate.why(), "its thread failed");
    EXPECT_TRUE(first_gate.open());
  });
}

}  // namespace
}  // namespace dd::product
