#include "core/telemetry/dependencies.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <set>

#include "core/base/ascii.h"
#include "core/config/parse.h"

namespace dd::telemetry {
namespace {

// Modules of a site that were imported: "flask", and below namespace packages "google/protobuf".
struct Names {
  std::set<std::string, std::less<>> plain;
  std::vector<std::string> deep;
};

constexpr std::size_t kMaxFile = 4 << 20;

std::string read_file(const std::string& path) {
  std::string out;
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return out;
  char room[16384];
  for (ssize_t got; out.size() < kMaxFile && (got = read(file, room, sizeof(room))) > 0;)
    out.append(room, static_cast<std::size_t>(got));
  close(file);
  return out;
}

// ".../site-packages" of a file below it.
std::string_view site_of(std::string_view file) {
  for (const std::string_view name : {"/site-packages/", "/dist-packages/"})
    if (const std::size_t at = file.rfind(name); at != file.npos)
      return file.substr(0, at + name.size() - 1);
  return {};
}

template <class F>
bool any_line(std::string_view text, F&& f) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (f(config::trim(text.substr(0, end)))) return true;
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
  }
  return false;
}

// "flask/app.py" or "six.py": the module that file belongs to.
std::string_view module_of(std::string_view file) {
  const std::size_t slash = file.find('/');
  return slash == file.npos ? file.substr(0, file.find('.')) : file.substr(0, slash);
}

bool is_below(std::string_view file, const std::string& name) {
  return file.starts_with(name) && file.size() > name.size() &&
         (file[name.size()] == '/' || file[name.size()] == '.');
}

bool brings_any(const std::string& metadata, const Names& wanted) {
  const std::string top = read_file(metadata + "/top_level.txt");
  if (any_line(top, [&](std::string_view line) { return wanted.plain.contains(line); }))
    return true;
  if (!top.empty() && wanted.deep.empty()) return false;
  return any_line(read_file(metadata + "/RECORD"), [&](std::string_view line) {
    const std::string_view file = line.substr(0, line.find(','));
    return (top.empty() && wanted.plain.contains(module_of(file))) ||
           std::ranges::any_of(wanted.deep,
                               [&](const std::string& name) { return is_below(file, name); });
  });
}

}  // namespace

std::string normal_name(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const bool joint = c == '-' || c == '_' || c == '.';
    if (!joint)
      out += base::lower(c);
    else if (!out.ends_with('-'))
      out += '-';
  }
  return out;
}

std::vector<Dependency> dependencies_of(const std::vector<Module>& modules) {
  std::map<std::string, Names, std::less<>> sites;
  for (const Module& module : modules)
    if (const std::string_view site = site_of(module.file); !site.empty()) {
      std::string name = module.name;
      std::ranges::replace(name, '.', '/');
      Names& names = sites[std::string(site)];
      if (name.find('/') == name.npos)
        names.plain.insert(std::move(name));
      else
        names.deep.push_back(std::move(name));
    }
  std::map<std::string, std::string> found;
  for (const auto& [site, names] : sites) {
    DIR* const folder = opendir(site.c_str());
    if (!folder) continue;
    while (const dirent* entry = readdir(folder)) {
      std::string_view name = entry->d_name;
      if (!name.ends_with(".dist-info") && !name.ends_with(".egg-info")) continue;
      const std::string metadata = site + "/" + entry->d_name;
      name.remove_suffix(name.ends_with(".egg-info") ? 9 : 10);
      const std::size_t dash = name.find('-');
      if (dash == name.npos || !brings_any(metadata, names)) continue;
      const std::string_view version = name.substr(dash + 1);
      found.emplace(normal_name(name.substr(0, dash)), version.substr(0, version.find("-py")));
    }
    closedir(folder);
  }
  found.erase("ddtrace");
  std::vector<Dependency> out;
  for (const auto& [name, version] : found) out.push_back({name, version});
  return out;
}

}  // namespace dd::telemetry
