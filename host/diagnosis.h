// What --dd-info knows beyond the settings: products, integrations, the agent, and what is wrong.
//
// Made once, before Python; each fact says why it is so, each problem what to do about it.

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace dd::host {

struct Part {  // an integration
  std::string_view name;
  bool on;
  std::string why;  // "DD_TRACE_REDIS_ENABLED=false (environment)", or "default"
};

struct Agent {
  std::string url;
  std::string problem;     // why it cannot be used, or empty
  std::string version;     // as it says, or empty
  bool configures = true;  // it answers remote configuration
};

struct Problem {
  bool serious;  // traces are lost
  std::string what, remedy;
};

struct Diagnosis {
  Agent agent;
  std::vector<Part> integrations;
  std::vector<std::string_view> missing;  // products of the reference that this program lacks
  std::vector<Problem> problems;
  // 0: nothing wrong; 1: only what can be lived with; 2: traces are lost.
  int status() const;
};

// Asks the agent; waits at most two seconds. Settings are resolved; Python is not needed.
Diagnosis diagnose();
Agent ask_agent(const std::string& url);

}  // namespace dd::host
