// Reports of crashes: of SIGSEGV, SIGBUS, SIGILL and SIGABRT, and of exceptions nobody caught.
//
// The handlers run on stacks of their own, call only what is safe there, and change nothing of what
// happens next: the process dies by the same signal, or whoever handled it before us does so. What
// they find goes through a pipe to a fresh copy of this program (receiver.h), which has no Python
// and sends it. At most five seconds, usually some milliseconds. Source: WIRE.md section 14.

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/config/setting.h"

namespace dd::crash {

std::span<config::SettingBase* const> settings();  // DD_CRASHTRACKING_...
bool wanted();

// What a report says about the process.
struct Facts {
  std::string service, env, version, runtime_id, process_tags;
  std::string language_version, tracer_version, agent_url, platform;
  // For core/product/safe_mode.h.
  std::string version_of_program, state_folder, started_as;
};

// What only the language knows. Both are safe in a signal handler, or null.
struct Runtime {
  void (*dump)(int file) = nullptr;  // writes its stacks
  // The span that is open in this thread; false for none.
  bool (*active)(std::uint64_t& trace_high, std::uint64_t& trace_low,
                 std::uint64_t& span) = nullptr;
};
// Installs the handlers: once, after Python's own.
void install(const Facts& facts, const Runtime& runtime);

// In a forked child: ahead of the handlers that uWSGI puts in the place of all others, in the
// process its workers are forked from.
void return_to_front();

// The stack that handlers run on, for a thread other than the main one: made where the thread
// begins, gone where it ends. Does nothing when the handlers are not installed, or the thread has
// one.
class AlternateStack {
 public:
  AlternateStack();
  ~AlternateStack();
  AlternateStack(const AlternateStack&) = delete;

 private:
  void* memory_ = nullptr;
};
// From now on, in a forked child too. Does nothing when the handlers are not installed.
void set_facts(const Facts& facts);
// The one fact that a fork changes: allocates nothing.
void set_runtime_id(std::string_view id);

struct Frame {
  std::string function, file;
  int line = 0;
};
// An exception that ends the process; frames from the innermost out. Waits for the report at most
// half a second.
void report_exception(const std::string& type, const std::string& message,
                      const std::vector<Frame>& frames);

}  // namespace dd::crash
