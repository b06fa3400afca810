#include "products/flare/flare.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <map>
#include <utility>

#include "core/base/ascii.h"
#include "core/base/clock.h"
#include "core/base/ids.h"
#include "core/base/log_history.h"
#include "core/config/parse.h"
#include "core/json/json.h"
#include "core/remote_config/remote_config.h"
#include "core/telemetry/reported.h"
#include "core/trace/tracer.h"
#include "core/transport/agent.h"
#include "products/flare/zip.h"

namespace dd::flare {
namespace {

using remote_config::Configuration;

constinit Options* options = nullptr;  // lives as long as the process

std::string time_text(std::int64_t wall_ns) {
  const time_t seconds = static_cast<time_t>(wall_ns / 1'000'000'000);
  tm parts{};
  gmtime_r(&seconds, &parts);
  char text[64];
  const std::size_t size = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(text + size, sizeof text - size, ".%03dZ",
                static_cast<int>(wall_ns / 1'000'000 % 1000));
  return text;
}

std::string log_file() {
  constexpr const char* kLevels[] = {"DEBUG", "INFO", "WARNING", "ERROR"};
  const trace::ProcessFacts& facts = trace::Tracer::get().facts();
  std::string out;
  for (const base::LoggedLine& line : base::logged_lines()) {
    json::Writer row;
    row.open_object().field("timestamp", time_text(line.wall_ns));
    row.field("level", kLevels[static_cast<int>(line.level)]).field("logger", line.logger);
    row.field("message", line.message).field("process", static_cast<int>(getpid()));
    row.field("dd.service", facts.service).field("dd.env", facts.env);
    row.field("dd.version", facts.version).close();
    out += row.take() + "\n";
  }
  return out;
}

std::string settings_file() {
  json::Writer out;
  out.open_object();
  const trace::ProcessFacts& facts = trace::Tracer::get().facts();
  out.key("process").open_object().field("pid", static_cast<int>(getpid()));
  out.field("service", facts.service).field("env", facts.env).field("version", facts.version);
  out.field("runtime_id", facts.runtime_id).field("process_tags", facts.process_tags).close();
  std::vector<telemetry::Row> rows = telemetry::reported_rows();
  for (const auto& table : options->settings) telemetry::append_rows(table, rows);
  std::map<std::string_view, const telemetry::Row*>
      in_force;  // the last of a name is the strongest
  for (const telemetry::Row& row : rows) in_force[row.name] = &row;
  out.key("configs").open_object();
  for (const auto& [field, name] :
       {std::pair{"_dd_api_key", "DD_API_KEY"}, {"_dd_app_key", "DD_APP_KEY"}})
    if (const auto key = config::variable(name)) out.field(field, hidden(*key));
  for (const auto& [name, row] : in_force) {
    out.key(name);
    row->has_value ? out.value(row->value) : out.null();
  }
  out.close().key("origins").open_object();
  for (const auto& [name, row] : in_force)
    if (row->origin != "default") out.field(name, row->origin);
  out.close().close();
  return out.take();
}

void take_level(int level) {
  base::remember_from(level == kUsual ? base::LogLevel::kError : base::LogLevel::kDebug);
  if (options->set_level != nullptr) options->set_level(level);
}

// A name that one process at a time can hold, for as long as it lives or gets another task.
bool is_first(const std::string& uuid) {
  static int held = -1;
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  const std::string text = "ddpython-flare-" + uuid.substr(0, 64);
  std::memcpy(name.sun_path + 1, text.data(), text.size());
  const int made = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (made < 0) return true;
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + text.size());
  if (bind(made, reinterpret_cast<const sockaddr*>(&name), size) != 0) {
    close(made);
    return false;
  }
  if (held >= 0) close(held);
  held = made;
  return true;
}

void send(const Task& task) {
  transport::Destination* const agent = transport::agent::destination();
  take_level(kUsual);
  if (agent == nullptr || !is_first(task.uuid)) return;
  base::log(base::LogLevel::kDebug, "a tracer flare is sent for case " + task.case_id);
  const std::string pid = std::to_string(getpid());
  const std::string archive =
      zip({{"tracer_flare/tracer_python_" + pid + ".log", log_file()},
           {"tracer_flare/tracer_config_" + pid + ".json", settings_file()}});
  Form form = make_form(task, archive, base::wall_ns() / 1'000'000'000);
  agent->submit({.target = "/tracer_flare/v1",
                 .headers = {{"User-Agent", "Tracer/2.0.0"},
                             {"Content-Type", "multipart/form-data; boundary=" + form.boundary}},
                 .body = std::move(form.body),
                 .timeout_ns = 5'000'000'000},
                [](const transport::Reply& reply) {
                  if (!reply.ok())
                    base::log(base::LogLevel::kWarning, "the agent did not take the tracer flare");
                });
}

void hear_task(Configuration& one) {
  const auto document = json::parse(one.content);
  if (!document) return one.fail("invalid JSON content");
  if ((*document)["task_type"].text() != "tracer_flare") return;
  const json::Value& args = (*document)["args"];
  Task task{.case_id = std::string(args["case_id"].text()),
            .hostname = std::string(args["hostname"].text()),
            .user = std::string(args["user_handle"].text()),
            .uuid = std::string((*document)["uuid"].text())};
  if (!is_case_id(task.case_id)) return one.fail("the case id is not a number");
  send(task);
}

void hear_tasks(std::span<Configuration* const> in_force) {
  for (Configuration* one : in_force)
    if (one->state == remote_config::ApplyState::kUnacknowledged) hear_task(*one);
}

void hear_levels(std::span<Configuration* const> in_force) {
  int lowest = kUsual;
  for (Configuration* one : in_force) {
    const auto document = json::parse(one->content);
    if (!document) {
      one->fail("invalid JSON content");
      continue;
    }
    const int level = level_named((*document)["config"]["log_level"].text());
    if (level != kUsual && (lowest == kUsual || level < lowest)) lowest = level;
  }
  take_level(lowest);
}

constexpr remote_config::Product kRemote[] = {{.name = "AGENT_CONFIG", .changed = &hear_levels},
                                              {.name = "AGENT_TASK", .changed = &hear_tasks}};

}  // namespace

int level_named(std::string_view name) {
  static constexpr std::pair<std::string_view, int> kLevels[] = {
      {"trace", 10},   {"debug", 10}, {"info", 20},    {"warn", 30},
      {"warning", 30}, {"error", 40}, {"critical", 50}};
  for (const auto& [known, level] : kLevels)
    if (base::same_ignoring_case(name, known)) return level;
  return kUsual;
}

std::string hidden(std::string_view key) {
  const std::size_t shown = key.size() > 8 ? 4 : 0;
  return std::string(key.size() - shown, '*').append(key.substr(key.size() - shown));
}

bool is_case_id(std::string_view text) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const std::string_view rest = text.substr(digits);
  return digits > 0 && text.substr(0, digits) != "0" &&
         (rest.empty() || rest == "-with-debug" || rest == "-with-content");
}

Form make_form(const Task& task, const std::string& archive, std::int64_t now_s) {
  Form form;
  char random[32];
  base::random_uuid_hex(random);
  form.boundary.assign(random, sizeof random);
  const auto part = [&form](std::string_view name, std::string_view content,
                            const std::string& file) {
    form.body += "--" + form.boundary + "\r\nContent-Disposition: form-data; name=\"";
    form.body.append(name).append("\"");
    if (!file.empty())
      form.body += "; filename=\"" + file + "\"\r\nContent-Type: application/octet-stream";
    form.body.append("\r\n\r\n").append(content).append("\r\n");
  };
  part("source", "tracer_python", {});
  part("case_id", task.case_id, {});
  part("hostname", task.hostname, {});
  part("email", task.user, {});
  part("uuid", task.uuid, {});
  part("flare_file", archive,
       "tracer-python-" + task.case_id + "-" + std::to_string(now_s) + "-debug.zip");
  form.body += "--" + form.boundary + "--\r\n";
  return form;
}

void start(Options wanted) { options = new Options(std::move(wanted)); }

std::span<const remote_config::Product> remote() { return kRemote; }

}  // namespace dd::flare
