#include "products/crash/report.h"

#include <signal.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <fstream>

#include "core/config/identity.h"
#include "core/config/parse.h"
#include "core/json/json.h"

namespace dd::crash {
namespace {

constexpr std::string_view kFormat = "Datadog Crashtracker 1.0";
constexpr std::string_view kCounters[] = {"profiler_collecting_sample", "profiler_inactive",
                                          "profiler_unwinding", "profiler_serializing"};
constexpr std::size_t kMaxText = 1 << 20;

std::string_view next_word(std::string_view& text) {
  const std::size_t end = std::min(text.find(' '), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return word;
}

template <class T>
T number(std::string_view text) {
  T value{};
  const bool hex = text.starts_with("0x");
  if (hex) text.remove_prefix(2);
  std::from_chars(text.data(), text.data() + text.size(), value, hex ? 16 : 10);
  return value;
}

std::string hex(std::uint64_t value, int digits = 1) {
  char text[17];
  const auto end = std::to_chars(text, text + sizeof text, value, 16).ptr;
  std::string out(text, end);
  if (out.size() < static_cast<std::size_t>(digits))
    out.insert(0, static_cast<std::size_t>(digits) - out.size(), '0');
  return "0x" + out;
}

class Tags {
 public:
  Tags& add(std::string_view name, std::string_view value) {
    if (!value.empty())
      text_.append(text_.empty() ? "" : ",").append(name).append(":").append(value);
    return *this;
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

std::string what_happened(const Crash& crash) {
  if (crash.signal != 0)
    return "Process terminated with " + code_name(crash.signal, crash.code) + " (" +
           signal_name(crash.signal) + ")";
  return "Process was terminated due to an unhandled exception of type '" + crash.exception +
         "'. Message: " + crash.message;
}

std::string kind(const Crash& crash) {
  return crash.signal != 0 ? "UnixSignal" : "UnhandledException";
}
std::string type(const Crash& crash) {
  return crash.signal != 0 ? signal_name(crash.signal) : "UnhandledException";
}

bool has_address(const Crash& crash) {
  return crash.code > 0 || crash.code == SI_USER || crash.address != 0;
}

void add_signal(Tags& tags, const Crash& crash, bool with_address) {
  if (crash.signal == 0) return;
  if (with_address && has_address(crash)) tags.add("si_addr", hex(crash.address, 16));
  if (with_address) tags.add("si_code", std::to_string(crash.code));
  tags.add("si_code_human_readable", code_name(crash.signal, crash.code));
  tags.add("si_signo", std::to_string(crash.signal));
  tags.add("si_signo_human_readable", signal_name(crash.signal));
}

void add_process(Tags& tags, const Crash& crash) {
  tags.add("language_name", "python").add("language_version", crash.fact("language_version"));
  tags.add("tracer_version", crash.fact("tracer_version"));
}

std::string service(const Crash& crash) {
  const std::string name = crash.fact("service");
  return name.empty() ? "unknown" : name;
}

std::string ping_tags(const Crash& crash) {
  Tags tags;
  tags.add("uuid", crash.uuid).add("is_crash_ping", "true").add("service", service(crash));
  add_process(tags, crash);
  tags.add("env", crash.fact("env")).add("version", crash.fact("version"));
  add_signal(tags, crash, false);
  return tags.add("runtime_platform", crash.fact("platform")).take();
}

void add_report_tags(Tags& tags, const Crash& crash) {
  tags.add("data_schema_version", "1.8").add("incomplete", crash.complete ? "false" : "true");
  tags.add("is_crash", "true").add("uuid", crash.uuid);
  if (!crash.fact("product").empty()) tags.add("product", crash.fact("product"));
  for (const std::string_view counter : kCounters) tags.add(counter, "0");
  add_signal(tags, crash, true);
  tags.add("runtime_platform", crash.fact("platform"));
}

void write_signal(json::Writer& out, std::string_view key, const Crash& crash) {
  if (crash.signal == 0) return;
  out.key(key).open_object();
  if (has_address(crash)) out.field("si_addr", hex(crash.address, 16));
  out.field("si_code", crash.code);
  out.field("si_code_human_readable", code_name(crash.signal, crash.code));
  out.field("si_signo", crash.signal);
  out.field("si_signo_human_readable", signal_name(crash.signal)).close();
}

// "22.04" is 22.4.0.
std::string three_numbers(std::string_view version) {
  std::string out;
  for (int i = 0; i < 3; ++i) {
    const std::size_t end = std::min(version.find('.'), version.size());
    out += (i == 0 ? "" : ".") + std::to_string(number<int>(version.substr(0, end)));
    version.remove_prefix(std::min(end + 1, version.size()));
  }
  return out;
}

// "Debian" and "12.0.0", as the system says about itself.
std::pair<std::string, std::string> distribution() {
  std::ifstream file("/etc/os-release");
  std::string name = "Linux", version = "unknown", line;
  const auto value = [&line] {
    std::string text = line.substr(line.find('=') + 1);
    if (text.size() > 1 && text.front() == '"') text = text.substr(1, text.size() - 2);
    return text;
  };
  while (std::getline(file, line)) {
    if (line.starts_with("NAME=")) name = value();
    if (line.starts_with("VERSION_ID=")) version = three_numbers(value());
  }
  name = name.substr(0, name.find(' '));
  return {name, version};
}

void write_system(json::Writer& out) {
  utsname system{};
  uname(&system);
  const auto [name, version] = distribution();
  out.key("os_info").open_object().field("architecture", system.machine).field("bitness", "64-bit");
  out.field("os_type", name).field("version", version).close();
}

void write_metadata(json::Writer& out, const Crash& crash) {
  out.key("metadata").open_object().field("library_name", "dd-trace-py");
  out.field("library_version", crash.fact("tracer_version")).field("family", "python");
  out.key("tags").open_array();
  const auto tag = [&](const std::string& name, const std::string& value) {
    if (!value.empty()) out.value(name + ":" + value);
  };
  tag("language", "python");
  tag("runtime", "CPython");
  tag("runtime_version", crash.fact("language_version"));
  tag("library_version", crash.fact("tracer_version"));
  tag("runtime_id", crash.fact("runtime_id"));
  tag("service", crash.fact("service"));
  tag("env", crash.fact("env"));
  tag("version", crash.fact("version"));
  tag("process_tags", crash.fact("process_tags"));
  tag("is_crash", "true");
  tag("severity", "crash");
  for (const std::string& more : config::parse_list(crash.fact("tags"))) out.value(more);
  out.close().close();
}

void write_native(json::Writer& out, const std::vector<NativeFrame>& frames, Symbols& symbols) {
  for (std::size_t i = 0; i < frames.size(); ++i) {
    const Location where = symbols.find(frames[i].ip, i > 0);
    out.open_object().field("ip", hex(frames[i].ip)).field("sp", hex(frames[i].sp));
    if (!where.path.empty()) {
      out.field("module_base_address", hex(where.module_base));
      if (where.symbol != 0) out.field("symbol_address", hex(where.symbol));
      if (!where.build_id.empty()) {
        out.field("build_id", where.build_id).field("build_id_type", "GNU");
      }
      out.field("file_type", "ELF").field("path", where.path);
      out.field("relative_address", hex(where.relative, 16));
      if (!where.function.empty()) out.field("function", where.function);
    }
    out.close();
  }
}

// Of the thread that crashed.
void write_stack(json::Writer& out, const Crash& crash, Symbols& symbols) {
  out.key("stack").open_object().field("format", kFormat).key("frames").open_array();
  if (crash.signal != 0) {
    write_native(out, crash.native, symbols);
  } else {
    for (const Frame& frame : crash.python)
      out.open_object()
          .field("file", frame.file)
          .field("function", frame.function)
          .field("line", frame.line)
          .close();
  }
  out.close().field("incomplete", !crash.complete).close();
}

void write_threads(json::Writer& out, const Crash& crash, Symbols& symbols) {
  out.key("threads").open_array();
  out.open_object().field("crashed", true).field("name", crash.thread_name);
  write_stack(out, crash, symbols);
  out.field("state", "R").close();
  for (const Thread& thread : crash.others) {
    out.open_object().field("crashed", false).field("name", thread.name);
    out.key("stack").open_object().field("format", kFormat).key("frames").open_array();
    write_native(out, thread.native, symbols);
    out.close().field("incomplete", thread.native.empty()).close();
    out.field("state", thread.state).close();
  }
  out.close();
}

void write_runtime(json::Writer& out, const Crash& crash) {
  out.key("experimental").open_object();
  if (!crash.runtime.empty()) {
    out.key("runtime_stack").open_object().field("format", "Datadog Runtime Callback 1.0");
    out.field("stacktrace_string", crash.runtime).close();
  }
  out.close();
}

// "2026-01-31 12:00:00.123456789 UTC"
std::string time_text(std::int64_t wall_ns) {
  const auto seconds = static_cast<time_t>(wall_ns / 1'000'000'000);
  tm parts{};
  gmtime_r(&seconds, &parts);
  char text[64];
  const std::size_t size = strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts);
  std::snprintf(text + size, sizeof text - size, ".%09d UTC",
                static_cast<int>(wall_ns % 1'000'000'000));
  return text;
}

void write_process(json::Writer& out, const Crash& crash) {
  out.key("proc_info").open_object().field("pid", crash.process).field("tid", crash.thread).close();
  if (crash.registers.empty()) return;
  out.key("ucontext").open_object().field("arch", "x86_64").key("registers").open_object();
  for (const auto& [name, value] : crash.registers) out.field(name, value);
  out.close().close();
}

// The span that was open in the thread.
void write_active(json::Writer& out, const Crash& crash) {
  if (crash.span_id.empty()) return;
  for (const auto& [name, id] :
       {std::pair<const char*, const std::string&>("span_ids", crash.span_id),
        {"trace_ids", crash.trace_id}}) {
    out.key(name).open_array().open_object().field("id", id);
    out.field("thread_name", crash.thread_name).close().close();
  }
}

void write_files(json::Writer& out, const Crash& crash) {
  out.key("files").open_object().key("/proc/self/maps").open_array();
  std::string_view rest = crash.maps;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    out.value(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  out.close().close();
}

// The envelope of telemetry with one log in it.
std::string telemetry_log(const Crash& crash, std::string_view message, std::string_view level,
                          const std::string& tags, bool is_report) {
  utsname system{};
  uname(&system);
  json::Writer out;
  out.open_object().field("api_version", "v2");
  out.field("tracer_time", crash.wall_ns / 1'000'000'000)
      .field("runtime_id", crash.fact("runtime_id"));
  out.field("seq_id", 1).key("application").open_object().field("service_name", service(crash));
  if (!crash.fact("version").empty()) out.field("service_version", crash.fact("version"));
  if (!crash.fact("env").empty()) out.field("env", crash.fact("env"));
  out.field("language_name", "python").field("language_version", crash.fact("language_version"));
  out.field("tracer_version", crash.fact("tracer_version"));
  out.field("process_tags", crash.fact("process_tags")).close();
  out.key("host").open_object().field("hostname", config::host_name()).field("os", "linux");
  out.field("os_version", system.release).field("architecture", system.machine);
  out.field("kernel_name", system.sysname).field("kernel_release", system.release);
  out.field("kernel_version", system.version).close();
  out.field("origin", "Crashtracker").field("request_type", "logs");
  out.key("payload").open_object().key("logs").open_array().open_object();
  out.field("message", message).field("level", level).field("count", 1).key("stack_trace").null();
  out.field("tags", tags).field("is_sensitive", is_report).field("is_crash", is_report);
  out.close().close().close().close();
  return out.take();
}

}  // namespace

std::string Crash::fact(const std::string& name) const {
  const auto at = facts.find(name);
  return at == facts.end() ? std::string() : at->second;
}

bool Reader::take(std::string_view line) {
  if (text_ != nullptr) {
    if (line == text_end_)
      text_ = nullptr;
    else if (text_->size() < kMaxText)
      text_->append(line).append("\n");
    return false;
  }
  if (line == "ping") return true;
  if (line == "complete") crash_.complete = true;
  if (line == "maps" || line == "runtime") {
    text_ = line == "maps" ? &crash_.maps : &crash_.runtime;
    text_end_ = line == "maps" ? "end of maps" : "end of runtime";
  }
  if (const std::size_t equals = line.find('='); equals != line.npos)
    take_value(line.substr(0, equals), line.substr(equals + 1));
  return false;
}

void Reader::take_value(std::string_view name, std::string_view value) {
  if (name == "signal") {
    crash_.signal = number<int>(next_word(value));
    crash_.code = number<int>(next_word(value));
    crash_.address = number<std::uint64_t>(value);
  } else if (name == "process") {
    crash_.process = number<int>(next_word(value));
    crash_.thread = number<int>(next_word(value));
    crash_.thread_name = value;
  } else if (name == "active") {
    const auto high = number<std::uint64_t>(next_word(value));
    const auto low = number<std::uint64_t>(next_word(value));
    crash_.trace_id = hex(high, 16).substr(2) + hex(low, 16).substr(2);
    crash_.span_id = std::to_string(number<std::uint64_t>(value));
  } else if (name == "register") {
    const std::string_view which = next_word(value);
    crash_.registers.emplace_back(which, hex(number<std::uint64_t>(value), 16));
  } else if (name == "thread") {
    const int id = number<int>(next_word(value));
    const std::string_view state = next_word(value);
    crash_.others.push_back({.id = id, .state = std::string(state), .name = std::string(value)});
  } else if (name == "frame") {
    const auto ip = number<std::uint64_t>(next_word(value));
    auto& stack = crash_.others.empty() ? crash_.native : crash_.others.back().native;
    stack.push_back({ip, number<std::uint64_t>(value)});
  } else if (name == "pyframe") {
    const int line = number<int>(next_word(value));
    const std::size_t tab = std::min(value.find('\t'), value.size());
    crash_.python.push_back({std::string(value.substr(0, tab)),
                             std::string(value.substr(std::min(tab + 1, value.size()))), line});
  } else if (name == "exception") {
    crash_.exception = value;
  } else if (name == "message") {
    crash_.message = value;
  } else {
    crash_.facts.insert_or_assign(std::string(name), std::string(value));
  }
}

std::string signal_name(int number) {
  const char* const name = sigabbrev_np(number);
  return name == nullptr ? "UNKNOWN" : std::string("SIG") + name;
}

std::string code_name(int number, int code) {
  struct Name {
    int signal, code;
    const char* text;
  };
  static constexpr Name kNames[] = {
      {0, SI_USER, "SI_USER"},
      {0, SI_KERNEL, "SI_KERNEL"},
      {0, SI_QUEUE, "SI_QUEUE"},
      {0, SI_TKILL, "SI_TKILL"},
      {SIGSEGV, SEGV_MAPERR, "SEGV_MAPERR"},
      {SIGSEGV, SEGV_ACCERR, "SEGV_ACCERR"},
      {SIGBUS, BUS_ADRALN, "BUS_ADRALN"},
      {SIGBUS, BUS_ADRERR, "BUS_ADRERR"},
      {SIGBUS, BUS_OBJERR, "BUS_OBJERR"},
      {SIGILL, ILL_ILLOPC, "ILL_ILLOPC"},
      {SIGILL, ILL_ILLOPN, "ILL_ILLOPN"},
      {SIGILL, ILL_PRVOPC, "ILL_PRVOPC"},
  };
  for (const Name& name : kNames)
    if (name.code == code && (name.signal == 0 || name.signal == number)) return name.text;
  return "UNKNOWN";
}

std::string ping_for_errors(const Crash& crash) {
  json::Writer out;
  out.open_object().field("ddsource", "crashtracker").field("ddtags", ping_tags(crash));
  out.key("error").open_object().field("type", type(crash)).field("is_crash", false);
  out.field("message",
            "Crashtracker crash ping: crash processing started - " + what_happened(crash));
  out.field("source_type", "Crashtracking").close();
  write_system(out);
  write_signal(out, "sig_info", crash);
  out.field("timestamp", crash.wall_ns / 1'000'000).close();
  return out.take();
}

std::string ping_for_telemetry(const Crash& crash) {
  json::Writer out;
  out.open_object().field("crash_uuid", crash.uuid).field("kind", kind(crash));
  out.field("message",
            "Crashtracker crash ping: crash processing started - " + what_happened(crash));
  write_signal(out, "siginfo", crash);
  out.field("version", "1.0");
  write_metadata(out, crash);
  out.close();
  return telemetry_log(crash, out.take(), "DEBUG", ping_tags(crash), false);
}

std::string report_for_errors(const Crash& crash, Symbols& symbols) {
  Tags tags;
  tags.add("service", service(crash)).add("env", crash.fact("env"));
  tags.add("version", crash.fact("version"));
  add_process(tags, crash);
  add_report_tags(tags, crash);
  json::Writer out;
  out.open_object().field("ddsource", "crashtracker").field("ddtags", tags.take());
  out.key("error").open_object().field("type", type(crash));
  write_runtime(out, crash);
  out.field("is_crash", true).field("message", what_happened(crash));
  out.field("source_type", "Crashtracking");
  write_stack(out, crash, symbols);
  out.field("thread_name", crash.thread_name);
  write_threads(out, crash, symbols);
  out.close();
  write_files(out, crash);
  write_system(out);
  write_process(out, crash);
  write_signal(out, "sig_info", crash);
  write_active(out, crash);
  out.field("timestamp", crash.wall_ns / 1'000'000).close();
  return out.take();
}

std::string report_for_telemetry(const Crash& crash, Symbols& symbols) {
  json::Writer out;
  out.open_object().key("counters").open_object();
  for (const std::string_view counter : kCounters) out.field(counter, 0);
  out.close().field("data_schema_version", "1.8");
  out.key("error").open_object().field("is_crash", true).field("kind", kind(crash));
  out.field("message", what_happened(crash)).field("thread_name", crash.thread_name);
  out.field("source_type", "Crashtracking");
  write_stack(out, crash, symbols);
  write_threads(out, crash, symbols);
  out.close();
  write_runtime(out, crash);
  write_files(out, crash);
  out.field("incomplete", !crash.complete);
  write_metadata(out, crash);
  write_system(out);
  write_process(out, crash);
  write_signal(out, "sig_info", crash);
  write_active(out, crash);
  out.field("timestamp", time_text(crash.wall_ns)).field("uuid", crash.uuid).close();
  Tags tags;
  add_report_tags(tags, crash);
  return telemetry_log(crash, out.take(), "ERROR", tags.take(), true);
}

}  // namespace dd::crash
