// Traces straight to the intake of the site, without an agent: DD_AGENTLESS_ENABLED and DD_API_KEY.
// Source: WRITER.md "Agentless JSON".

#pragma once

#include <string>
#include <string_view>

#include "core/transport/agent_sink.h"
#include "core/transport/exporter.h"

namespace dd::transport::intake {

bool wanted();
bool lacks_key();   // and is wanted otherwise; told by wanted()
std::string url();  // of the intake
// Makes the exporter's options those of the intake. True: statistics go there too.
bool apply(Options& options, const agent_sink::Versions& versions);

// "https://public-trace-http-intake.logs.datadoghq.com" of "datadoghq.com".
std::string origin_of(std::string_view site);

}  // namespace dd::transport::intake
