#include "core/events/event.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace dd::events {
namespace {

struct Knock {
  std::string_view who;
  std::vector<std::string>* heard = nullptr;
};
struct Other {};

struct Hearer {
  std::string name;
  void hear(Knock& knock) { knock.heard->push_back(name); }
  void count(Other&) { calls.fetch_add(1, std::memory_order_relaxed); }
  std::atomic<int> calls{0};
};

std::vector<std::string> knock() {
  std::vector<std::string> heard;
  emit<Knock>([&] { return Knock{.who = "me", .heard = &heard}; });
  return heard;
}

TEST(Event, is_not_built_when_nobody_listens) {
  bool built = false;
  emit<Knock>([&] { return built = true, Knock{}; });
  EXPECT_FALSE(built);
  EXPECT_FALSE(heard<Knock>());
}

TEST(Event, reaches_its_own_listeners_in_order_of_rank) {
  Hearer late{.name = "late"}, first{.name = "first"}, second{.name = "second"};
  ASSERT_TRUE((subscribe<Knock, &Hearer::hear>(&late)));
  ASSERT_TRUE((subscribe<Knock, &Hearer::hear>(&first, Rank::kTracing)));
  ASSERT_TRUE((subscribe<Knock, &Hearer::hear>(&second, Rank::kTracing)));
  EXPECT_FALSE(heard<Other>());
  EXPECT_EQ(knock(), (std::vector<std::string>{"first", "second", "late"}));
  for (Hearer* const one : {&late, &first, &second}) unsubscribe<Knock, &Hearer::hear>(one);
  EXPECT_FALSE(heard<Knock>());
}

struct Question {
  bool refused = false;
};
struct Guard {
  void refuse(Question& question) { question.refused = true; }
  void look(Question& question) { seen = question.refused; }
  bool seen = false;
};

TEST(Event, carries_an_answer_that_later_listeners_see) {
  Guard guard, watcher;
  subscribe<Question, &Guard::look>(&watcher);
  subscribe<Question, &Guard::refuse>(&guard, Rank::kSecurity);
  Question question;
  channel<Question>().deliver(&question);
  EXPECT_TRUE(question.refused);
  EXPECT_TRUE(watcher.seen);
}

struct Noise {
  std::vector<std::string>* heard = nullptr;
};
struct Thrower {
  void fail(Noise& noise) {
    noise.heard->push_back("thrower");
    throw std::runtime_error("no");
  }
  void hear(Noise& noise) { noise.heard->push_back("hearer"); }
};

TEST(Event, goes_on_after_a_listener_that_throws_and_hears_it_no_more_after_ten) {
  Thrower thrower;
  subscribe<Noise, &Thrower::fail>(&thrower, Rank::kTracing);
  subscribe<Noise, &Thrower::hear>(&thrower);
  std::vector<std::string> heard;
  const auto make = [&] { return Noise{&heard}; };
  emit<Noise>(make);
  EXPECT_EQ(heard, (std::vector<std::string>{"thrower", "hearer"}));
  for (int i = 0; i < 20; ++i) emit<Noise>(make);
  EXPECT_EQ(std::count(heard.begin(), heard.end(), "thrower"), ChannelBase::kMaxFaults);
  EXPECT_EQ(std::count(heard.begin(), heard.end(), "hearer"), 21);
}

struct Crowd {};
struct One {
  void hear(Crowd&) {}
};

TEST(Event, has_room_for_so_many_listeners) {
  One many[ChannelBase::kMaxListeners + 1];
  for (int i = 0; i < ChannelBase::kMaxListeners; ++i) {
    EXPECT_TRUE((subscribe<Crowd, &One::hear>(&many[i])));
    EXPECT_TRUE((subscribe<Crowd, &One::hear>(&many[i])));  // the same again
  }
  EXPECT_FALSE((subscribe<Crowd, &One::hear>(&many[ChannelBase::kMaxListeners])));
}

TEST(Event, is_emitted_while_listeners_come_and_go) {
  static Hearer hearer;
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i)
    threads.emplace_back([&] {
      while (!stop.load()) emit<Other>([] { return Other{}; });
    });
  for (int i = 0; i < 2000 || hearer.calls.load() == 0; ++i) {
    subscribe<Other, &Hearer::count>(&hearer);
    unsubscribe<Other, &Hearer::count>(&hearer);
  }
  stop.store(true);
  for (std::thread& thread : threads) thread.join();
  EXPECT_FALSE(heard<Other>());
  EXPECT_GT(hearer.calls.load(), 0);
}

}  // namespace
}  // namespace dd::events
