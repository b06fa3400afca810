#include "contrib/support/library_version.h"

#include <dirent.h>

#include <memory>

#include "core/base/ascii.h"
#include "core/py/ref.h"

namespace dd::contrib {
namespace {

constinit py::Name kSysPath("path");

// "Zope.Interface" and "zope_interface" name the same package.
char plain(char c) { return c == '.' || c == '-' ? '_' : base::lower(c); }

// The version in "<package>-<version>.dist-info", or empty.
std::string_view version_in(std::string_view folder, std::string_view package) {
  const bool egg = folder.ends_with(".egg-info");
  if (!egg && !folder.ends_with(".dist-info")) return {};
  folder = folder.substr(0, folder.rfind('.'));
  if (folder.size() < package.size() + 2 || folder[package.size()] != '-') return {};
  for (std::size_t i = 0; i < package.size(); ++i)
    if (plain(folder[i]) != plain(package[i])) return {};
  folder.remove_prefix(package.size() + 1);
  return egg ? folder.substr(0, folder.find('-')) : folder;
}

std::string version_below(const std::string& path, std::string_view package) {
  const auto close = [](DIR* opened) { closedir(opened); };
  const std::unique_ptr<DIR, decltype(close)> folder(opendir(path.empty() ? "." : path.c_str()),
                                                     close);
  if (!folder) return {};
  while (const dirent* entry = readdir(folder.get()))
    if (const std::string_view version = version_in(entry->d_name, package); !version.empty())
      return std::string(version);
  return {};
}

}  // namespace

std::string library_version(std::string_view package) {
  const py::Ref path = py::imported("sys").attr(kSysPath);
  std::string version;
  path.each([&](py::Handle folder) {
    if (version.empty() && folder.is_str()) version = version_below(folder.text(), package);
  });
  return version;
}

}  // namespace dd::contrib
