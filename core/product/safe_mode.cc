#include "core/product/safe_mode.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <vector>

namespace dd::product::safe_mode {
namespace {

constinit config::Setting<bool> enabled({.env = "DD_TRACE_PYTHON_SAFE_MODE", .fallback = "true"});
constinit config::TextSetting directory({.env = "DD_TRACE_PYTHON_STATE_DIRECTORY"});
constinit config::SettingBase* const kSettings[] = {&enabled, &directory};

constexpr std::int64_t kLifeSeconds = 24 * 3600;
constexpr std::size_t kMaxNote = 1024;

// Nobody else may leave notes for us.
bool is_ours(int folder) {
  struct stat facts {};
  return fstat(folder, &facts) == 0 && facts.st_uid == geteuid() && (facts.st_mode & 022) == 0;
}

int open_folder(const std::string& path) {
  const int folder = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  if (folder < 0 || is_ours(folder)) return folder;
  close(folder);
  return -1;
}

std::string note_name(std::string_view started_as) {  // FNV-1a
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : started_as) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  char text[40];
  std::snprintf(text, sizeof text, "crashed-%016llx", static_cast<unsigned long long>(hash));
  return text;
}

std::string field(std::string_view text, std::string_view name) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    if (line.starts_with(name) && line.size() > name.size() && line[name.size()] == '=')
      return std::string(line.substr(name.size() + 1));
    text = end == text.npos ? std::string_view() : text.substr(end + 1);
  }
  return {};
}

std::int64_t number(const std::string& text) { return config::parse_int(text).value_or(0); }

std::string contents(int folder, const std::string& name) {
  const int file = openat(folder, name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (file < 0) return {};
  std::string text(kMaxNote, 0);
  const ssize_t size = ::read(file, text.data(), text.size());
  close(file);
  text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return text;
}

std::string line(std::string_view name, std::string_view value) {
  std::string out(name);
  out += '=';
  for (const char c : value)
    if (c != '\n') out += c;
  return out + '\n';
}

}  // namespace

std::span<config::SettingBase* const> settings() { return kSettings; }

std::string folder() {
  if (!directory.get().empty()) return std::string(directory.get());
  return "/tmp/ddpython-" + std::to_string(geteuid());
}

std::string file_for(const std::string& folder, std::string_view started_as) {
  return folder + "/" + note_name(started_as);
}

std::optional<Note> read(const std::string& path, std::string_view started_as,
                         std::string_view version, std::int64_t now_s) {
  if (!enabled.get()) return std::nullopt;
  const int folder = open_folder(path);
  if (folder < 0) return std::nullopt;
  const std::string name = note_name(started_as);
  const std::string text = contents(folder, name);
  Note note{.product = field(text, "product"),
            .cause = field(text, "cause"),
            .process = number(field(text, "process")),
            .wall_s = number(field(text, "time"))};
  const bool holds = !note.product.empty() && field(text, "version") == version &&
                     now_s - note.wall_s < kLifeSeconds;
  if (!holds && !text.empty()) unlinkat(folder, name.c_str(), 0);
  close(folder);
  if (!holds) return std::nullopt;
  return note;
}

void write(const std::string& path, std::string_view started_as, std::string_view version,
           const Note& note) {
  mkdir(path.c_str(), 0700);
  const int folder = open_folder(path);
  if (folder < 0) return;
  const std::string name = note_name(started_as);
  const std::string draft = name + "." + std::to_string(getpid());
  const std::string text = line("product", note.product) + line("cause", note.cause) +
                           line("process", std::to_string(note.process)) +
                           line("time", std::to_string(note.wall_s)) + line("version", version);
  const int file = openat(folder, draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file >= 0) {
    const bool whole = ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    close(file);
    if (!whole || renameat(folder, draft.c_str(), folder, name.c_str()) != 0)
      unlinkat(folder, draft.c_str(), 0);
  }
  close(folder);
}

std::string explain(const Note& note, const std::string& file) {
  return "process " + std::to_string(note.process) + " of this program died by " + note.cause +
         " while it ran; to try again before a day is over, delete " + file +
         " or set DD_TRACE_PYTHON_SAFE_MODE=false";
}

}  // namespace dd::product::safe_mode
