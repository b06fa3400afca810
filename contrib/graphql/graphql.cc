// graphql: a span for each request, for its parsing, validation and execution, and, when wanted,
// for each field that is resolved.
//
// Errors that a result carries were never raised to the caller: they are told as such, and each as
// an event. What is asked for may be awaited; the spans end when it has been.

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "contrib/support/integration.h"
#include "contrib/support/step.h"
#include "core/py/error.h"
#include "core/py/method.h"
#include "core/trace/tags.h"

namespace dd::contrib::graphql {
namespace {

Name kAddEvent("_add_event"), kBody("body"), kColumn("column"), kDefinitions("definitions"),
    kDocument("document"), kDocumentAst("document_ast"), kErrors("errors"),
    kExtensions("extensions"), kLine("line"), kLoc("loc"), kLocations("locations"),
    kMessage("message"), kName("name"), kOperation("operation"), kPath("path"), kSource("source"),
    kValue("value");

Name kCode("__code__"), kFieldName("field_name"), kMiddleware("middleware"),
    kMiddlewares("middlewares"), kResolve("resolve"), kVariableNames("co_varnames");

constexpr trace::Key kSourceTag("graphql.source"), kOperationType("graphql.operation.type"),
    kOperationName("graphql.operation.name");
constexpr std::string_view kErrorType = "graphql.error.graphql_error.GraphQLError";
constinit const std::string* own_service = nullptr;
// Of an error's extensions, those that are told: DD_TRACE_GRAPHQL_ERROR_EXTENSIONS.
constinit const std::vector<std::string>* extensions = nullptr;
constinit bool resolvers = false;

void prepare(const Settings& from) {
  own_service = new std::string(from.own_service("graphql"));
  auto* const wanted = new std::vector<std::string>;
  const std::string text = from.text("DD_TRACE_GRAPHQL_ERROR_EXTENSIONS").value_or(std::string());
  for (std::string_view rest = text; !rest.empty();) {
    std::string_view word = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), word.size() + 1));
    while (word.starts_with(' ')) word.remove_prefix(1);
    while (word.ends_with(' ')) word.remove_suffix(1);
    if (!word.empty()) wanted->emplace_back(word);
  }
  extensions = wanted;
  resolvers = means_yes(from.text("DD_TRACE_GRAPHQL_RESOLVERS_ENABLED").value_or(std::string()));
}

tracing::LiveSpan& start(Scope& scope, std::string_view name, std::string_view resource,
                         bool measured) {
  const Named named = settings().naming.of_server(
      {.integration = "graphql", .fallback = "graphql", .own = *own_service});
  return start_step(scope, {.name = name,
                            .component = "graphql",
                            .service = named.service,
                            .source = named.source,
                            .resource = resource.empty() ? name : resource,
                            .type = "graphql",
                            .measured = measured,
                            .late_service = !own_service->empty()});
}

// A text, or an object with a text in it.
std::string text_of(Handle source) {
  if (source.is_str()) return source.text();
  const Ref body = source.attr(kBody);
  return body.is_str() ? body.text() : std::string();
}

std::string source_of(Handle document) { return text_of(document.attr(kLoc).attr(kSource)); }

void enter_request(Call& call, Scope& scope) {
  const std::string source = text_of(call.arg(1, kSource));
  start(scope, settings().naming.operation({"graphql.request", "graphql.server.request"}), source,
        true);
}

void enter_parse(Call& call, Scope& scope) {
  if (const auto& live = start(scope, "graphql.parse", {}, false))
    live.span().set(kSourceTag, text_of(call.arg(0, kSource)));
}

void enter_validate(Call& call, Scope& scope) {
  if (const auto& live = start(scope, "graphql.validate", {}, false))
    live.span().set(kSourceTag, source_of(call.arg(1, kDocumentAst)));
}

// Which operation runs is known when there is one.
void tag_operation(trace::Span& span, Handle document) {
  Ref only;
  int count = 0;
  document.attr(kDefinitions).each([&](Handle definition) {
    Ref operation = definition.attr(kOperation);
    if (operation && ++count == 1) only = definition.share();
  });
  if (count != 1) return;
  const Ref type = only.attr(kOperation).attr(kValue), name = only.attr(kName).attr(kValue);
  if (type.is_str()) span.set(kOperationType, type.utf8());
  if (name.is_str()) span.set(kOperationName, name.utf8());
}

// --- fields: a middleware of the library's own kind, `resolve(next, root, info, **arguments)`
// ------

PyObject* resolve(PyObject*, PyObject* const* args, Py_ssize_t count, PyObject* kwnames) {
  if (count < 1) return PyErr_Format(PyExc_TypeError, "resolve() needs what to call next");
  Scope scope;
  if (count > 2) {
    const Ref field = Handle(args[2]).attr(kFieldName);
    start(scope, "graphql.resolve", field.utf8(), false);
  }
  PyObject* const result =
      PyObject_Vectorcall(args[0], args + 1, static_cast<std::size_t>(count - 1), kwnames);
  if (result) {
    finish_step(Outcome(result, nullptr, nullptr), scope);
    return result;
  }
  py::ErrorKeep error;
  finish_step(Outcome(nullptr, error.instance(), nullptr), scope);
  return nullptr;
}

// The library takes functions of Python and objects that have a `resolve`.
Handle middleware() {
  static constinit PyObject* made = nullptr;
  if (!made) {
    static PyMethodDef definition = {"resolve", py::method<resolve>, METH_FASTCALL | METH_KEYWORDS,
                                     nullptr};
    const Ref function = Ref::steal(PyCFunction_New(&definition, nullptr));
    Ref holder = py::imported("types").attr("SimpleNamespace").call();
    if (!holder || !holder.set_attr(kResolve, function)) return nullptr;
    made = holder.release();
  }
  return made;
}

// Where execute() has its parameter: at another place in each version of the library.
int place_of_middleware(Handle function) {
  static constinit int place = -1;
  if (place < 0) {
    int at = 0;
    function.attr(kCode).attr(kVariableNames).each([&](Handle name) {
      if (place < 0 && name.utf8() == "middleware") place = at;
      ++at;
    });
  }
  return place;
}

void watch_resolvers(Call& call) {
  const int place = place_of_middleware(call.callable());
  const Handle ours = middleware();
  if (place < 0 || !ours) return;
  const Handle given = call.arg(place, kMiddleware);
  const bool none = !given || given.is_none(), many = given.is_list() || given.is_tuple();
  const Ref manager = none || many ? Ref() : given.attr(kMiddlewares);
  if (!none && !many && !manager) return;  // the library will say what is wrong
  Ref all = py::list();
  const auto add = [&](Handle one) { (void)all.append(one); };
  if (many) given.each(add);
  if (manager) Handle(manager).each(add);
  add(ours);
  if (manager) {
    const Ref arguments = Ref::steal(PyList_AsTuple(all.ptr()));
    all = Ref::steal(PyObject_CallObject(given.type().ptr(), arguments.ptr()));
    if (!all) return py::swallow_error();
  }
  (void)call.replace_arg(place, kMiddleware, std::move(all));
}

void enter_execute(Call& call, Scope& scope) {
  const Handle document = call.arg(1, kDocument);
  const std::string source = source_of(document);
  const auto& live = start(scope, "graphql.execute", source, true);
  if (!live) return;
  live.span().set(kSourceTag, source);
  tag_operation(live.span(), document);
  if (resolvers) watch_resolvers(call);
}

void put(const Ref& attributes, const char* name, std::string_view value) {
  (void)attributes.set_item(name, py::str(value));
}

void tell_error(const tracing::LiveSpan& live, Handle error, std::string& messages) {
  const Ref attributes = py::dict(), message = error.attr(kMessage);
  put(attributes, "message", message.text());
  put(attributes, "type", kErrorType);
  const Ref path = error.attr(kPath), locations = error.attr(kLocations);
  if (path && !path.is_none() && path.size() > 0) {
    std::string shown;
    path.each([&](Handle part) { shown.append(shown.empty() ? "" : ".").append(part.display()); });
    put(attributes, "path", shown);
  }
  if (locations && !locations.is_none()) {
    const Ref shown = py::list();
    locations.each([&](Handle at) {
      (void)shown.append(py::str(at.attr(kLine).display() + ":" + at.attr(kColumn).display()));
    });
    if (shown.size() > 0) (void)attributes.set_item("locations", shown);
  }
  const Ref traceback = Ref::steal(PyException_GetTraceback(error.ptr()));
  if (traceback && !traceback.is_none()) {
    live.fail(error, traceback);
    put(attributes, "stacktrace", live.span().text(tags::kErrorStack));
  }
  const Ref own = error.attr(kExtensions);
  for (const std::string& wanted : *extensions) {
    const Ref value = own.is_dict() ? own.item(wanted.c_str()) : Ref();
    if (!value) continue;
    const bool plain = value.is_str() || value.is_int() || value.is_float();
    (void)attributes.set_item(("extensions." + wanted).c_str(),
                              plain ? value.share() : py::str(value.display()));
  }
  (void)live.object().call_method(kAddEvent, py::str("dd.graphql.query.error"), attributes);
  messages.append(messages.empty() ? "" : "\n").append(error.display());
}

void tell_errors(const tracing::LiveSpan& live, Handle errors) {
  if (!errors || errors.is_none() || errors.size() == 0) return;
  std::string messages;
  errors.each([&](Handle error) {
    if (error.is_exception()) tell_error(live, error, messages);
  });
  trace::Span& span = live.span();
  span.error = 1;
  span.set(tags::kErrorType, kErrorType);
  span.set(tags::kErrorMessage, messages);
}

void leave_result(Outcome& outcome, Scope& scope) {
  if (const tracing::LiveSpan* live = step_of(scope); live && outcome.result)
    tell_errors(*live, outcome.result.attr(kErrors));
  finish_step(outcome, scope);
}

void leave_validate(Outcome& outcome, Scope& scope) {
  if (const tracing::LiveSpan* live = step_of(scope); live && outcome.result)
    tell_errors(*live, outcome.result);
  finish_step(outcome, scope);
}

void leave_parse(Outcome& outcome, Scope& scope) { finish_step(outcome, scope); }

constexpr const char* kModules[] = {"graphql"};
constexpr py::Target kTargets[] = {
    {.where = "graphql.graphql:graphql_impl",
     .enter = enter_request,
     .leave = leave_result,
     .kind = py::Kind::kAwaitable},
    {.where = "graphql.language.parser:parse", .enter = enter_parse, .leave = leave_parse},
    {.where = "graphql.validation.validate:validate",
     .enter = enter_validate,
     .leave = leave_validate},
    {.where = "graphql.execution.execute:execute",
     .enter = enter_execute,
     .leave = leave_result,
     .kind = py::Kind::kAwaitable},
};

}  // namespace

extern const Integration integration;
constexpr Integration integration = {.name = "graphql",
                                     .package = "graphql-core",
                                     .versions = ">=3.1",
                                     .modules = kModules,
                                     .targets = kTargets,
                                     .prepare = prepare};

}  // namespace dd::contrib::graphql
