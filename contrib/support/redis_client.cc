#include "contrib/support/redis_client.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "contrib/support/integration.h"
#include "contrib/support/pin.h"

namespace dd::contrib {
namespace {

py::Name kArgs("args"), kClientName("client_name"), kCommandQueue("_command_queue"),
    kClusterClient("cluster_client"), kCommandStack("command_stack"),
    kConnectionKwargs("connection_kwargs"), kConnectionPool("connection_pool"), kPoolDb("db"),
    kExecutionStrategy("_execution_strategy"), kPoolHost("host"), kInnerStack("_command_stack"),
    kNodesManager("nodes_manager"), kPoolPort("port"), kStartupNodes("startup_nodes");

constexpr std::string_view kTooLong = "...";
constexpr std::size_t kLongestValue = 100;

// Most commands: words of ASCII characters, of which nothing is cut. False for others.
bool put_short_words(std::string& out, std::span<PyObject* const> words, std::size_t longest) {
  std::size_t used = 0;
  for (PyObject* const word : words) {
    if (!PyUnicode_CheckExact(word) || !PyUnicode_IS_COMPACT_ASCII(word)) return false;
    const auto size = static_cast<std::size_t>(PyUnicode_GET_LENGTH(word));
    used += size;
    if (size > kLongestValue || used > longest) return false;
    if (!out.empty()) out.push_back(' ');
    out.append(static_cast<const char*>(PyUnicode_DATA(word)), size);
  }
  return true;
}

// Bytes of the first `count` characters.
std::size_t prefix(std::string_view utf8, std::size_t count) {
  std::size_t at = 0;
  for (; at < utf8.size(); ++at)
    if ((utf8[at] & 0xC0) != 0x80 && count-- == 0) break;
  return at;
}

std::size_t length(std::string_view utf8) {
  return static_cast<std::size_t>(
      std::count_if(utf8.begin(), utf8.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

// Bytes that are no UTF-8 are shown as "\\xff".
std::string shown_bytes(Handle bytes) {
  const std::string_view raw = bytes.bytes();
  const Ref text = Ref::steal(
      PyUnicode_DecodeUTF8(raw.data(), static_cast<Py_ssize_t>(raw.size()), "backslashreplace"));
  return text.text();
}

std::string_view first_word(std::string_view text) { return text.substr(0, text.find(' ')); }

// Commands that answer with values: they count as a row when there are any.
bool returns_rows(std::string_view command) {
  constexpr std::string_view kNames[] = {
      "GET",   "GETDEL", "GETEX",      "GETRANGE", "GETSET", "HGET", "HGETALL", "HKEYS",
      "HMGET", "HVALS",  "HRANDFIELD", "LINDEX",   "LPOP",   "RPOP", "LRANGE",  "MGET"};
  return std::ranges::find(kNames, command) != std::end(kNames);
}

bool is_value(Handle object) { return object && !object.is_none() && object.size() != 0; }

std::int64_t count_rows(std::string_view command, Handle result) {
  const bool of_many = command == "MGET" || command == "HMGET";
  if (!of_many || !result.is_list()) return is_value(result) ? 1 : 0;
  std::int64_t values = 0;
  result.each([&](Handle value) { values += is_value(value) ? 1 : 0; });
  return command == "MGET" ? values : std::min<std::int64_t>(values, 1);
}

void tag_host(trace::Span& span, const RedisTags& names, Handle host, Handle port, Handle db) {
  if (host.is_str()) {
    span.set(tags::kOutHost, host.utf8());
    span.set(tags::kServerAddress, host.utf8());
  }
  if (port.is_int()) span.set(tags::kDestinationPort, static_cast<std::int64_t>(port.integer()));
  span.set(names.db, static_cast<std::int64_t>(db.integer()));
}

void tag_node(trace::Span& span, const RedisTags& names, Handle cluster) {
  Ref manager = cluster.attr(kNodesManager);
  if (!manager) manager = cluster.attr(kClusterClient).attr(kNodesManager);
  bool first = true;
  manager.attr(kStartupNodes).each_pair([&](Handle, Handle node) {
    if (first) tag_host(span, names, node.attr(kPoolHost), node.attr(kPoolPort), {});
    first = false;
  });
}

void tag_connection(trace::Span& span, const RedisFacts& facts, Handle client) {
  const Ref pool = client.attr(kConnectionPool);
  if (!pool) {
    if (facts.tells_node) tag_node(span, *facts.tags, client);
    return;
  }
  const Ref arguments = pool.attr(kConnectionKwargs);
  tag_host(span, *facts.tags, arguments.item(kPoolHost), arguments.item(kPoolPort),
           arguments.item(kPoolDb));
  const Ref name = arguments.item(kClientName);
  if (name.is_str()) span.set(facts.tags->client_name, name.utf8());
}

const trace::Key& raw_command_of(const RedisDriver& driver) {
  const RedisTags& tags = *driver.facts->tags;
  return (*driver.knobs)->is_v1 ? tags.raw_command_v1 : tags.raw_command;
}

trace::Span* start(py::Call& call, py::Scope& scope, std::string_view text, std::string_view words,
                   bool is_pipeline) {
  const RedisDriver& driver = *static_cast<const RedisDriver*>(call.data());
  const RedisKnobs& knobs = **driver.knobs;
  const RedisFacts& facts = *driver.facts;
  const Pin pin = Pin::of(call.self());
  const std::string pinned = pin ? pin.service() : std::string();
  const KnownNames& names = is_pipeline ? knobs.pipeline_names : knobs.names;
  const std::string_view name = names.name.view();
  Named named;
  if (!pinned.empty()) [[unlikely]] {
    named = settings().naming.of_client(
        {.integration = facts.component, .fallback = facts.service, .own = pinned});
    if (is_pipeline && !facts.mapped_pipelines_tell && !named.before.empty())
      named.source = named.before;
  }
  const std::string_view resource = knobs.only_command_word ? words : text;
  const bool nameless = resource.empty() && facts.named_when_empty;
  const tracing::LiveSpan& live = start_step(scope, {.name = name,
                                                     .service = named.service,
                                                     .source = named.source,
                                                     .resource = nameless           ? name
                                                                 : resource.empty() ? ""
                                                                                    : resource,
                                                     .type = facts.system,
                                                     .measured = true,
                                                     .waits = driver.waits,
                                                     .known = pinned.empty() ? &names : nullptr,
                                                     .tags = knobs.common});
  if (!live) return nullptr;
  trace::Span& span = live.span();
  span.set(raw_command_of(driver), text);
  tag_connection(span, facts, call.self());
  if (pin) pin.tag(span);
  return &span;
}

// The commands of a pipeline: pairs (words, options), or objects with `args`.
std::vector<Ref> commands_of(Handle pipeline) {
  Ref stack = pipeline.attr(kCommandStack);
  if (!stack) stack = pipeline.attr(kInnerStack);
  if (!stack) {
    const Ref strategy = pipeline.attr(kExecutionStrategy);
    stack = (strategy ? Handle(strategy) : pipeline).attr(kCommandQueue);
  }
  std::vector<Ref> commands;
  stack.each([&](Handle entry) {
    Ref words = entry.is_tuple() ? entry.item(Py_ssize_t{0}) : entry.attr(kArgs);
    if (words.is_list()) words = Ref::steal(PyList_AsTuple(words.ptr()));
    if (words.is_tuple()) commands.push_back(std::move(words));
  });
  return commands;
}

}  // namespace

RedisKnobs redis_knobs(const Settings& from, const RedisFacts& facts) {
  const std::string_view section = facts.component;
  const std::string own = from.own_service(section);
  const KnownNames names = known_client(
      from, facts.command, {.integration = section, .fallback = facts.service, .own = own});
  KnownNames of_pipelines = names;
  if (!facts.mapped_pipelines_tell && names.before.present()) of_pipelines.source = names.before;
  return {.names = names,
          .pipeline_names = of_pipelines,
          .common = {{tags::kComponent, trace::Text(facts.component)},
                     {tags::kSpanKind, trace::Text("client")},
                     {tags::kDbSystem, trace::Text(facts.system)}},
          .longest = static_cast<std::size_t>(from.number(section, "CMD_MAX_LENGTH", 1000)),
          .only_command_word = from.knob(section, "RESOURCE_ONLY_COMMAND", true),
          .is_v1 = from.naming.facts().schema == Schema::kV1};
}

std::string redis_command_text(std::span<PyObject* const> words, std::size_t longest) {
  std::string out;
  if (put_short_words(out, words, longest)) return out;
  out.clear();
  std::size_t used = 0;
  for (PyObject* const word : words) {
    const Handle object = word;
    std::string room;
    std::string_view text = object.utf8();
    if (text.empty()) text = room = object.is_bytes() ? shown_bytes(object) : object.display();
    std::string shown(text.substr(0, prefix(text, kLongestValue)));
    if (shown.size() < text.size()) shown.append(kTooLong);
    if (!out.empty()) out.push_back(' ');
    const std::size_t size = length(shown);
    if (used + size > longest) {
      out.append(shown, 0, prefix(shown, longest - used)).append(kTooLong);
      break;
    }
    out.append(shown);
    used += size;
  }
  return out;
}

void enter_redis_command(py::Call& call, py::Scope& scope) {
  const RedisDriver& driver = *static_cast<const RedisDriver*>(call.data());
  const std::string text = redis_command_text(call.positional(), (*driver.knobs)->longest);
  if (trace::Span* span = start(call, scope, text, first_word(text), false))
    span->set(driver.facts->tags->args_length, static_cast<std::int64_t>(call.positional().size()));
}

void leave_redis_command(py::Outcome& outcome, py::Scope& scope) {
  if (const tracing::LiveSpan* live = step_of(scope)) {
    trace::Span& span = live->span();
    const RedisDriver& driver = *static_cast<const RedisDriver*>(outcome.data());
    const std::string_view command = first_word(span.text(raw_command_of(driver)));
    if (returns_rows(command)) span.set(tags::kDbRowCount, count_rows(command, outcome.result));
  }
  finish_step(outcome, scope);
}

void enter_redis_pipeline(py::Call& call, py::Scope& scope) {
  const RedisDriver& driver = *static_cast<const RedisDriver*>(call.data());
  const std::vector<Ref> commands = commands_of(call.self());
  std::string text, words;
  for (const Ref& command : commands) {
    PyObject* const* items = PySequence_Fast_ITEMS(command.ptr());
    const std::string one =
        redis_command_text({items, static_cast<std::size_t>(PyTuple_GET_SIZE(command.ptr()))},
                           (*driver.knobs)->longest);
    if (!words.empty()) {
      text.push_back('\n');
      words.push_back('\n');
    }
    text.append(one);
    words.append(first_word(one));
  }
  if (trace::Span* span = start(call, scope, text, words, true))
    span->set(driver.facts->tags->pipeline_length, static_cast<std::int64_t>(commands.size()));
}

void leave_redis_pipeline(py::Outcome& outcome, py::Scope& scope) { finish_step(outcome, scope); }

}  // namespace dd::contrib
