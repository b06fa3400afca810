#include "core/tracing/exception_text.h"

#include "tests/core/tracing/tracing_test.h"

namespace dd::tests {
namespace {

constexpr const char* kErrors = R"py(
import traceback, types, sys, tempfile, os
folder = tempfile.mkdtemp()
path = os.path.join(folder, "shop.py")
with open(path, "w") as source:
    source.write('''
class OutOfStock(Exception): pass
class Silent(Exception): pass
class Unspeakable(Exception):
    def __str__(self): raise ValueError
def plain(n): raise KeyError(n)
def own(): raise OutOfStock("nothing\\\\nleft")
def nested(): raise Silent()
def long():
    return (1 +
            plain("carets") * 2)
def deep(n): return plain(n) if n == 0 else deep(n - 1)
def pair(n): return plain(n) if n == 0 else riap(n - 1)
def riap(n): return plain(n) if n == 0 else pair(n - 1)
def two(n): plain(n) if n else own()
def caused():
    try: plain(1)
    except KeyError as error: raise OutOfStock("caused") from error
def during():
    try: plain(1)
    except KeyError: raise OutOfStock("during")
def hidden():
    try: plain(1)
    except KeyError: raise OutOfStock("hidden") from None
def noted():
    error = OutOfStock("noted")
    error.add_note("look in the cellar")
    raise error
def group(): raise ExceptionGroup("many", [OutOfStock("a"), KeyError("b")])
def wrong(): compile("a b", "x", "exec")
def name(): prnt
def attribute(): "".lowr
def missing(): import typin
def speechless(): raise Unspeakable
def surrogate(): raise OutOfStock("\\\\ud800")
def exited(): raise SystemExit(3)
''')
shop = types.ModuleType("shop")
sys.modules["shop"] = shop
exec(compile(open(path).read(), path, "exec"), shop.__dict__)
nowhere = {}
exec(compile("def f(): raise IndexError('no source')", "<string>", "exec"), nowhere)

def caught(function, *args):
    try: function(*args)
    except BaseException as error: return error

def cases():
    for name, function in vars(shop).items():
        if not isinstance(function, types.FunctionType): continue
        takes = function.__code__.co_argcount
        for n in ((0, 1, 2, 3, 4, 5, 31, 200) if name in ("deep", "pair") else (1, 0, 1)):
            yield caught(function, n) if takes else caught(function)
    yield caught(nowhere["f"])
    fake = caught(shop.plain, 5)
    frame = fake.__traceback__.tb_next
    yield fake.with_traceback(types.TracebackType(frame, frame.tb_frame, frame.tb_lasti, 3))

def expected(error, limit):
    return "".join(traceback.format_exception(type(error), error, error.__traceback__, limit=-limit))
)py";

class ExceptionText : public TracingTest {
 public:
  ExceptionText() { run(kErrors); }

  static PyObject* text(PyObject*, PyObject* args) {
    PyObject* error = nullptr;
    int limit = 0;
    if (!PyArg_ParseTuple(args, "Oi", &error, &limit)) return nullptr;
    const py::Ref message = py::Ref::steal(PyObject_Str(error));
    if (!message) PyErr_Clear();
    const py::Ref traceback = py::Ref::steal(PyException_GetTraceback(error));
    return tracing::exception_text(py::Handle(error).type(), error, traceback, message, limit)
        .release();
  }
};

PyMethodDef text_definition = {"text", ExceptionText::text, METH_VARARGS, nullptr};

TEST_F(ExceptionText, is_what_the_traceback_module_says) {
  set("text", py::Ref::steal(PyCFunction_New(&text_definition, nullptr)));
  run(R"(
seen = 0
for _ in range(2):  # again, from what is kept
    for error in cases():
        for limit in (30, 1, 2, 100):
            assert text(error, limit) == expected(error, limit), expected(error, limit)
            seen += 1
assert seen > 300
)");
}

TEST_F(ExceptionText, keeps_nothing_but_lines_with_their_code) {
  set("text", py::Ref::steal(PyCFunction_New(&text_definition, nullptr)));
  steady("text(caught(shop.plain, 1), 30)");
  run(R"py(
import weakref
made = {}
exec(compile("def f(): raise IndexError", "<made>", "exec"), made)
text(caught(made["f"]), 30)
code = weakref.ref(made["f"].__code__)
made.clear()
assert code() is None
)py");
}

}  // namespace
}  // namespace dd::tests
