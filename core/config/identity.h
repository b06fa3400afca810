// Who this process is, told from its command line. Source: SPAN.md sections 10 and 14.

#pragma once

#include <span>
#include <string>
#include <string_view>

namespace dd::config {

// The service's name for `python ARGS...` (without the program itself): the module of -m, the
// package of a script, or the top-most folder with Python files around it. Empty when there is
// none.
std::string infer_service(std::span<const std::string_view> arguments);

// "entrypoint.basedir:x,entrypoint.name:y,..." sorted. `service` as inferred, or empty when the
// user gave one.
std::string process_tags(std::span<const std::string_view> arguments,
                         std::string_view inferred_service, bool user_service);

// A value of a process tag: at most 100 characters, lower case, what is unusual becomes '_'.
std::string normalize_process_tag(std::string_view value);

// What the kernel calls this machine; empty when it cannot be told.
std::string host_name();

}  // namespace dd::config
