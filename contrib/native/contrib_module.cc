#include "contrib/native/contrib_module.h"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "contrib/registry.h"
#include "contrib/support/code_origin.h"
#include "contrib/support/inferred_span.h"
#include "contrib/support/pin.h"
#include "contrib/support/terms.h"
#include "core/http/client_ip.h"
#include "core/http/header_tags.h"
#include "core/http/redact.h"
#include "core/py/hook.h"
#include "core/py/imports/import_hook.h"
#include "core/py/ref.h"
#include "core/trace/tracer.h"
#include "core/tracing/live_span.h"

namespace dd::contrib {
namespace {

PyObject* returned(Ref value) { return value.release(); }
PyObject* returned(std::string_view text) { return returned(py::str(text)); }

PyObject* trouble(const Status& status) {
  return returned(status.ok() ? std::string_view() : std::string_view(status.message()));
}
// What went wrong; empty when nothing did.
PyObject* patch_one(PyObject*, PyObject* name) { return trouble(patch(Handle(name).text())); }
PyObject* unpatch_one(PyObject*, PyObject* name) { return trouble(unpatch(Handle(name).text())); }

// name: (on, triggered, applied, trouble)
PyObject* states(PyObject*, PyObject*) {
  Ref out = py::dict();
  if (!out) return nullptr;
  each_integration(
      [](const IntegrationState& state, void* into) {
        const Ref facts[] = {py::boolean(state.on), py::boolean(state.triggered),
                             py::boolean(state.applied), py::str(state.trouble)};
        const Handle parts[] = {facts[0], facts[1], facts[2], facts[3]};
        (void)static_cast<Ref*>(into)->set_item(py::str(state.name), py::tuple(parts));
      },
      &out);
  return out.release();
}

// name: what it hooks, each "module:path", with what only some settings ask for.
PyObject* targets(PyObject*, PyObject*) {
  Ref out = py::dict();
  each_integration(
      [](const IntegrationState& state, void* into) {
        const Integration* integration = find_integration(state.name);
        const Ref places = py::list();
        const auto add = [&](std::span<const py::Target> table) {
          for (const py::Target& target : table) (void)places.append(py::str(target.where));
        };
        add(integration->targets);
        for (const Extra& extra : integration->extras) add(extra.targets);
        (void)static_cast<Ref*>(into)->set_item(py::str(state.name), places);
      },
      &out);
  return out.release();
}

// (package or None, versions) an integration is made for; None for what is no integration.
PyObject* made_for(PyObject*, PyObject* name) {
  const Integration* integration = find_integration(Handle(name).text());
  if (!integration) return py::none().release();
  const Ref package = integration->package ? py::str(integration->package) : py::none();
  const Ref versions = py::str(integration->versions);
  const Handle parts[] = {package, versions};
  return returned(py::tuple(parts));
}

PyObject* wanted(PyObject*, PyObject* args) {
  const char* name;
  int by_default;
  if (!PyArg_ParseTuple(args, "sp:wanted", &name, &by_default)) return nullptr;
  return returned(py::boolean(settings().on(name, by_default)));
}

PyObject* version_matches(PyObject*, PyObject* args) {
  const char *version, *range;
  if (!PyArg_ParseTuple(args, "ss:version_matches", &version, &range)) return nullptr;
  return returned(py::boolean(py::version_matches(version, range)));
}

PyObject* get_setting(PyObject*, PyObject* variable) {
  const std::optional<std::string> text = setting(Handle(variable).text());
  return text ? returned(*text) : py::none().release();
}

// {variable: text, or None to take the code's word back}
PyObject* set_settings(PyObject*, PyObject* words) {
  Changes changes;
  Handle(words).each_pair([&changes](Handle variable, Handle text) {
    changes.emplace_back(variable.text(),
                         text.is_str() ? std::optional<std::string>(text.text()) : std::nullopt);
  });
  change_settings(changes);
  return py::none().release();
}

std::string or_empty(const char* text) { return text ? text : ""; }

// (service, is the user's, env, version) of the process from now on.
PyObject* set_process(PyObject*, PyObject* args) {
  const char *service, *env, *version;
  int is_users;
  if (!PyArg_ParseTuple(args, "zpzz:set_process", &service, &is_users, &env, &version))
    return nullptr;
  trace::Tracer& tracer = trace::Tracer::get();
  trace::ProcessFacts facts = tracer.facts();
  if (facts.first_service.empty()) facts.first_service = facts.service;
  facts.service = or_empty(service);
  facts.service_is_inferred = !is_users;
  facts.env = or_empty(env);
  facts.version = or_empty(version);
  rename_process({facts.service, is_users != 0});
  tracer.set_facts(std::move(facts));
  return py::none().release();
}

// (service, is inferred, env, version, tags) of the process.
PyObject* process(PyObject*, PyObject*) {
  const trace::ProcessFacts& facts = trace::Tracer::get().facts();
  const Ref tags = py::dict();
  for (const auto& [key, value] : facts.tags) (void)tags.set_item(py::str(key), py::str(value));
  const Ref texts[] = {py::str(facts.service), py::boolean(facts.service_is_inferred),
                       py::str(facts.env), py::str(facts.version)};
  const Handle parts[] = {texts[0], texts[1], texts[2], texts[3], tags};
  return returned(py::tuple(parts));
}

using Look = void (*)();
constinit Look on_look_again = nullptr;

PyObject* look_again(PyObject*, PyObject*) {
  if (on_look_again) on_look_again();
  return py::none().release();
}

PyObject* look_for_pins(PyObject*, PyObject*) {
  expect_pins();
  return py::none().release();
}

// (object, pin or None): beside an object that takes no attributes.
PyObject* keep_pin_beside(PyObject*, PyObject* args) {
  PyObject *object, *pin;
  if (!PyArg_ParseTuple(args, "OO:keep_pin", &object, &pin)) return nullptr;
  keep_pin(object, Handle(pin).is_none() ? Handle() : Handle(pin));
  return py::none().release();
}

PyObject* pin_beside(PyObject*, PyObject* object) {
  Ref pin = kept_pin(object);
  return (pin ? std::move(pin) : py::none()).release();
}

void call_hook(Handle module, const void* callback) {
  (void)Handle(static_cast<PyObject*>(const_cast<void*>(callback))).call(module);
}

// (name, callback): calls it with the module after each import of it, and now when it is there.
// For ever: what is forgotten is forgotten by the caller.
PyObject* when_imported(PyObject*, PyObject* args) {
  const char* name;
  PyObject* callback;
  if (!PyArg_ParseTuple(args, "sO:when_imported", &name, &callback)) return nullptr;
  const auto* hook =
      new py::ModuleHook{*new std::string(name), call_hook, Handle(callback).share().release()};
  py::import_hook::add({hook, 1});
  return py::none().release();
}

PyObject* process_tags(PyObject*, PyObject*) {
  return returned(trace::Tracer::get().facts().process_tags);
}

http::Side side(int response) { return response ? http::Side::kResponse : http::Side::kRequest; }

// The tag that the global settings give a header; empty when it is not wanted.
PyObject* wanted_header(PyObject*, PyObject* args) {
  const char* name;
  int response;
  if (!PyArg_ParseTuple(args, "sp:wanted_header", &name, &response)) return nullptr;
  return returned(settings().header_tags.tag(name, side(response)));
}

// The tag of a header that nobody named.
PyObject* header_tag(PyObject*, PyObject* args) {
  const char* name;
  int response;
  if (!PyArg_ParseTuple(args, "sp:header_tag", &name, &response)) return nullptr;
  return returned(http::header_tag(name, side(response)));
}

// A URL as spans show it: without credentials, its query redacted or left out.
PyObject* shown_url(PyObject*, PyObject* args) {
  const char* url;
  int with_query;
  if (!PyArg_ParseTuple(args, "sp:shown_url", &url, &with_query)) return nullptr;
  return returned(http::shown_url(url, with_query, settings().redactor()));
}

// A mapping with lower-case names; a value is valid until the next is asked for.
struct MappedHeaders {
  http::HeaderReader reader() { return {read, this}; }
  static std::string_view read(const void* from, std::string_view name) {
    MappedHeaders& self = *static_cast<MappedHeaders*>(const_cast<void*>(from));
    const Ref found = self.headers.item(py::str(name));
    if (!found) return {};
    self.value = found.text();
    return self.value;
  }
  Handle headers;
  std::string value{};
};

// (mapping with lower-case names, address of the peer): the address of the client, or "".
PyObject* client_ip(PyObject*, PyObject* args) {
  PyObject* headers;
  const char* peer;
  if (!PyArg_ParseTuple(args, "Oz:client_ip", &headers, &peer)) return nullptr;
  MappedHeaders mapped{headers};
  return returned(http::client_ip(mapped.reader(), peer ? peer : "", settings().client_ip_header));
}

// (mapping with lower-case names, name, whether the span in front hears each status): the span of a
// request, below what is active or the gateway in front; None when nothing is traced.
PyObject* start_request_span(PyObject*, PyObject* args) {
  PyObject* headers;
  const char* name;
  int always;
  if (!PyArg_ParseTuple(args, "Osp:start_request", &headers, &name, &always)) return nullptr;
  MappedHeaders mapped{headers};
  const tracing::LiveSpan made = start_request(
      mapped.reader(), {}, {.name = name}, always ? TellsStatus::kAlways : TellsStatus::kWithError);
  return made ? made.object().share().release() : py::none().release();
}

PyObject* is_global_address(PyObject*, PyObject* text) {
  return returned(py::boolean(http::reach(Handle(text).text()) == http::Reach::kGlobal));
}

PyObject* code_origin(PyObject*, PyObject* function) {
  tell_code_origin(function);
  return py::none().release();
}

PyMethodDef functions[] = {{"patch", patch_one, METH_O, nullptr},
                           {"unpatch", unpatch_one, METH_O, nullptr},
                           {"states", states, METH_NOARGS, nullptr},
                           {"targets", targets, METH_NOARGS, nullptr},
                           {"made_for", made_for, METH_O, nullptr},
                           {"look_again", look_again, METH_NOARGS, nullptr},
                           {"look_for_pins", look_for_pins, METH_NOARGS, nullptr},
                           {"keep_pin", keep_pin_beside, METH_VARARGS, nullptr},
                           {"kept_pin", pin_beside, METH_O, nullptr},
                           {"when_imported", when_imported, METH_VARARGS, nullptr},
                           {"wanted", wanted, METH_VARARGS, nullptr},
                           {"version_matches", version_matches, METH_VARARGS, nullptr},
                           {"setting", get_setting, METH_O, nullptr},
                           {"set_settings", set_settings, METH_O, nullptr},
                           {"process", process, METH_NOARGS, nullptr},
                           {"process_tags", process_tags, METH_NOARGS, nullptr},
                           {"set_process", set_process, METH_VARARGS, nullptr},
                           {"wanted_header", wanted_header, METH_VARARGS, nullptr},
                           {"header_tag", header_tag, METH_VARARGS, nullptr},
                           {"shown_url", shown_url, METH_VARARGS, nullptr},
                           {"client_ip", client_ip, METH_VARARGS, nullptr},
                           {"start_request", start_request_span, METH_VARARGS, nullptr},
                           {"code_origin", code_origin, METH_O, nullptr},
                           {"is_global_address", is_global_address, METH_O, nullptr},
                           {}};
PyModuleDef_Slot slots[] = {{0, nullptr}};
PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_contrib", nullptr, 0, functions, slots, nullptr, nullptr, nullptr};

}  // namespace

void set_look_again(void (*look)()) { on_look_again = look; }

PyObject* init_native() { return PyModuleDef_Init(&definition); }

}  // namespace dd::contrib
