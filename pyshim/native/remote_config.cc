#include "pyshim/native/remote_config.h"

#include <atomic>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/fork.h"
#include "core/base/mutex.h"
#include "core/py/gil.h"
#include "core/py/ref.h"
#include "core/remote_config/remote_config.h"
#include "core/transport/worker.h"

namespace dd::pyshim {
namespace {

using py::Handle;
using py::Ref;
using remote_config::Configuration;

struct News {
  std::string product, path, id;
  std::int64_t version = 0;
  std::optional<std::string> content;  // none: it has gone
};

constinit base::Mutex putting_down;
constinit std::vector<News>* waiting DD_GUARDED_BY(putting_down) = nullptr;
constinit std::atomic<std::uint32_t> arrived{0};

void put_down(std::vector<News> all) {
  if (all.empty()) return;
  {
    const base::MutexLock lock(putting_down);
    if (waiting == nullptr) waiting = new std::vector<News>;
    for (News& one : all) waiting->push_back(std::move(one));
  }
  arrived.fetch_add(1);
  transport::futex_wake(arrived);
}

std::vector<News> take() {
  const base::MutexLock lock(putting_down);
  if (waiting == nullptr) return {};
  return std::exchange(*waiting, {});
}

// On the worker. What has gone comes first.
void on_news(const remote_config::Product& product, std::span<Configuration* const> added,
             std::span<const std::unique_ptr<Configuration>> removed) {
  std::vector<News> all;
  for (const auto& one : removed)
    if (one->product == product.name)
      all.push_back({one->product, one->path, one->id, one->version, std::nullopt});
  for (Configuration* const one : added)
    if (one->state != remote_config::ApplyState::kError)  // it is no JSON
      all.push_back({one->product, one->path, one->id, one->version, one->content});
  put_down(std::move(all));
}

// Names are kept: products are few.
const char* keep(std::string_view name) {
  static auto* const names = new std::vector<const char*>;
  for (const char* const known : *names)
    if (name == known) return known;
  names->push_back(strdup(std::string(name).c_str()));
  return names->back();
}

void watch_forks() {
  static bool watched = false;
  if (std::exchange(watched, true)) return;
  base::on_fork(base::ForkOrder::kProducts,
                {.prepare = []() DD_NO_THREAD_SAFETY { putting_down.lock(); },
                 .parent = []() DD_NO_THREAD_SAFETY { putting_down.unlock(); },
                 .child = []() DD_NO_THREAD_SAFETY { putting_down.reset_after_fork(); }});
}

Ref row_of(const News& one) {
  const Ref product = py::str(one.product), path = py::str(one.path), id = py::str(one.id);
  const Ref version = Ref::steal(PyLong_FromLongLong(one.version));
  const Ref content = one.content ? py::str(*one.content) : py::none();
  if (!product || !path || !id || !version || !content) return {};
  return Ref::steal(
      PyTuple_Pack(5, product.ptr(), path.ptr(), id.ptr(), version.ptr(), content.ptr()));
}

}  // namespace

PyObject* remote_config_wanted(PyObject*, PyObject*) {
  return PyBool_FromLong(remote_config::wanted());
}

PyObject* remote_config_pause(PyObject*, PyObject*) {
  remote_config::pause();
  return py::none().release();
}

PyObject* remote_config_subscribe(PyObject*, PyObject* product) {
  watch_forks();
  remote_config::subscribe({.name = keep(Handle(product).utf8()), .news = &on_news});
  if (remote_config::wanted()) {
    const py::GilGap gap;
    transport::Worker::get().wake();
  }
  return py::none().release();
}

PyObject* remote_config_unsubscribe(PyObject*, PyObject* product) {
  remote_config::unsubscribe(Handle(product).utf8());
  return py::none().release();
}

PyObject* remote_config_capabilities(PyObject*, PyObject* bits) {
  const unsigned long long value = PyLong_AsUnsignedLongLong(bits);
  if (PyErr_Occurred() != nullptr) return nullptr;
  remote_config::set_more_capabilities(value);
  return py::none().release();
}

PyObject* remote_config_next(PyObject*, PyObject*) {
  std::vector<News> all;
  {
    const py::GilGap gap;
    for (;;) {
      const std::uint32_t seen = arrived.load();
      all = take();
      if (!all.empty()) break;
      transport::futex_wait(arrived, seen, transport::kNever);
    }
  }
  Ref list = Ref::steal(PyList_New(0));
  for (const News& one : all) {
    const Ref row = list ? row_of(one) : Ref();
    if (!row || PyList_Append(list.ptr(), row.ptr()) != 0) return nullptr;
  }
  return list.release();
}

PyObject* remote_config_failed(PyObject*, PyObject* args) {
  const char *path, *why;
  long long version;
  if (!PyArg_ParseTuple(args, "sLs:remote_config_failed", &path, &version, &why)) return nullptr;
  remote_config::report_failure(path, version, why);
  return py::none().release();
}

}  // namespace dd::pyshim
