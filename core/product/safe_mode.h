// Safe mode: a product whose code was running when a process crashed is left out by the next
// processes of the same program.
//
// What crashed is written by the process that reports the crash (products/crash/receiver.h) into a
// folder that usually does not exist: then a start pays for one look at it. The folder is
// DD_TRACE_PYTHON_STATE_DIRECTORY, or /tmp/ddpython-<user id>; it must belong to the user and to
// nobody else. Such a note holds for a day and for this version of ddpython; then it is removed by
// the next start of that program. Deleting the file, or DD_TRACE_PYTHON_SAFE_MODE=false, ends it
// at once.

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/config/setting.h"

namespace dd::product::safe_mode {

std::span<config::SettingBase* const> settings();

struct Note {
  std::string product, cause;  // "telemetry", "SIGSEGV"
  std::int64_t process = 0, wall_s = 0;
};

std::string folder();  // as the settings say
// The note of a program: who its process is from the start on (its service and process tags).
std::string file_for(const std::string& folder, std::string_view started_as);

// Null: nobody is to blame. Start-up.
std::optional<Note> read(const std::string& folder, std::string_view started_as,
                         std::string_view version, std::int64_t now_s);
// In a process of its own.
void write(const std::string& folder, std::string_view started_as, std::string_view version,
           const Note& note);
// The sentence for the user.
std::string explain(const Note& note, const std::string& file);

}  // namespace dd::product::safe_mode
