// Remote configuration: started with the tracer, and handed on to the integrations.

#pragma once

namespace dd::host {

// After the agent's address is known, with the GIL.
void start_remote_configuration();

}  // namespace dd::host
