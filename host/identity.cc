#include "host/identity.h"

#include <limits.h>
#include <patchlevel.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>

#include "core/base/own_file.h"

#ifndef DD_BASE_PYTHON
#error "DD_BASE_PYTHON names the interpreter this host is built for"
#endif

#define DD_TEXT_(x) #x
#define DD_TEXT(x) DD_TEXT_(x)

namespace dd::host {
namespace {

constexpr std::string_view kMinor = DD_TEXT(PY_MAJOR_VERSION) "." DD_TEXT(PY_MINOR_VERSION);

std::string_view base_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1);  // npos + 1 is 0
}

std::string folder_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return std::string(path.substr(0, slash == 0 ? 1 : slash));
}

bool is_file(const std::string& path) {
  struct stat status;
  return stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

// A value of pyvenv.cfg, or empty.
std::string environment_value(const std::string& environment, std::string_view key) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(
      std::fopen((environment + "/pyvenv.cfg").c_str(), "re"), std::fclose);
  char line[PATH_MAX + 64];
  while (file && std::fgets(line, sizeof line, file.get()) != nullptr) {
    const std::string_view text = line;
    const std::size_t equals = text.find('=');
    if (equals != std::string_view::npos && trimmed(text.substr(0, equals)) == key)
      return std::string(trimmed(text.substr(equals + 1)));
  }
  return {};
}

bool is_own_binary(const std::string& resolved) { return resolved == real_path(base::own_file()); }

bool is_python_name(std::string_view name) {
  if (!name.starts_with("python")) return false;
  return name.substr(6).find_first_not_of("0123456789.t") == std::string_view::npos;
}

// A python of the environment that is the plain one, or empty.
std::string plain_python_in(const std::string& environment) {
  for (const std::string& name :
       {std::string("python"), std::string("python3"), "python" + std::string(kMinor)}) {
    std::string path = environment + "/bin/" + name;
    if (is_executable_file(path) && fit_of(path) == Fit::kFits) return path;
  }
  return {};
}

// A ddpython of the environment that is this program, or empty.
std::string own_python_in(const std::string& environment) {
  for (const std::string& name :
       {"ddpython" + std::string(kMinor), std::string("ddpython"), std::string("python")}) {
    std::string path = environment + "/bin/" + name;
    if (is_executable_file(path) && fit_of(path) == Fit::kOurs) return path;
  }
  return {};
}

// These write sys.executable into what they install, where it should be the plain python.
bool writes_shebangs(std::string_view module) {
  for (const std::string_view name : {"pip", "venv", "ensurepip", "virtualenv", "uv"})
    if (module == name) return true;
  return false;
}

// A standard library that belongs to `program` and not to the python this one was built for.
bool has_own_library(const std::string& program) {
  const std::string folder = real_path(folder_of(program));
  return is_file(folder + "/../lib/python" + std::string(kMinor) + "/os.py") &&
         folder != folder_of(base_python());
}

// The activated environment, when it is one of our base python.
std::string activated_environment() {
  const char* const value = std::getenv("VIRTUAL_ENV");
  if (value == nullptr || value[0] != '/') return {};
  std::string environment = value;
  if (!is_file(environment + "/pyvenv.cfg")) return {};
  if (own_python_in(environment).empty() && plain_python_in(environment).empty()) return {};
  return environment;
}

}  // namespace

std::string real_path(std::string_view path) {
  char resolved[PATH_MAX];
  if (realpath(std::string(path).c_str(), resolved) == nullptr) return {};
  return resolved;
}

bool is_executable_file(const std::string& path) {
  return is_file(path) && access(path.c_str(), X_OK) == 0;
}

std::string own_path() {
  const char* const started = base::started_as();
  const std::string_view path = started == nullptr ? "" : started;
  // Started through a descriptor, that name means nothing to anyone else.
  if (path.empty() || path.starts_with("/dev/fd/") || path.starts_with("/proc/self/fd/"))
    return real_path(base::own_file());
  // Without a slash CPython would search PATH, and find another python.
  return path.find('/') == std::string_view::npos ? "./" + std::string(path) : std::string(path);
}

std::string_view base_python() { return DD_BASE_PYTHON; }
std::string_view python_minor() { return kMinor; }

std::string environment_of(std::string_view program) {
  std::string folder = folder_of(program);
  if (is_file(folder + "/pyvenv.cfg")) return folder;
  folder += "/..";
  if (is_file(folder + "/pyvenv.cfg")) return folder;
  return {};
}

Fit fit_of(std::string_view program) {
  const std::string resolved = real_path(program);
  if (resolved.empty()) return Fit::kUnknown;
  if (is_own_binary(resolved)) return Fit::kOurs;
  if (resolved == base_python()) return Fit::kFits;
  const std::string_view name = base_name(resolved);
  if (!is_python_name(name)) return Fit::kUnknown;
  // A copy in an environment is as good as what it is a copy of.
  const std::string environment = environment_of(program);
  if (environment.empty() || real_path(folder_of(program)) != folder_of(resolved))
    return Fit::kOther;
  const std::string home = environment_value(environment, "home");
  if (minor_of(program) == kMinor && !home.empty() && real_path(home) == folder_of(base_python()))
    return Fit::kFits;
  return Fit::kOther;
}

std::string minor_of(std::string_view program) {
  const std::string resolved = real_path(program);
  std::string_view name = base_name(resolved);
  if (is_python_name(name) && name.find('.') != std::string_view::npos)
    return std::string(name.substr(6, name.find_last_of("0123456789") - 5));
  const std::string environment = environment_of(program);
  if (environment.empty()) return {};
  std::string version = environment_value(environment, "version");
  if (version.empty()) version = environment_value(environment, "version_info");
  const std::size_t first = version.find('.');
  return first == std::string::npos ? std::string()
                                    : version.substr(0, version.find('.', first + 1));
}

Identity choose_identity(const CommandLine& line, std::string_view given) {
  if (!given.empty()) return {std::string(given), fit_of(given) == Fit::kOurs};
  Identity self = {own_path(), true};
  std::string environment = environment_of(self.program);
  const bool inside = !environment.empty();
  if (!inside) environment = activated_environment();
  if (writes_shebangs(line.module) && !(line.module == "venv" && line.options.venv)) {
    const std::string plain =
        !environment.empty() ? plain_python_in(environment)
        : !has_own_library(self.program) && is_executable_file(std::string(base_python()))
            ? std::string(base_python())
            : std::string();
    if (!plain.empty()) return {plain, false};
  }
  if (inside || environment.empty()) return self;
  const std::string ours = own_python_in(environment);
  if (!ours.empty()) return {ours, true};
  return {plain_python_in(environment), false};
}

}  // namespace dd::host
