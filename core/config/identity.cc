#include "core/config/identity.h"

#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include "core/config/parse.h"
#include "core/config/setting.h"

namespace dd::config {
namespace {

bool exists(const std::string& path, bool* folder = nullptr) {
  struct stat found;
  if (stat(path.c_str(), &found) != 0) return false;
  if (folder) *folder = S_ISDIR(found.st_mode);
  return true;
}

std::string resolved(std::string_view path) {
  char room[PATH_MAX];
  return realpath(std::string(path).c_str(), room) ? room : std::string();
}

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == path.npos || slash == 0 ? "/" : path.substr(0, slash);
}

std::string name_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

bool has_python_files(const std::string& folder) {
  DIR* open = opendir(folder.c_str());
  if (!open) return false;
  bool found = false;
  for (dirent* entry; !found && (entry = readdir(open));)
    found = std::string_view(entry->d_name).ends_with(".py");
  closedir(open);
  return found;
}

bool is_executable(const std::string& path) {
  bool folder = false;
  return exists(path, &folder) && !folder && name_of(parent_of(path)).ends_with("bin");
}

std::string service_of_path(const std::string& path) {
  bool folder = false;
  if (path.empty() || !exists(path, &folder)) return {};
  std::string at = folder ? path : parent_of(path);
  std::string package;
  for (int depth = 0; depth < 64 && at != "/" && exists(at + "/__init__.py"); ++depth) {
    package = package.empty() ? name_of(at) : name_of(at) + "." + package;
    at = parent_of(at);
  }
  if (!package.empty()) {
    if (!folder && path.ends_with(".py")) {
      const std::string file = name_of(path);
      if (file != "__main__.py") package += "." + file.substr(0, file.size() - 3);
    }
    return package;
  }
  std::string top;
  for (int depth = 0; depth < 64 && at != "/" && has_python_files(at); ++depth) {
    top = at;
    at = parent_of(at);
  }
  return top.empty() ? top : name_of(top);
}

struct Entry {
  std::string name, folder;
  bool module = false;
};

// What python will run: the first argument that is not an option, or the module of -m.
Entry entry_of(std::span<const std::string_view> arguments, const std::string& here) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view argument = arguments[i];
    if (argument == "-c" || argument == "-") return {std::string(argument), here, false};
    if (argument == "-m")
      return i + 1 < arguments.size() ? Entry{std::string(arguments[i + 1]), "", true} : Entry{};
    if (argument == "-W" || argument == "-X") {
      ++i;
    } else if (!argument.starts_with("-")) {
      const std::string path = resolved(argument);
      if (path.empty()) return {};
      std::string name = name_of(path);
      if (name.ends_with(".py")) name.resize(name.size() - 3);
      return {name, name_of(parent_of(path)), false};
    }
  }
  return {};
}

}  // namespace

std::string infer_service(std::span<const std::string_view> arguments) {
  for (const bool skip_values : {true, false}) {
    bool after_flag = false;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
      const std::string_view argument = arguments[i];
      // The reference looks before python knows the module, and finds none.
      if (argument == "-c" || argument == "-" || argument == "-m") return {};
      if (argument.starts_with("-")) {
        after_flag = skip_values && argument.find('=') == argument.npos;
        continue;
      }
      const bool value = std::exchange(after_flag, false);
      if (value || argument.find('=') != argument.npos) continue;
      const std::string path = resolved(argument);
      if (path.empty() || is_executable(path)) continue;
      if (std::string found = service_of_path(path); !found.empty()) return found;
    }
  }
  return {};
}

std::string normalize_process_tag(std::string_view value) {
  std::string out;
  for (const char raw : value.substr(0, 100)) {
    const char c = lower(raw);
    const bool kept = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '/' || c == '.' ||
                      c == '_' || c == '-' || static_cast<unsigned char>(c) >= 0x80;
    const char put = kept ? c : '_';
    if (put == '_' && (out.empty() || out.back() == '_')) continue;
    out += put;
  }
  while (!out.empty() && out.back() == '_') out.pop_back();
  return out;
}

std::string process_tags(std::span<const std::string_view> arguments,
                         std::string_view inferred_service, bool user_service) {
  char room[PATH_MAX];
  const std::string here = getcwd(room, sizeof(room)) ? name_of(room) : std::string();
  const Entry entry = entry_of(arguments, here);
  std::string out;
  const auto add = [&](std::string_view key, std::string_view value) {
    const std::string text = normalize_process_tag(value);
    if (text.empty() || text == "/" || text == "\\" || text == "bin") return;
    if (!out.empty()) out += ',';
    out.append(key).append(":").append(text);
  };
  add("entrypoint.basedir", entry.module ? here : entry.folder);
  add("entrypoint.name", entry.name);
  add("entrypoint.type", entry.module ? "module" : "script");
  add("entrypoint.workdir", here);
  if (user_service)
    add("svc.user", "true");
  else
    add("svc.auto", inferred_service.empty() ? std::string_view(entry.name) : inferred_service);
  return out;
}

std::string host_name() {
  if (const auto given = variable("DD_HOSTNAME"); given && !given->empty())
    return std::string(*given);
  char name[256] = {};
  return gethostname(name, sizeof(name) - 1) == 0 ? name : "";
}

}  // namespace dd::config
