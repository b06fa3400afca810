#include "core/tracing/unfinished.h"

#include <frameobject.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/base/fork.h"
#include "core/base/log.h"
#include "core/base/mutex.h"

namespace dd::tracing {

constinit bool detail::watches_unfinished = false;

namespace {

constexpr std::size_t kMany = 1000, kMostPlaces = 20;

struct StartPlace {
  std::string text;  // "'name' started at file:line in function"
  std::uint64_t let_go = 0;
};
struct OpenSpan {
  const trace::Span* span;
  StartPlace* place;
};
struct Watched {
  std::map<std::string, StartPlace> places;
  std::unordered_map<const SpanObject*, OpenSpan> objects;
  std::size_t next_report = kMany;
};
constinit py::Name kRegister("register");
constinit base::Mutex mutex;
constinit Watched* watched DD_GUARDED_BY(mutex) = nullptr;

bool is_own_frame(std::string_view file) { return file.starts_with("<frozen ddtrace"); }

std::string place_of_frame() {
  std::string out = "no Python code";
  py::Ref frame = py::Handle(reinterpret_cast<PyObject*>(PyEval_GetFrame())).share();
  while (frame) {
    auto* const raw = reinterpret_cast<PyFrameObject*>(frame.ptr());
    const py::Ref code = py::Ref::steal(reinterpret_cast<PyObject*>(PyFrame_GetCode(raw)));
    const auto* const facts = reinterpret_cast<PyCodeObject*>(code.ptr());
    const std::string file = py::Handle(facts->co_filename).text();
    if (!is_own_frame(file))
      return file + ":" + std::to_string(PyFrame_GetLineNumber(raw)) + " in " +
             py::Handle(facts->co_name).text();
    frame = py::Ref::steal(reinterpret_cast<PyObject*>(PyFrame_GetBack(raw)));
  }
  return out;
}

void warn(const std::string& text) { base::log(base::LogLevel::kWarning, text); }

std::string counted(std::uint64_t count, const char* what) {
  return std::to_string(count) + (count == 1 ? " span " : " spans ") + what;
}

std::map<const StartPlace*, std::uint64_t> open_by_place() DD_REQUIRES(mutex) {
  std::map<const StartPlace*, std::uint64_t> out;
  for (const auto& [object, open] : watched->objects)
    if (!open.span->finished()) ++out[open.place];
  return out;
}

PyObject* report_unfinished(PyObject*, PyObject*) {
  std::vector<std::string> lines;
  {
    const base::MutexLock lock(mutex);
    const auto open = open_by_place();
    for (const auto& [text, place] : watched->places) {
      const auto still = open.find(&place);
      if (still != open.end())
        lines.push_back(counted(still->second, "not finished at the end: ") + text);
      if (place.let_go > 1) lines.push_back(counted(place.let_go, "let go unfinished: ") + text);
    }
    watched->objects.clear();
  }
  for (std::size_t i = 0; i < std::min(lines.size(), kMostPlaces); ++i) warn(lines[i]);
  if (lines.size() > kMostPlaces)
    warn("spans of " + std::to_string(lines.size() - kMostPlaces) +
         " more places are not finished");
  return py::none().release();
}

}  // namespace

void watch_unfinished() {
  const base::MutexLock lock(mutex);
  if (watched != nullptr) return;
  watched = new Watched;  // lives as long as the process
  detail::watches_unfinished = true;
  base::on_fork(base::ForkOrder::kTrace, {.prepare = []() DD_NO_THREAD_SAFETY { mutex.lock(); },
                                          .parent = []() DD_NO_THREAD_SAFETY { mutex.unlock(); },
                                          // What is open belongs to the parent, and is its to tell.
                                          .child =
                                              []() DD_NO_THREAD_SAFETY {
                                                mutex.reset_after_fork();
                                                watched->objects.clear();
                                                for (auto& [text, place] : watched->places)
                                                  place.let_go = 0;
                                              }});
  // Registered before the program's, so it is called after them.
  static PyMethodDef definition = {"report_unfinished", report_unfinished, METH_NOARGS, nullptr};
  const py::Ref function = py::Ref::steal(PyCFunction_New(&definition, nullptr));
  const py::Ref module = py::Ref::steal(PyImport_ImportModule("atexit"));
  if (!module.call_method(kRegister, function)) py::swallow_error();
}

void note_started(SpanObject* self) {
  std::string text =
      "'" + std::string(self->span->name.view()) + "' started at " + place_of_frame();
  std::string said;
  {
    const base::MutexLock lock(mutex);
    StartPlace& place = watched->places[text];
    if (place.text.empty()) place.text = std::move(text);
    watched->objects.insert_or_assign(self, OpenSpan{self->span, &place});
    if (watched->objects.size() < watched->next_report) return;
    const auto open = open_by_place();
    std::uint64_t all = 0;
    const StartPlace* most = nullptr;
    for (const auto& [where, count] : open) {
      all += count;
      if (most == nullptr || count > open.at(most)) most = where;
    }
    watched->next_report = watched->objects.size() * 2;
    if (most == nullptr || all < kMany) return;
    said = counted(all, "are not finished; ") + std::to_string(open.at(most)) + " of them are " +
           most->text;
  }
  warn(said);
}

void note_let_go(SpanObject* self) {
  std::string said;
  {
    const base::MutexLock lock(mutex);
    const auto found = watched->objects.find(self);
    if (found == watched->objects.end()) return;
    StartPlace& place = *found->second.place;
    const bool finished = found->second.span->finished();
    watched->objects.erase(found);
    if (finished || ++place.let_go > 1) return;
    said = "a span is let go unfinished, and is not sent: " + place.text;
  }
  warn(said);
}

}  // namespace dd::tracing
