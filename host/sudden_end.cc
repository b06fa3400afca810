#include "host/sudden_end.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>

extern "C" {
[[noreturn]] void __real__exit(int status);
[[noreturn]] void __wrap__exit(int status);
int __real_sigaction(int number, const struct sigaction* action, struct sigaction* before);
int __wrap_sigaction(int number, const struct sigaction* action, struct sigaction* before);
}

namespace dd::host {
namespace {

using Flush = void (*)();

constinit std::atomic<Flush> flush_now{nullptr};
constinit std::atomic<pid_t> owner{0};  // the process whose traces `flush_now` sends
constinit std::atomic<bool> defaults_are_ours{false};

// What asks a program to end, and ends it by default.
constexpr int kSignals[] = {SIGTERM, SIGHUP, SIGINT};

bool is_watched(int number) {
  for (const int watched : kSignals)
    if (number == watched) return true;
  return false;
}

bool is_default(const struct sigaction& action) {
  return (action.sa_flags & SA_SIGINFO) == 0 && action.sa_handler == SIG_DFL;
}

void die_of(int number);

bool is_ours(const struct sigaction& action) {
  return (action.sa_flags & SA_SIGINFO) == 0 && action.sa_handler == &die_of;
}

struct sigaction simple_action(void (*handler)(int)) {
  struct sigaction action = {};
  action.sa_handler = handler;
  action.sa_flags = SA_ONSTACK | SA_RESTART;
  sigemptyset(&action.sa_mask);
  return action;
}

void die_of(int number) {
  before_sudden_end();
  const struct sigaction default_action = simple_action(SIG_DFL);
  __real_sigaction(number, &default_action, nullptr);
  sigset_t only;
  sigemptyset(&only);
  sigaddset(&only, number);
  raise(number);
  pthread_sigmask(SIG_UNBLOCK, &only, nullptr);  // dies here
}

void take_default_place(int number) {
  struct sigaction now;
  if (__real_sigaction(number, nullptr, &now) != 0 || !is_default(now)) return;
  const struct sigaction ours = simple_action(&die_of);
  __real_sigaction(number, &ours, nullptr);
}

}  // namespace

void watch_sudden_ends(Flush flush) {
  flush_now.store(flush, std::memory_order_relaxed);
  owner.store(getpid(), std::memory_order_release);
  if (getpid() == 1) return;
  defaults_are_ours.store(true, std::memory_order_relaxed);
  for (const int number : kSignals) take_default_place(number);
}

void before_sudden_end() {
  const Flush flush = flush_now.load(std::memory_order_relaxed);
  if (flush != nullptr && owner.load(std::memory_order_acquire) == getpid()) flush();
}

}  // namespace dd::host

using namespace dd::host;

void __wrap__exit(int status) {
  before_sudden_end();
  __real__exit(status);
}

int __wrap_sigaction(int number, const struct sigaction* action, struct sigaction* before) {
  if (!defaults_are_ours.load(std::memory_order_relaxed) || !is_watched(number))
    return __real_sigaction(number, action, before);
  struct sigaction ours;
  const struct sigaction* wanted = action;
  if (action != nullptr && is_default(*action)) {
    ours = simple_action(&die_of);
    wanted = &ours;
  }
  const int result = __real_sigaction(number, wanted, before);
  if (result == 0 && before != nullptr && is_ours(*before)) {
    *before = {};
    before->sa_handler = SIG_DFL;
  }
  return result;
}
