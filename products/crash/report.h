// What a crash looks like, read from the words of pipe.h, and the four messages about it: a ping
// and the report, each for telemetry and for error tracking. Source: WIRE.md section 14.

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "products/crash/crash.h"
#include "products/crash/symbols.h"

namespace dd::crash {

struct NativeFrame {
  std::uint64_t ip = 0, sp = 0;
};
struct Thread {
  int id = 0;
  std::string state, name;  // "S", as the system says
  std::vector<NativeFrame> native;
};

struct Crash {
  std::map<std::string, std::string>
      facts;  // as handler.cc writes them: "service", "agent_url", ...
  std::string uuid;
  std::int64_t wall_ns = 0;
  int signal = 0, code = 0;  // signal 0: an exception
  std::uint64_t address = 0;
  std::string exception, message;
  int process = 0, thread = 0;
  std::string thread_name;
  std::string trace_id, span_id;  // hexadecimal, decimal: of the span that was open; or empty
  std::vector<std::pair<std::string, std::string>> registers;
  std::vector<NativeFrame> native;
  std::vector<Frame> python;  // of an exception
  std::string runtime;        // stacks of the language, as text
  std::string maps;
  std::vector<Thread> others;
  bool complete = false;

  std::string fact(const std::string& name) const;
};

// Takes the words line by line; says when the ping is due.
class Reader {
 public:
  explicit Reader(Crash& crash) : crash_(crash) {}
  bool take(std::string_view line);  // true: enough is known for the ping

 private:
  void take_value(std::string_view name, std::string_view value);
  Crash& crash_;
  std::string* text_ = nullptr;  // that lines are added to, until `text_end_`
  std::string_view text_end_;
};

std::string signal_name(int number);          // "SIGSEGV"
std::string code_name(int number, int code);  // "SEGV_MAPERR"

std::string ping_for_errors(const Crash& crash);
std::string ping_for_telemetry(const Crash& crash);
std::string report_for_errors(const Crash& crash, Symbols& symbols);
std::string report_for_telemetry(const Crash& crash, Symbols& symbols);

}  // namespace dd::crash
