// The interpreter's own tests of coroutines, generators and functions, with every function in them
// hooked. They pass, or fail, as they do without. Left out where the interpreter comes without its
// tests.

#include <vector>

#include "core/py/engine.h"
#include "tests/core/py/interpreter.h"

namespace dd::py {
namespace {

struct State {
  int number;
};
int ends = 0;

void enter(Call&, Scope& scope) { scope.emplace<State>(1); }
void begin(Scope&) {}
void leave(Outcome&, Scope& scope) {
  if (scope.get<State>() != nullptr) ++ends;
}
constexpr Target kTargets[] = {{.where = "every:call", .enter = enter, .leave = leave},
                               {.where = "every:coroutine",
                                .enter = enter,
                                .leave = leave,
                                .kind = Kind::kAwaitable,
                                .begin = begin},
                               {.where = "every:generator",
                                .enter = enter,
                                .leave = leave,
                                .kind = Kind::kIterator,
                                .begin = begin},
                               {.where = "every:async_generator",
                                .enter = enter,
                                .leave = leave,
                                .kind = Kind::kAsyncIterator,
                                .begin = begin}};

std::vector<Hook*> hooks;
int hooked = 0, unhooked = 0;

PyObject* hook_function(PyObject*, PyObject* function) {
  if (!is_function(function)) return Py_NewRef(function);
  const Ref code = Handle(function).attr("__code__");
  const long long flags = code.attr("co_flags").integer();
  const Target& target = (flags & CO_ASYNC_GENERATOR) != 0 ? kTargets[3]
                         : (flags & CO_GENERATOR) != 0     ? kTargets[2]
                         : (flags & CO_COROUTINE) != 0     ? kTargets[1]
                                                           : kTargets[0];
  std::erase_if(hooks, [](Hook* hook) {
    const bool dead = hook->is_dead();
    if (dead) hook->give_back();
    return dead;
  });
  Place place;
  place.object = Ref::borrow(function);
  Hook* hook = Hook::take(function);
  if (hook != nullptr && hook->install(target, place) == nullptr) {
    hooks.push_back(hook);
    ++hooked;
  } else {
    ++unhooked;
  }
  return Py_NewRef(function);
}
PyMethodDef kHook = {"hook", hook_function, METH_O, nullptr};

constexpr const char* kRunner = R"(
import ast, builtins, importlib.util, io, sys, unittest, warnings, gc

class Hooks(ast.NodeTransformer):
    def visit_FunctionDef(self, node):
        self.generic_visit(node)
        hook = ast.copy_location(ast.Name('__dd_hook__', ast.Load()), node)
        node.decorator_list.append(hook)
        return node
    visit_AsyncFunctionDef = visit_FunctionDef

# Known to differ: core/py/generator.cc says how.
known = 'test_stack_in_coroutine_throw', 'test_throw_with_yield_from', 'test_await_12'

def outcomes(name, hooked):
    spec = importlib.util.find_spec(name)
    with open(spec.origin, encoding='utf-8') as file: source = file.read()
    tree = ast.parse(source, spec.origin)
    if hooked: tree = Hooks().visit(tree)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    stream = io.StringIO()
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', SyntaxWarning)
        exec(compile(tree, spec.origin, 'exec'), module.__dict__)
    suite = unittest.defaultTestLoader.loadTestsFromModule(module)
    result = unittest.TextTestRunner(stream=stream, verbosity=0).run(suite)
    found = {'run': (result.testsRun, '')}
    for kind in 'errors', 'failures', 'expectedFailures', 'skipped':
        for test, text in getattr(result, kind): found[str(test)] = kind, text
    del sys.modules[name], module
    gc.collect()
    return found

def differences(name):
    plain, hooked = outcomes(name, False), outcomes(name, True)
    kind = lambda found, key: found.get(key, 'passed')[0]
    return plain['run'][0], [f'{key}: {plain.get(key)} became {hooked.get(key)}'
                             for key in sorted({*plain, *hooked})
                             if kind(plain, key) != kind(hooked, key)
                             and key.split()[0] not in known]
)";

class Everything : public tests::PythonTest {};

TEST_F(Everything, in_the_interpreters_own_tests_may_be_hooked) {
  run("import importlib.util\n"
      "def there(name):\n"
      "  try: return importlib.util.find_spec(name) is not None\n"
      "  except ImportError: return False");
  const Ref hook = Ref::steal(PyCFunction_New(&kHook, nullptr));
  set("hook", hook);
  run("import builtins\nbuiltins.__dd_hook__ = hook");
  run(kRunner);
  for (const char* name :
       {"test.test_coroutines", "test.test_asyncgen", "test.test_generators",
        "test.test_contextlib_async", "test.test_contextlib", "test.test_asyncio.test_timeouts",
        "test.test_asyncio.test_taskgroups", "test.test_asyncio.test_pep492", "test.test_funcattrs",
        "test.test_super", "test.test_property", "test.test_decorators"}) {
    if (!is_true(std::string("there('") + name + "')")) continue;
    hooked = unhooked = ends = 0;
    const Ref found = eval(std::string("differences('") + name + "')");
    std::printf("%s: %lld tests, %d functions hooked, %d not, %d ends\n", name,
                found.item(Py_ssize_t{0}).integer(), hooked, unhooked, ends);
    found.item(1).each(
        [&](Handle difference) { ADD_FAILURE() << name << ": " << difference.text(); });
    EXPECT_GT(ends, 0);
  }
  for (Hook* one : hooks) one->give_back();
  hooks.clear();
  run("del builtins.__dd_hook__");
}

}  // namespace
}  // namespace dd::py
