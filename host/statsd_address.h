// Where metrics go: DD_DOGSTATSD_URL, else host and port, else the agent's socket if there is one,
// else udp://localhost:8125. Source: METRICS.md section 2.

#pragma once

#include <unistd.h>

#include <string>

#include "core/config/setting.h"

namespace dd::host {

inline std::string statsd_url() {
  const auto first = [](std::string_view one, std::string_view other) {
    const auto value = config::variable(one);
    return value && !value->empty() ? value : config::variable(other);
  };
  if (const auto url = config::variable("DD_DOGSTATSD_URL"); url && !url->empty())
    return std::string(*url);
  const auto host = first("DD_DOGSTATSD_HOST", "DD_AGENT_HOST");
  const auto port = first("DD_DOGSTATSD_PORT", "DD_AGENT_PORT");
  if (!host && !port && access("/var/run/datadog/dsd.socket", F_OK) == 0)
    return "unix:///var/run/datadog/dsd.socket";
  return "udp://" + std::string(host.value_or("localhost")) + ":" +
         std::string(port.value_or("8125"));
}

}  // namespace dd::host
