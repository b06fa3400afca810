// Where there is neither an agent nor time to send to one (AWS Lambda without the extension), each
// finished chunk is a line of JSON on standard output, written at once by the thread that finished
// it: the process may be frozen right after. Source: WRITER.md section 1.

#pragma once

namespace dd::transport::log_sink {

bool wanted();  // by the environment
void start();   // adds the sink to the tracer

}  // namespace dd::transport::log_sink
