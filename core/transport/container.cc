#include "core/transport/container.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "core/base/ascii.h"

namespace dd::transport {
namespace {

bool hex(std::string_view text) { return std::ranges::all_of(text, base::is_hex_digit); }

bool digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, base::is_digit);
}

// 8-4-4-4-12, joined by '-' or '_'; a short form ends after 8-4-4-4-4 digits (pods).
bool uuid(std::string_view text) {
  if (text.size() != 36 && text.size() != 28) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool joint = i == 8 || i == 13 || i == 18 || i == 23;
    if (joint ? text[i] != '-' && text[i] != '_' : !hex(text.substr(i, 1))) return false;
  }
  return true;
}

bool task(std::string_view text) {
  return text.size() > 33 && hex(text.substr(0, 32)) && text[32] == '-' && digits(text.substr(33));
}

// The id at the end of "docker-<id>" and the like.
std::string_view id_in(std::string_view name) {
  if (name.ends_with(".scope")) name.remove_suffix(6);
  for (const std::size_t size : {std::size_t{64}, std::size_t{36}, std::size_t{28}})
    if (name.size() >= size) {
      const std::string_view tail = name.substr(name.size() - size);
      if (size == 64 ? hex(tail) : uuid(tail)) return tail;
    }
  for (std::size_t at = 0; at + 34 <= name.size(); ++at)
    if (task(name.substr(at))) return name.substr(at);
  return {};
}

std::string read_file(const char* path) {
  std::string out;
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return out;
  char room[4096];
  for (ssize_t got; out.size() < 65536 && (got = read(file, room, sizeof(room))) > 0;)
    out.append(room, static_cast<std::size_t>(got));
  close(file);
  return out;
}

// "id:controllers:path" lines.
template <class F>
void each_line(std::string_view text, F&& f) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == line.npos || second == line.npos) continue;
    if (!f(line.substr(0, first), line.substr(first + 1, second - first - 1),
           line.substr(second + 1)))
      return;
  }
}

std::string inode_of(const std::string& path) {
  struct stat found;
  // The first inodes are those of a cgroup root: the host's, not a container's.
  if (stat(path.c_str(), &found) != 0 || found.st_ino <= 2) return {};
  return "in-" + std::to_string(found.st_ino);
}

}  // namespace

std::string container_id_of(std::string_view cgroup) {
  std::string out;
  each_line(cgroup, [&out](std::string_view, std::string_view, std::string_view path) {
    out = id_in(path.substr(path.rfind('/') + 1));
    return out.empty();
  });
  return out;
}

ContainerIdentity container_identity() {
  const std::string cgroup = read_file("/proc/self/cgroup");
  ContainerIdentity out;
  out.container_id = container_id_of(cgroup);
  if (!out.container_id.empty()) {
    out.entity_id = "ci-" + out.container_id;
    return out;
  }
  // The inode tells a container apart only when the process sees its own cgroup namespace.
  struct stat own;
  constexpr ino_t kHostCgroupNamespace = 0xEFFFFFFB;
  if (stat("/proc/self/ns/cgroup", &own) != 0 || own.st_ino == kHostCgroupNamespace) return out;
  each_line(cgroup,
            [&out](std::string_view id, std::string_view controllers, std::string_view path) {
              if (controllers != "memory" && !(id == "0" && controllers.empty())) return true;
              std::string where = "/sys/fs/cgroup/";
              where += controllers;
              where += path;
              out.entity_id = inode_of(where);
              return out.entity_id.empty();
            });
  return out;
}

}  // namespace dd::transport
