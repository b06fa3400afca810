#include "host/main_package.h"

#include <dirent.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <string_view>

#include "core/config/core_settings.h"
#include "core/config/parse.h"
#include "core/py/ref.h"
#include "core/telemetry/dependencies.h"
#include "core/trace/facts.h"

namespace dd::host {
namespace {

constexpr std::string_view kLink = "Project-URL: source_code_link,";

// "x-1.0.dist-info" of the package x-..., or empty.
std::string metadata_folder(const std::string& site, const std::string& package) {
  DIR* const folder = opendir(site.c_str());
  std::string found;
  while (const dirent* const entry = folder != nullptr ? readdir(folder) : nullptr) {
    std::string_view name = entry->d_name;
    if (!name.ends_with(".dist-info") && !name.ends_with(".egg-info")) continue;
    name = name.substr(0, std::min(name.find('-'), name.rfind('.')));
    if (telemetry::normal_name(name) != package) continue;
    found = site + "/" + entry->d_name;
    break;
  }
  if (folder != nullptr) closedir(folder);
  return found;
}

// What stands behind the link's label, in the head of the metadata.
std::string source_link(const std::string& folder) {
  for (const char* const file : {"/METADATA", "/PKG-INFO"}) {
    std::ifstream text(folder + file);
    for (std::string line; std::getline(text, line) && !config::trim(line).empty();)
      if (std::string_view(line).starts_with(kLink))
        return std::string(config::trim(std::string_view(line).substr(kLink.size())));
  }
  return {};
}

}  // namespace

void add_main_package(trace::ProcessFacts& facts) {
  if (!config::git_metadata.get()) return;
  facts.main_package = config::main_package.get();
  if (facts.main_package.empty()) return;
  if (!facts.git_repository.empty() && !facts.git_commit.empty()) return;
  const std::string package = telemetry::normal_name(facts.main_package);
  std::string found;
  py::imported("sys").attr("path").each([&](py::Handle site) {
    if (found.empty() && site.is_str())
      found = metadata_folder(site.utf8().empty() ? "." : site.text(), package);
  });
  const std::string link = found.empty() ? std::string() : source_link(found);
  const std::size_t mark = link.find('#');
  if (mark == link.npos) return;
  if (facts.git_repository.empty())
    facts.git_repository = trace::without_credentials(link.substr(0, mark));
  if (facts.git_commit.empty()) facts.git_commit = link.substr(mark + 1);
}

}  // namespace dd::host
