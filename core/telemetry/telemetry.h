// Instrumentation telemetry: what the tracer says about itself, to the agent (or, where nothing
// needs one, to the intake), so that whoever supports it knows what ran. Never anything of the
// application's data. DD_INSTRUMENTATION_TELEMETRY_ENABLED=false: no request, no socket.
//
//     telemetry::start({.agent_url = url, .tracer_version = "4.16.0", ...});   // start-up
//     telemetry::begin();                       // the first trace: from now on it is sent
//     telemetry::integration({.name = "flask", .version = "3.0.0"});
//     telemetry::log(telemetry::Level::kError, "hook flask:Flask.wsgi_app faulted",
//     "component:hook");
//
// Everything that is reported goes out with the next heartbeat, and at the end of the process; once
// a day all of it again. Each call is a push, without a lock, from any thread, and does nothing
// when telemetry is off. The first process of a program says app-started and app-closing; its
// forked children send heartbeats and metrics with the ids of both. Source: telemetry.md, WIRE.md
// section 5.

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/status.h"
#include "core/config/setting.h"

namespace dd::trace {
struct Delivery;
}

namespace dd::telemetry {

struct Options {
  std::string agent_url;
  std::string tracer_version, language_version;
  std::vector<std::span<config::SettingBase* const>> settings;  // that the reference lacks
  std::vector<std::pair<std::string, std::string>> build;       // "python_soabi", ...
  void (*before_heartbeat)() = nullptr;  // on the worker: time to collect what comes late
};

// Once, settings() resolved. Opens nothing. An error: the address cannot be used.
Status start(Options options);
void begin();  // any thread, more than once; starts the worker
// What children of this process that are executed get as _DD_ROOT_PY_SESSION_ID and
// _DD_PARENT_PY_SESSION_ID. Empty when telemetry is off.
std::string root_session();
bool wanted();   // DD_INSTRUMENTATION_TELEMETRY_ENABLED
bool enabled();  // after start()
void give_up();  // nothing is taken any more
// Sends what there is to say now, with a heartbeat, and waits for the answers. `last`: with the
// last word; nothing is taken afterwards. Any thread but the worker, without the GIL. False at the
// timeout.
bool flush(bool last, std::int64_t timeout_ns);

// A process that lives for so long tells that it runs.
inline constexpr std::int64_t kFirstWordNs = 200'000'000;

struct Integration {
  std::string name, version;  // version: empty when not known
  // Without a version: it is looked for on the worker, among the metadata folders beside the
  // package that `file` (a module's __file__) belongs to.
  std::string package, file;
  bool enabled = true;
  std::optional<bool> compatible = true, auto_enabled = true;  // null: not said
  std::string error;
};
// One of a package (not of the standard library) makes this a process that will speak: so long
// after, or with its first trace.
void integration(Integration what);

struct Dependency {
  std::string name, version;
};
void dependencies(std::vector<Dependency> list);
struct Module {
  std::string name, file;  // as imported; its __file__
};
// The same from what was imported: the worker finds out which distributions brought it. Each is
// sent once.
void modules(std::vector<Module> list);
bool wants_modules();  // DD_TELEMETRY_DEPENDENCY_COLLECTION_ENABLED

void product(std::string name, bool enabled, std::string error = {});

struct Endpoint {                                 // that an application serves
  std::string method, path, operation, resource;  // "GET", "/a/<b>", "flask.request", "GET /a/<b>"
  int status = 0;                                 // of its answers, where it says so
};
void endpoint(Endpoint what);  // DD_API_SECURITY_ENDPOINT_COLLECTION_ENABLED

// A setting that is not in a table, or has changed. `value` null: none.
void configuration(std::string name, const char* value, std::string origin,
                   std::string config_id = {});
void changed(config::SettingBase& setting);  // its strongest value

enum class Level : std::uint8_t { kDebug, kWarn, kError };
// Equal ones are sent once, with their number. Never a text of the application.
void log(Level level, std::string message, std::string tags = {}, std::string stack = {});

enum class MetricKind : std::uint8_t;  // metrics.h
void metric(MetricKind kind, std::string_view name_space, std::string_view name, double value,
            std::string tags = {});  // tags: "a:b,c:d"
// A payload of traces was sent. On the worker.
void note_payload(std::size_t bytes);
// Or was not, after every attempt; status 0: there was no answer.
void note_failure(int status);
// Spans on their way out: which integrations they are of. On the worker.
void note_spans(const trace::Delivery& delivery);

// Settings of this library.
std::span<config::SettingBase* const> settings();

}  // namespace dd::telemetry
