#include "host/launch.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "core/base/log.h"
#include "core/base/own_file.h"
#include "host/children/policy.h"
#include "host/children/redirect.h"
#include "host/emulated.h"
#include "host/exec_calls.h"
#include "host/identity.h"
#include "host/info.h"

namespace dd::host {
namespace {

constexpr std::string_view kUsage =
    "usage: ddtrace-run <your usual python command>\n"
    "\n"
    "Execute the given Python command after configuring it to emit Datadog traces\n"
    "and profiles.\n"
    "\n"
    "Examples\n"
    "ddtrace-run python app.py\n"
    "ddtrace-run gunicorn myproject.wsgi\n"
    "\n"
    "positional arguments:\n"
    "  command           Command string to execute.\n"
    "\n"
    "options:\n"
    "  -h, --help        show this help message and exit\n"
    "  -d, --debug       enable debug mode (disabled by default)\n"
    "  -i, --info        print library info useful for debugging. Only reflects "
    "configurations made via environment variables, not those made in code.\n"
    "  -p, --profiling   enable profiling (disabled by default)\n"
    "  -v, --version     show program's version number and exit\n"
    "  -nc, --colorless  print output of command without color\n";
constexpr std::string_view kShortUsage = "usage: ddtrace-run <your usual python command>\n";

using Words = std::vector<std::string>;

void print_error(const std::string& text) { (void)!write(2, text.data(), text.size()); }

std::string file_name(std::string_view path) {
  return std::string(path.substr(path.rfind('/') + 1));
}

std::string folder(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash);
}

// As the shell: a name with a slash is a path, another is looked up. ddtrace-run takes a file of
// that name in the current folder first.
std::string find_command(const std::string& name) {
  if (name.empty()) return {};
  if (access(name.c_str(), F_OK) == 0 && is_executable_file(name)) return name;
  if (name.find('/') != std::string::npos) return access(name.c_str(), F_OK) == 0 ? name : "";
  const char* const variable = std::getenv("PATH");
  std::string_view path = variable == nullptr ? "/usr/local/bin:/usr/bin:/bin" : variable;
  while (true) {
    const std::size_t colon = path.find(':');
    const std::string_view entry = path.substr(0, colon);
    std::string found = (entry.empty() ? std::string(".") : std::string(entry)) + "/" + name;
    if (is_executable_file(found)) return found;
    if (colon == std::string_view::npos) return {};
    path.remove_prefix(colon + 1);
  }
}

Words split(std::string_view text) {
  Words words;
  while (true) {
    const std::size_t first = text.find_first_not_of(" \t\r");
    if (first == std::string_view::npos) return words;
    text.remove_prefix(first);
    const std::size_t end = text.find_first_of(" \t\r");
    words.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return words;
    text.remove_prefix(end);
  }
}

struct Script {
  bool is_script = false;
  bool is_shell = false;
  Words interpreter;  // and its argument
};

std::string unquoted(std::string text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"')
    return text.substr(1, text.size() - 2);
  return text;
}

Script read_script(const std::string& path) {
  Script script;
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return script;
  char head[1024];
  const ssize_t size = read(file, head, sizeof head);
  close(file);
  std::string_view text(head, size > 0 ? static_cast<std::size_t>(size) : 0);
  if (!text.starts_with("#!")) return script;
  script.is_script = true;
  const std::size_t end = text.find('\n');
  Words words = split(text.substr(2, end == std::string_view::npos ? end : end - 2));
  if (words.empty()) return script;
  std::string name = file_name(words[0]);
  if (name == "env") {
    std::size_t at = 1;
    if (at < words.size() && words[at] == "-S") ++at;
    if (at < words.size() && words[at][0] != '-' && words[at].find('=') == std::string::npos) {
      const std::string found = find_command(words[at]);
      words.erase(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(at));
      if (!found.empty()) words[0] = found;
      name = file_name(words[0]);
    }
  }
  if (name == "sh" || name == "bash" || name == "dash" || name == "zsh") {
    script.is_shell = true;
    std::string_view second =
        end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    second = second.substr(0, second.find('\n'));
    constexpr std::string_view kLongForm = "'''exec' ";
    if (second.starts_with(kLongForm)) {
      // Quoted paths may hold blanks.
      second.remove_prefix(kLongForm.size());
      const std::size_t close_quote =
          second.starts_with('"') ? second.find('"', 1) + 1 : second.find(' ');
      words = {unquoted(std::string(second.substr(0, close_quote)))};
      script.is_shell = false;
    }
  }
  script.interpreter = std::move(words);
  return script;
}

// What a program says its sys.executable is, or empty.
std::string ask_executable(const std::string& program) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return {};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
  posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  const char* const arguments[] = {
      program.c_str(), "-I", "-S", "-c", "import sys; print(sys.executable)", nullptr};
  pid_t child = 0;
  const int failed = posix_spawn(&child, program.c_str(), &actions, nullptr,
                                 const_cast<char* const*>(arguments), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  std::string answer;
  char part[256];
  for (ssize_t size = 0; !failed && (size = read(ends[0], part, sizeof part)) > 0;)
    answer.append(part, static_cast<std::size_t>(size));
  close(ends[0]);
  int status = 0;
  if (failed != 0 || waitpid(child, &status, 0) != child || status != 0) return {};
  while (!answer.empty() && answer.back() == '\n') answer.pop_back();
  return is_executable_file(answer) ? answer : std::string();
}

bool names_python(const std::string& path) { return file_name(path).starts_with("python"); }

// Replaces this process. Returns the exit status when that was not possible.
int replace_process(const std::string& path, const Words& arguments, bool follow = false) {
  std::vector<char*> argv;
  for (const std::string& word : arguments) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  (void)(follow ? execute_followed : execute_as_it_is)(path.c_str(), argv.data());
  if (errno == EACCES)
    (void)print_text("ddtrace-run: permission error while launching '" + path +
                     "'. Did you mean `ddtrace-run python " + path + "`?\n");
  else
    (void)print_text("ddtrace-run: executable '" + path +
                     "' failed to launch: " + std::strerror(errno) + ".\n");
  return 1;
}

// Another python than ours: the ddpython of its version, or itself.
int run_elsewhere(const std::string& python, const std::string& itself, const Words& arguments,
                  base::LogLevel level) {
  const std::string sibling = folder(real_path(base::own_file())) + "/ddpython" + minor_of(python);
  if (!minor_of(python).empty() && minor_of(python) != python_minor() &&
      is_executable_file(sibling)) {
    const bool all = children::policy() == Children::kAll;
    setenv(children::kActAs, (all ? "+" + python : python).c_str(), 1);
    return replace_process(sibling, arguments);
  }
  base::log(level, python + " is not the python this program was built for (" +
                       std::string(base_python()) + "): running it without tracing");
  return replace_process(itself, arguments);
}

Launch run_python_as(const std::string& python, Words arguments, Launch launched) {
  switch (fit_of(python)) {
    case Fit::kOurs:
    case Fit::kFits:
      launched.runs = true;
      launched.program = python;
      launched.arguments = std::move(arguments);
      return launched;
    case Fit::kOther:
      launched.status = run_elsewhere(python, arguments[0], arguments, base::LogLevel::kError);
      return launched;
    case Fit::kUnknown:
      break;
  }
  launched.status = replace_process(arguments[0], arguments, true);
  return launched;
}

// The python behind a path that may be a version manager's shim.
std::string python_behind(const std::string& path) {
  if (!read_script(path).is_script) return path;
  std::string found = names_python(path) ? ask_executable(path) : std::string();
  return found.empty() ? path : found;
}

// The script a shim of the same name stands for: beside the python that its neighbour stands for.
std::string script_behind(const std::string& path) {
  const std::string neighbour = folder(path) + "/python";
  if (!is_executable_file(neighbour) || !read_script(neighbour).is_shell) return path;
  const std::string python = ask_executable(neighbour);
  const std::string script = folder(python) + "/" + file_name(path);
  return !python.empty() && is_executable_file(script) ? script : path;
}

Launch start(std::string path, Words rest, Launch launched) {
  Script script = read_script(path);
  if (script.is_shell && names_python(path)) {
    path = python_behind(path);
    script = read_script(path);
  } else if (script.is_shell) {
    path = script_behind(path);
    script = read_script(path);
  }
  Words arguments;
  if (!script.is_script) {
    arguments = {path};
    arguments.insert(arguments.end(), rest.begin(), rest.end());
    return run_python_as(path, std::move(arguments), std::move(launched));
  }
  if (access(path.c_str(), X_OK) == 0 && !script.interpreter.empty()) {
    const std::string python = python_behind(script.interpreter[0]);
    if (fit_of(python) != Fit::kUnknown) {
      arguments = script.interpreter;
      arguments[0] = python;
      arguments.push_back(path);
      arguments.insert(arguments.end(), rest.begin(), rest.end());
      return run_python_as(python, std::move(arguments), std::move(launched));
    }
  }
  arguments = {path};
  arguments.insert(arguments.end(), rest.begin(), rest.end());
  launched.status = replace_process(path, arguments, true);
  return launched;
}

}  // namespace

std::string accept_role(std::string python, int argc, char** argv) {
  if (python.starts_with('+')) {
    python.erase(0, 1);
    children::inherit_all();
  }
  if (python.empty() || argc == 0) return {};
  switch (fit_of(python)) {
    case Fit::kOurs:
      break;
    case Fit::kFits:
      // CPython itself goes by argv[0], whatever file it is.
      return argv[0][0] != 0 ? argv[0] : python;
    case Fit::kOther:
      (void)run_elsewhere(python, python, Words(argv, argv + argc), base::LogLevel::kDebug);
      break;
    case Fit::kUnknown:
      break;
  }
  return {};
}

bool is_launcher_name(std::string_view program) {
  const std::string name = file_name(program);
  return name == "ddtrace-run" || name == "datadog-run";
}

Launch launch(int argc, char** argv) {
  Launch launched;
  // `datadog.client` is there (pyshim/ddtrace/datadog), in this process and its children.
  if (argc > 0 && file_name(argv[0]) == "datadog-run") setenv("_DD_CLIENT_LAUNCHED", "1", 1);
  bool colours = wants_colours();
  int at = 1;
  for (; at < argc && argv[at][0] == '-'; ++at) {
    const std::string_view flag = argv[at];
    if (flag == "-d" || flag == "--debug") {
      setenv("DD_TRACE_DEBUG", "true", 1);
    } else if (flag == "-p" || flag == "--profiling") {
      setenv("DD_PROFILING_ENABLED", "true", 1);
    } else if (flag == "-i" || flag == "--info") {
      launched.options.info = launched.options.only_tells = true;
    } else if (flag == "--json" && launched.options.info) {
      launched.options.json = true;
    } else if (flag == "-v" || flag == "--version") {
      launched.status = print_text("ddtrace-run " DD_EMULATED_VERSION "\n");
      return launched;
    } else if (flag == "-h" || flag == "--help") {
      launched.status = print_text(kUsage);
      return launched;
    } else if (flag == "--") {
      ++at;
      break;
    } else if (flag == "-nc" || flag == "--colorless") {
      colours = false;
    } else if (!parse_own_option(flag, launched.options)) {
      print_error(std::string(kShortUsage) +
                  "ddtrace-run: error: unrecognized arguments: " + std::string(flag) + "\n");
      launched.status = 2;
      return launched;
    }
  }
  launched.options.colours = colours;
  if (launched.options.info) return launched;
  if (at >= argc) {
    (void)print_text(kUsage);
    launched.status = 1;
    return launched;
  }
  const std::string path = find_command(argv[at]);
  if (path.empty()) {
    (void)print_text("ddtrace-run: failed to bootstrap: args ['" + std::string(argv[at]) +
                     "']: not a file and not on PATH\n\n" + std::string(kShortUsage));
    launched.status = 1;
    return launched;
  }
  if (file_name(path) == "uwsgi")
    base::log(base::LogLevel::kWarning,
              "uWSGI embeds a python of its own, which is not traced this way");
  return start(path, Words(argv + at + 1, argv + argc), std::move(launched));
}

}  // namespace dd::host
