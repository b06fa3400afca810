// The finder in an interpreter: hooks by module name, and a package from the binary.

#include "core/py/imports/import_hook.h"

#include <Python.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "core/py/imports/frozen.h"

namespace dd::py {
namespace packages {
extern const FrozenPackage dd_sample;
}

namespace {

std::vector<std::string>& seen() {
  static std::vector<std::string> names;
  return names;
}

void record(Handle module, const void* data) {
  EXPECT_EQ(PyErr_Occurred(), nullptr);
  const Ref name = Ref::steal(PyObject_GetAttrString(module.ptr(), "__name__"));
  const Ref spec = Ref::steal(PyObject_GetAttrString(module.ptr(), "__spec__"));
  const Ref loader = Ref::steal(spec ? PyObject_GetAttrString(spec.ptr(), "loader") : nullptr);
  seen().push_back(std::string(PyUnicode_AsUTF8(name.ptr())) + "|" +
                   (data == nullptr ? "" : static_cast<const char*>(data)) + "|" +
                   (loader ? Py_TYPE(loader.ptr())->tp_name : ""));
  PyErr_Clear();
}

void leave_error(Handle, const void*) { PyErr_SetString(PyExc_ValueError, "left behind"); }
void leave_interrupt(Handle, const void*) { PyErr_SetNone(PyExc_KeyboardInterrupt); }
void throw_error(Handle, const void*) { throw std::runtime_error("thrown"); }

constexpr ModuleHook kHooks[] = {
    {"colorsys", record, "first"}, {"colorsys", record, "second"}, {"json.scanner", record},
    {"wave", leave_error},         {"wave", throw_error},          {"wave", record},
    {"cmd", leave_interrupt},      {"dd_broken", record},          {"dd_replaces", record},
    {"_dd_lazy", record},          {"dd_legacy", record},          {"dd_namespace", record},
};

PyObject* answer(PyObject*, PyObject*) { return PyLong_FromLong(42); }
constinit PyMethodDef native_methods[] = {{"answer", answer, METH_NOARGS, nullptr},
                                          {nullptr, nullptr, 0, nullptr}};
constinit PyModuleDef_Slot native_slots[] = {{0, nullptr}};
constinit PyModuleDef native_definition = {PyModuleDef_HEAD_INIT,
                                           "dd_sample._native",
                                           nullptr,
                                           0,
                                           native_methods,
                                           native_slots,
                                           nullptr,
                                           nullptr,
                                           nullptr};
PyObject* init_native() { return PyModuleDef_Init(&native_definition); }
constexpr NativeModule kNative[] = {{"dd_sample._native", init_native}};

// Runs lines of Python in a fresh namespace.
testing::AssertionResult run(const char* code) {
  const Ref names = Ref::steal(PyDict_New());
  PyDict_SetItemString(names.ptr(), "__builtins__", PyEval_GetBuiltins());
  const Ref result = Ref::steal(PyRun_String(code, Py_file_input, names.ptr(), names.ptr()));
  if (result) return testing::AssertionSuccess();
  PyErr_Print();
  return testing::AssertionFailure() << code;
}

class Interpreter : public testing::Environment {
  void SetUp() override {
    frozen::serve(packages::dd_sample);
    frozen::serve(kNative);
    PyConfig config;
    PyConfig_InitIsolatedConfig(&config);
    config.write_bytecode = 0;
    Py_InitializeFromConfig(&config);
    PyConfig_Clear(&config);
    ASSERT_TRUE(run("import json.scanner, sys; sys.dont_write_bytecode = True"));
    ASSERT_TRUE(import_hook::install().ok());
    import_hook::add(kHooks);
  }
};

class ImportHook : public testing::Test {
 protected:
  void SetUp() override { seen().clear(); }
};

TEST(ImportHookInstall, stands_first_once) {
  ASSERT_TRUE(import_hook::install().ok());
  EXPECT_TRUE(
      run("import sys\n"
          "assert [type(f).__name__ for f in sys.meta_path].count('Finder') == 1\n"
          "assert type(sys.meta_path[0]).__name__ == 'Finder'"));
}

TEST(ImportHookInstall, comes_back_to_the_first_place) {
  ASSERT_TRUE(run("import sys\nsys.meta_path.append(sys.meta_path.pop(0))"));
  import_hook::add({});
  EXPECT_TRUE(run("import sys\nassert type(sys.meta_path[0]).__name__ == 'Finder'"));
}

TEST_F(ImportHook, runs_hooks_in_order_with_the_real_loader_back) {
  ASSERT_TRUE(
      run("import colorsys\n"
          "assert type(colorsys.__loader__).__name__ == 'SourceFileLoader'\n"
          "assert colorsys.__spec__.loader is colorsys.__loader__"));
  EXPECT_EQ(seen(), (std::vector<std::string>{"colorsys|first|SourceFileLoader",
                                              "colorsys|second|SourceFileLoader"}));
}

TEST_F(ImportHook, runs_again_after_a_reload) {
  ASSERT_TRUE(run("import colorsys, importlib"));
  seen().clear();
  ASSERT_TRUE(run("import colorsys, importlib\nassert importlib.reload(colorsys) is colorsys"));
  EXPECT_EQ(seen().size(), 2u);
}

TEST_F(ImportHook, reports_a_module_that_was_there_before) {
  constexpr static ModuleHook kLate[] = {{"json.scanner", record, "late"}};
  import_hook::add(kLate);
  EXPECT_EQ(seen(), (std::vector<std::string>{"json.scanner|late|SourceFileLoader"}));
}

TEST_F(ImportHook, drops_what_a_hook_leaves_or_throws) {
  EXPECT_TRUE(run("import wave"));
  EXPECT_EQ(seen().size(), 1u);
}

TEST_F(ImportHook, lets_an_interrupt_through) {
  EXPECT_TRUE(
      run("try:\n  import cmd\nexcept KeyboardInterrupt: pass\n"
          "else: raise AssertionError"));
}

TEST_F(ImportHook, leaves_a_failing_import_as_it_is) {
  EXPECT_TRUE(run(R"(
import os, sys, tempfile, traceback
with tempfile.TemporaryDirectory() as folder:
    with open(os.path.join(folder, 'dd_broken.py'), 'w') as f: f.write('import sys\n1 / 0\n')
    sys.path.insert(0, folder)
    try:
        import dd_broken
    except ZeroDivisionError as e:
        assert [f.name for f in traceback.extract_tb(e.__traceback__)] == ['<module>'] * 2
        assert e.__cause__ is None and e.__context__ is None
    else:
        raise AssertionError
    finally:
        sys.path.remove(folder)
assert 'dd_broken' not in sys.modules
)"));
  EXPECT_TRUE(seen().empty());
}

TEST_F(ImportHook, reports_what_a_module_put_in_its_place) {
  ASSERT_TRUE(run(R"(
import os, sys, tempfile
with tempfile.TemporaryDirectory() as folder:
    with open(os.path.join(folder, 'dd_replaces.py'), 'w') as f:
        f.write('import sys, types\nother = types.ModuleType("other")\n'
                'other.__spec__ = __spec__\nsys.modules[__name__] = other\n')
    sys.path.insert(0, folder)
    import dd_replaces
    sys.path.remove(folder)
    assert dd_replaces.__name__ == 'other'
)"));
  EXPECT_EQ(seen(), (std::vector<std::string>{"other||SourceFileLoader"}));
}

TEST_F(ImportHook, lets_a_lazy_module_sleep) {
  ASSERT_TRUE(run(R"(
import importlib.machinery, importlib.util, os, sys, tempfile
with tempfile.TemporaryDirectory() as folder:
    with open(os.path.join(folder, '_dd_lazy.py'), 'w') as f: f.write('value = 7\n')
    sys.path.insert(0, folder)
    spec = importlib.util.find_spec('_dd_lazy')
    assert isinstance(spec.loader, importlib.machinery.SourceFileLoader)
    spec.loader = importlib.util.LazyLoader(spec.loader)
    module = importlib.util.module_from_spec(spec)
    sys.modules['_dd_lazy'] = module
    spec.loader.exec_module(module)
    assert 'value' not in object.__getattribute__(module, '__dict__')
    assert module.value == 7
    sys.path.remove(folder)
    assert type(module.__spec__.loader).__name__ == 'SourceFileLoader', module.__spec__.loader
    assert type(module.__loader__).__name__ == 'SourceFileLoader', module.__loader__
)"));
  EXPECT_EQ(seen(), (std::vector<std::string>{"_dd_lazy||SourceFileLoader"}));
}

TEST_F(ImportHook, leaves_a_namespace_package_alone) {
  ASSERT_TRUE(run(R"(
import os, sys, tempfile
with tempfile.TemporaryDirectory() as folder:
    os.mkdir(os.path.join(folder, 'dd_namespace'))
    sys.path.insert(0, folder)
    import dd_namespace
    sys.path.remove(folder)
    assert 'Namespace' in type(dd_namespace.__loader__).__name__
)"));
  EXPECT_TRUE(seen().empty());
}

TEST_F(ImportHook, reports_at_the_next_import_what_an_old_loader_loaded) {
  ASSERT_TRUE(run(R"(
import sys, types
from importlib.machinery import ModuleSpec
class Loader:
    def load_module(self, name):
        module = sys.modules[name] = types.ModuleType(name)
        return module
class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        return ModuleSpec(name, Loader()) if name == 'dd_legacy' else None
sys.meta_path.append(Finder)
import warnings
with warnings.catch_warnings():
    warnings.simplefilter('ignore')
    import dd_legacy
sys.meta_path.remove(Finder)
try:
    import dd_no_such_module
except ImportError:
    pass
)"));
  EXPECT_EQ(seen(), (std::vector<std::string>{"dd_legacy||Loader"}));
}

TEST_F(ImportHook, finds_nothing_for_a_finder_that_asks_everyone) {
  EXPECT_TRUE(run(R"(
import sys
class Asks:
    @staticmethod
    def find_spec(name, path=None, target=None):
        for finder in sys.meta_path:
            if finder is not Asks:
                spec = finder.find_spec(name, path, target)
                if spec is not None:
                    return spec
sys.meta_path.insert(0, Asks)
sys.modules.pop('colorsys', None)
import colorsys
sys.meta_path.remove(Asks)
)"));
}

TEST_F(ImportHook, asks_nobody_twice) {
  EXPECT_TRUE(run(R"(
import sys
asked = []
class Before:
    @staticmethod
    def find_spec(name, path=None, target=None): asked.append(name)
class Behind(Before): pass
sys.meta_path.insert(0, Before)
sys.meta_path.insert(2, Behind)
sys.modules.pop('colorsys', None)
import colorsys
sys.meta_path.remove(Before)
sys.meta_path.remove(Behind)
assert asked == ['colorsys'] * 2, asked
)"));
}

TEST_F(ImportHook, grows_no_references) {
  ASSERT_TRUE(run(R"(
import gc, sys
finder = sys.meta_path[0]
def once():
    for name in ('colorsys', 'wave', 'no_such', 'dd_sample', 'dd_sample.inner'):
        sys.modules.pop(name, None)
        finder.find_spec(name, None, None)
        finder.find_spec(name)
    import colorsys, dd_sample
for _ in range(20): once()
gc.collect(); before = len(gc.get_objects())
for _ in range(200): once()
gc.collect()
assert len(gc.get_objects()) - before < 100, len(gc.get_objects()) - before
def search():
    for name in ('colorsys', 'no_such', 'dd_sample.inner'):
        sys.modules.pop(name, None)
        finder.find_spec(name, None, None)
        finder.find_spec(name)
for _ in range(20): search()
gc.collect(); none = sys.getrefcount(None)
for _ in range(1000): search()
gc.collect()
assert abs(sys.getrefcount(None) - none) < 500, sys.getrefcount(None) - none
)"));
}

TEST(Frozen, is_a_package_like_any_other) {
  EXPECT_TRUE(run(R"(
import importlib.resources, inspect, pkgutil, sys, traceback
for name in [n for n in sys.modules if n.startswith('dd_sample')]: del sys.modules[name]
import dd_sample
from dd_sample import inner
assert dd_sample.answer() == 42
assert dd_sample.__doc__ == 'A package that lives in the binary.'
assert dd_sample.__package__ == 'dd_sample' == inner.__package__
assert dd_sample.__spec__.submodule_search_locations == ['<ddpython>/dd_sample'] == dd_sample.__path__
assert inner.__file__ == '<ddpython>/dd_sample/inner.py'
assert 'on purpose' in inspect.getsource(inner.fail)
assert inspect.getsource(inner).startswith('"""What')
if sys.version_info >= (3, 11):  # before, files() asks only readers of a newer kind
    files = importlib.resources.files('dd_sample')
    assert files.joinpath('py.typed').read_bytes() == b''
    assert 'def fail' in files.joinpath('inner.py').read_text()
assert importlib.resources.is_resource('dd_sample', 'inner.py')
assert pkgutil.get_data('dd_sample', 'py.typed') == b''
try:
    inner.fail()
except ValueError:
    assert 'raise ValueError("on purpose")' in traceback.format_exc()
try:
    import dd_sample.nothing
except ModuleNotFoundError as e:
    assert e.name == 'dd_sample.nothing'
)"));
}

TEST(Frozen, runs_as_a_program) {
  EXPECT_TRUE(run(R"(
import contextlib, io, runpy, sys
sys.modules.pop('dd_sample.inner', None)
out = io.StringIO()
with contextlib.redirect_stdout(out):
    runpy.run_module('dd_sample.inner', run_name='__main__', alter_sys=True)
assert out.getvalue() == 'run as dd_sample.inner\n', out.getvalue()
)"));
}

TEST(Frozen, wins_over_an_installed_package) {
  EXPECT_TRUE(run(R"(
import os, sys, tempfile
for name in [n for n in sys.modules if n.startswith('dd_sample')]: del sys.modules[name]
with tempfile.TemporaryDirectory() as folder:
    os.mkdir(os.path.join(folder, 'dd_sample'))
    for name in ('__init__', 'other'):
        open(os.path.join(folder, 'dd_sample', name + '.py'), 'w').close()
    sys.path.insert(0, folder)
    import dd_sample
    try:
        import dd_sample.other
    except ImportError:
        pass
    else:
        raise AssertionError('mixed')
    sys.path.remove(folder)
    assert dd_sample.answer() == 42
)"));
}

}  // namespace
}  // namespace dd::py

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  testing::AddGlobalTestEnvironment(new dd::py::Interpreter);
  const int failures = RUN_ALL_TESTS();
  return Py_FinalizeEx() != 0 ? 1 : failures;
}
