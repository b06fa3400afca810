#include "host/bootstrap.h"

#include <Python.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "contrib/native/contrib_module.h"
#include "core/base/log.h"
#include "core/py/imports/distribution.h"
#include "core/py/imports/frozen.h"
#include "core/py/imports/import_hook.h"
#include "core/transport/heir.h"
#include "host/children/policy.h"
#include "host/children/redirect.h"
#include "host/emulated.h"
#include "host/identity.h"
#include "host/info.h"
#include "host/interpreter.h"
#include "host/launch.h"
#include "host/products.h"
#include "host/pytest_rewriter.h"
#include "host/shutdown.h"
#include "host/trace_setup.h"
#include "products/crash/receiver.h"
#include "pyshim/native/native_module.h"

namespace dd::py::packages {
extern const FrozenPackage ddtrace, datadog;
}

namespace dd::host {
namespace {

constexpr const char* kFailStep = "_DD_TEST_FAIL_STEP";
constexpr std::string_view kFailProduct = "product:";
// Carries --dd-local to the children of this process.
constexpr const char* kLocal = "_DD_PYTHON_LOCAL";

constinit Options process_options;

struct Step {
  const char* name;
  Status (*run)();
};

constinit const char* failing_product = "";          // tests
constinit std::span<char* const> process_arguments;  // of python, without the program

Status settings() { return set_up_tracer(process_arguments); }
constexpr py::NativeModule kNativeModules[] = {{"ddtrace._native", &pyshim::init_native},
                                               {"ddtrace._contrib", &contrib::init_native}};
constexpr py::FrozenDistribution kDistribution = {"ddtrace", kEmulatedMetadata};

Status serve_packages() {
  py::frozen::serve(py::packages::ddtrace);
  py::frozen::serve_last(py::packages::datadog);
  py::frozen::serve(kNativeModules);
  py::frozen::serve(kDistribution);
  return {};
}
Status watch_imports() {
  Status status = py::import_hook::install();
  if (status.ok()) keep_package_from_pytest_rewriter();
  return status;
}
Status start() {
  const Status status = start_products(failing_product);
  // os.environ is made by now and does not show it.
  if (process_options.local) setenv(kLocal, "1", 1);
  return status;
}

// Without Python: settings, the tracer, tables.
constexpr Step kBeforePython[] = {
    {"settings", &settings},
    {"packages", &serve_packages},
};
// With the GIL, in a complete interpreter, before the application.
constexpr Step kWithPython[] = {
    {"imports", &watch_imports},
    {"tracer", &connect_tracer},
    {"hooks", &start},
    {"children", &children::follow},
};

constinit bool plain = false;  // something of ours failed: be python

std::string fail_step() {
  const char* const name = std::getenv(kFailStep);
  return name == nullptr ? std::string() : name;
}

Status run_step(const Step& step, const std::string& failing) {
  if (!failing.empty()) [[unlikely]] {
    if (failing == step.name) return Status::error("told to fail by _DD_TEST_FAIL_STEP");
    if (failing[0] == '!' && failing.substr(1) == step.name)
      throw std::runtime_error("told to throw by _DD_TEST_FAIL_STEP");
  }
  return step.run();
}

// The firewall of start-up.
bool survives(const Step& step, const std::string& failing) {
  std::string problem;
  try {
    const Status status = run_step(step, failing);
    if (status.ok()) return true;
    problem = status.message();
  } catch (const std::exception& error) {
    problem = error.what();
  } catch (...) {
    problem = "an exception";
  }
  base::log(base::LogLevel::kError, "start-up failed, going on as plain python: " +
                                        std::string(step.name) + ": " + problem);
  return false;
}

void before_site() {
  if (!plain) (void)py::import_hook::install();
}

// A signal whose handler is Python's runs it in whatever Python code comes next. While that is
// ours, an exception of the handler would be dropped with our own: signals wait for the
// application.
class SignalsWait {
 public:
  SignalsWait() {
    sigset_t all;
    sigfillset(&all);
    for (const int fault : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS})
      sigdelset(&all, fault);
    pthread_sigmask(SIG_BLOCK, &all, &before_);
    // What came while Python was made: as early as that, it is Ctrl-C.
    came_ = PyErr_CheckSignals() != 0;
    PyErr_Clear();
  }
  ~SignalsWait() {
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    if (came_) PyErr_SetInterrupt();
  }
  SignalsWait(const SignalsWait&) = delete;
  SignalsWait& operator=(const SignalsWait&) = delete;

 private:
  sigset_t before_;
  bool came_;
};

void with_python() {
  const SignalsWait wait;
  const std::string failing = fail_step();
  if (failing.starts_with(kFailProduct)) failing_product = failing.c_str() + kFailProduct.size();
  for (const Step& step : kWithPython) {
    if (plain) break;
    plain = !survives(step, failing);
    if (PyErr_Occurred() != nullptr) PyErr_Clear();
  }
  if (plain) py::import_hook::remove();
}

std::string take_variable(const char* name) {
  const char* const value = std::getenv(name);
  if (value == nullptr) return {};
  std::string taken = value;
  char* const entry = const_cast<char*>(value) - std::strlen(name) - 1;
  unsetenv(name);
  std::memset(entry, 0, std::strlen(entry));  // /proc/self/environ shows the bytes
  return taken;
}

// `given` is the python to be, or empty to decide by path and environment.
int run_python(int argc, char** argv, const std::string& given, const Options& preset) {
  Result<CommandLine> parsed = parse_command_line(argc, argv);
  if (!parsed.ok()) {
    base::log(base::LogLevel::kError, parsed.status().message());
    return 2;
  }
  CommandLine& line = parsed.value();
  line.options.local |= preset.local | !take_variable(kLocal).empty();
  line.options.info |= preset.info;
  line.options.json |= preset.json;
  line.options.only_tells = preset.only_tells;
  line.options.colours = preset.info ? preset.colours : wants_colours();
  process_options = line.options;
  if (line.options.help) return print_text(help_text());
  if (line.options.version) return print_version();
  process_arguments = {line.argv() + 1, static_cast<std::size_t>(line.argc() - 1)};
  const std::string failing = fail_step();
  for (const Step& step : kBeforePython) {
    if (plain) break;
    plain = !survives(step, failing);
  }
  const Identity identity = choose_identity(line, given);
  if (line.options.info) {
    const InfoOptions wanted{.program = identity.program, .colours = line.options.colours};
    if (line.options.json) return print_info_json(wanted);
    const int status = print_info(wanted);
    return line.options.only_tells ? 0 : status;
  }
  return run_interpreter({.argc = line.argc(),
                          .argv = line.argv(),
                          .program = identity.program.c_str(),
                          .before_site = before_site,
                          .ready = with_python});
}

int run_launcher(int argc, char** argv) {
  children::inherit_all();
  children::follow_early();
  Launch launched = launch(argc, argv);
  if (launched.options.help) return print_text(help_text());
  if (launched.options.version) return print_version();
  if (launched.options.info) {
    launched.options.info = true;
    return run_python(1, argv, {}, launched.options);
  }
  if (!launched.runs) return launched.status;
  // Python keeps pointers into its arguments until it ends.
  std::vector<char*> arguments;
  for (std::string& word : launched.arguments) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  return run_python(static_cast<int>(launched.arguments.size()), arguments.data(), launched.program,
                    launched.options);
}

}  // namespace

const Options& options() { return process_options; }

int run(int argc, char** argv) {
  if (crash::is_receiver(argc, argv)) return crash::run_receiver();
  if (transport::is_heir(argc, argv)) return transport::run_heir();
  children::take_library();
  const std::string role = take_variable(children::kActAs);
  if (argc > 0 && is_launcher_name(argv[0])) return run_launcher(argc, argv);
  const std::string given = accept_role(role, argc, argv);
  // The program that was executed in the first place has named its process after that python.
  if (!given.empty()) prctl(PR_SET_NAME, given.c_str() + given.rfind('/') + 1);
  return run_python(argc, argv, given, {});
}

}  // namespace dd::host
