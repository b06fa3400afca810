// The agent of this process, for whoever talks to it besides the exporter of traces.
//
//     if (Destination* agent = transport::agent::destination())
//       agent->submit({.target = "/v0.6/stats", .headers = transport::agent::tracer_headers(),
//       ...});
//     const AgentInfo* info = transport::agent::info();
//     if (info && info->client_drop_p0s && info->has_endpoint("/v0.6/stats")) ...
//
// GET /info goes out with the first payload, again every five minutes of traffic, and as soon as an
// answer carries a Datadog-Agent-State that is not of the last /info. Requests through
// destination() have the headers that tell the agent our container, and the token of a test
// session. Source: WRITER.md section 5.

#pragma once

#include <cstdint>
#include <string>

#include "core/base/status.h"
#include "core/transport/agent_info.h"
#include "core/transport/connection.h"
#include "core/transport/destination.h"

namespace dd::transport::agent {

// Once, during start-up. An error: the URL cannot be used.
Status set_up(const std::string& url, Headers tracer_headers);

Destination* destination();  // null before set_up(); lives as long as the process
// Null until the agent has answered. What it points to stays valid for ever; any thread.
const AgentInfo* info();
// Returns as soon as the agent has answered or could not, once; or after so long. Any thread but
// the worker.
void await_first_answer(std::int64_t timeout_ns);
// Asks if it is time to. Any thread.
void ask_info();
// `call` is called on the worker for each new answer. At most four.
void on_info(void (*call)(const AgentInfo& info));
// An answer of the agent to anything: its state may have changed. On the worker.
void hear(const Response& response);

const Headers& tracer_headers();  // user-agent, datadog-meta-*
// X-Datadog-Test-Session-Token of all requests from now on; empty: none. Any thread.
void set_test_session_token(std::string token);
// What changes or is looked up late: container, external environment, test session. On the worker.
void add_headers(Headers& headers);

}  // namespace dd::transport::agent
